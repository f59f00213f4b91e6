// Package ingest receives what the producer publishes on Redis and hands it on: events to the hub, signs of life to the
// judgement of the feed, everything that is no event to a bounded dead-letter ring.
//
// # Flow
//
// One goroutine receives and does nothing else: it stamps a message with the time and puts it into a bounded queue, together with
// what else has come: before it waits for more, it has handed over everything. A
// second one takes messages from the queue, classifies them and feeds the sinks. So the receive loop never waits for
// fan-out: Redis cuts a subscriber that does not read (client-output-buffer-limit pubsub, 32 MB or 8 MB for 60 s), and
// everything in between would be lost with no trace. When the queue is full, the oldest message in it makes room and is
// counted: on a live board the newest is worth most. A third goroutine asks for the producer's heartbeat key.
//
// # Connection
//
// A ping goes out every Config.PingEvery. A connection that brings neither a message nor a pong for Config.DeadAfter is
// dead, whatever the kernel thinks of it. Run reports it down at once and connects again for ever, with full jitter.
// Pub/sub has no replay, so each outage leaves a gap; its interval is told to Sinks.Gap when the feed is back.
//
// # Streams
//
// A producer that uses XADD on one of Config.Streams, with the fields "channel" and "payload", loses nothing while the server is
// away: package follow reads on from the position that Sinks.Progress keeps. An entry is what PUBLISH of the payload on the channel
// would have been; it takes the same way, so that an event that comes on both is one event. It never gives way in the queue: a
// full one makes the stream wait, and Redis keeps what was not read. An entry without its fields is a reject like any other
// and stops nothing.
//
// # Decisions
//
// 2026-11-23 A go-redis client for each connection, which may dial once. Because: PubSub reconnects and subscribes
// again by itself inside ReceiveTimeout, so an outage would show neither as a state nor as a gap. And a read that ran
// out of time ends the connection instead of being tried again, because a timeout in the middle of a reply leaves the
// reader between two messages. Rejected: PubSub.Channel, which drops messages after a minute of back-pressure with only
// a log line. Look again when: go-redis tells about reconnects.
//
// 2026-11-23 The connection below go-redis hands over what was received whenever it is asked to read more, and sets the deadline then.
// Because: that is the one moment that says "nothing else has come", so that the worker is woken once for all of it. Rejected: waking it for each
// message. Look again when: go-redis tells how much it has buffered.
package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"tierboard/server/classify/found"
	"tierboard/server/health/producer"
	"tierboard/server/ingest/follow"
	"tierboard/server/metrics"
	"tierboard/shared/event"
)

// Config says where to listen and what to bound.
type Config struct {
	// URL is the Redis to listen to: redis://user:password@host:port/db, rediss:// for TLS, unix:// for a socket.
	URL string
	// Channels are the names to subscribe to. A message on a name that a pattern matches too arrives twice.
	Channels []string
	// Patterns are Redis globs to subscribe to.
	Patterns []string
	// Streams are the keys of Redis streams to read, at most 64, each at most 512 bytes.
	Streams []string
	// StreamCount is the most entries asked for at once, 100 to 10,000.
	StreamCount int
	// StreamBlock is how long Redis waits for an entry, at least 10 ms; a stream that began anew is noticed after it.
	StreamBlock time.Duration
	// SaveEvery is the pause between two positions in streams that are stored, at least 10 ms. A process that is killed reads
	// again what came since.
	SaveEvery time.Duration
	// HeartbeatKey is the key the producer writes its time to; empty for none.
	HeartbeatKey string
	// HeartbeatEvery is the pause between two looks at the key, at least 1 s.
	HeartbeatEvery time.Duration
	// QueueLength and QueueBytes bound the messages that wait for classification; at either bound the oldest goes. Entries of
	// streams have a quarter of both for themselves; at the bound the stream waits.
	QueueLength int
	QueueBytes  int
	// MaxPayload is the largest message that is looked at, in bytes; larger ones are rejected as "too_large". At most
	// QueueBytes.
	MaxPayload int
	// PingEvery is the pause between two pings, at least 10 ms.
	PingEvery time.Duration
	// DeadAfter is the silence that ends a connection. At least twice PingEvery.
	DeadAfter time.Duration
	// RetryMin and RetryMax bound the pause before the next connection. It doubles from RetryMin with each failure, and
	// a random part of it is waited, but never less than RetryMin.
	RetryMin time.Duration
	RetryMax time.Duration
	// LogEvery is the least time between two log lines about rejects of the same reason, and about a full queue.
	LogEvery time.Duration
	// DeadLetters is how many rejects are kept for the operator, at least 1.
	DeadLetters int
}

// Default returns the producer's heartbeat key and bounds that fit any feed: 16,384 messages or 64 MB in the queue,
// 256 KB a message, a dead connection noticed after 3 s, positions in streams stored every second. URL, Channels, Patterns and
// Streams are left empty.
func Default() Config {
	return Config{
		HeartbeatKey:   "tickstock:producer:heartbeat",
		HeartbeatEvery: 15 * time.Second,
		StreamCount:    256,
		StreamBlock:    time.Second,
		SaveEvery:      time.Second,
		QueueLength:    16384,
		QueueBytes:     64 << 20,
		MaxPayload:     256 << 10,
		PingEvery:      time.Second,
		DeadAfter:      3 * time.Second,
		RetryMin:       100 * time.Millisecond,
		RetryMax:       5 * time.Second,
		LogEvery:       30 * time.Second,
		DeadLetters:    1000,
	}
}

// Validate reports the first field that cannot be used, by name. The password in URL is never part of the error.
func (c Config) Validate() error {
	if _, err := c.options(); err != nil {
		return err
	}
	bad := func(field, rule string) error { return fmt.Errorf("ingest: %s must be %s", field, rule) }
	switch {
	case len(c.Channels)+len(c.Patterns)+len(c.Streams) == 0:
		return errors.New("ingest: Channels, Patterns and Streams are all empty")
	case slices.Contains(c.Streams, "") || len(distinct(c.Streams)) > maxStreams || slices.ContainsFunc(c.Streams, tooLong):
		return bad("Streams", "at most 64 names of 1 to 512 bytes of text")
	case c.StreamCount < 100 || c.StreamCount > 10_000:
		return bad("StreamCount", "100 to 10000")
	case c.StreamBlock < 10*time.Millisecond:
		return bad("StreamBlock", "at least 10ms")
	case c.SaveEvery < 10*time.Millisecond:
		return bad("SaveEvery", "at least 10ms")
	case slices.Contains(c.Channels, "") || slices.Contains(c.Patterns, ""):
		return errors.New("ingest: Channels or Patterns holds an empty name")
	case c.HeartbeatEvery < time.Second && c.HeartbeatKey != "":
		return bad("HeartbeatEvery", "at least 1s")
	case c.QueueLength < 1:
		return bad("QueueLength", "at least 1")
	case c.MaxPayload < 1 || c.MaxPayload > c.QueueBytes:
		return bad("MaxPayload", "1 to QueueBytes")
	case c.PingEvery < 10*time.Millisecond:
		return bad("PingEvery", "at least 10ms")
	case c.DeadAfter < 2*c.PingEvery:
		return bad("DeadAfter", "at least twice PingEvery")
	case c.RetryMin <= 0 || c.RetryMax < c.RetryMin:
		return bad("RetryMin", "more than 0 and at most RetryMax")
	case c.LogEvery <= 0:
		return bad("LogEvery", "more than 0")
	case c.DeadLetters < 1:
		return bad("DeadLetters", "at least 1")
	}
	return nil
}

// maxStreams is the most streams: each has a goroutine and a connection.
const maxStreams = 64

// tooLong reports whether a stream's name could not be kept with its position.
func tooLong(name string) bool {
	return len(name) > 512 || !utf8.ValidString(name) || strings.ContainsRune(name, 0)
}

// options returns the connection options of a subscription. Errors do not repeat the URL, as it may hold a password.
func (c Config) options() (*redis.Options, error) {
	if c.URL == "" {
		return nil, errors.New("ingest: URL is missing")
	}
	opt, err := redis.ParseURL(c.URL)
	if err != nil {
		if parse, ok := errors.AsType[*url.Error](err); ok {
			err = parse.Err
		}
		return nil, fmt.Errorf("ingest: URL: %w", err)
	}
	if opt.DialTimeout == 0 {
		opt.DialTimeout = c.DeadAfter
	}
	if opt.WriteTimeout == 0 {
		opt.WriteTimeout = c.DeadAfter
	}
	if opt.TLSConfig != nil {
		opt.TLSConfig.MinVersion = tls.VersionTLS12
	}
	opt.ClientName = "tierboard"
	opt.Protocol = 2 // a subscriber needs nothing of RESP3, and a reply costs less to read
	opt.MaxRetries = -1
	opt.DialerRetries = 1
	opt.DisableIdentity = true
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return opt, nil
}

// Classifier tells what a message is; *classify.Classifier is one. Only Run's worker calls it. It must neither change nor keep the
// payload.
type Classifier interface {
	Classify(channel string, payload []byte, received time.Time) found.Result
}

// Publisher takes accepted events; the hub is one. It may make the worker wait, but not for a slow reader.
type Publisher interface {
	// Publish reports whether the event is new. An error means that it is refused.
	Publish(ctx context.Context, e *event.Event) (accepted bool, err error)
}

// Sinks is where things go. Functions are called from Run's goroutines, never two at once for the same function except
// Health's, and must not block, but for Progress.
type Sinks struct {
	// Events takes events. Required.
	Events Publisher
	// Health takes signs of life. Required.
	Health Health
	// Outcomes takes what became of earlier patterns; nil drops them, counted as "outcome" all the same.
	Outcomes func([]found.Outcome)
	// Gap is told the interval in which messages may have been lost, once the feed is back; may be nil.
	Gap func(from, to time.Time)
	// Progress remembers how far streams were read. Its Barrier waits for what Events and Outcomes took. Required with
	// Config.Streams.
	Progress follow.Progress
}

// Health takes signs of life; *health.Tracker is one. Its methods must be safe for concurrent use.
type Health interface {
	// Ingest tells whether the feed is connected since at.
	Ingest(connected bool, at time.Time)
	// Message tells that something came in.
	Message(at time.Time)
	// EventAccepted tells that a new event of the tier came in.
	EventAccepted(tier string, at time.Time)
	// Heartbeat tells the time the producer last wrote; the zero time means that there is none.
	Heartbeat(beat time.Time)
	// SessionEdge takes an edge of the producer's streaming session.
	SessionEdge(id string, edge producer.Edge, at time.Time)
	// ProducerHealth takes what the producer says about itself.
	ProducerHealth(sample producer.Sample)
}

// Ingest is the connection to the producer. Make one with New.
type Ingest struct {
	cfg        Config
	opt        *redis.Options // never changed
	classifier Classifier
	sinks      Sinks
	log        *slog.Logger
	m          *metrics.Metrics
	counts     counts
	tiers      [event.Combo + 1]*tierCounts // used by the worker only
	queue      *queue
	letters    *DeadLetters
	faults     faultLog   // used by the worker only
	drops      quiet      // used by the receiver only
	inHand     []delivery // used by the receiver only: received and not yet in the queue

	follower     *follow.Follower // nil without streams
	everFollowed bool             // used by the follower only
	gaps         sync.Mutex       // held while a gap is told
}

// New returns an Ingest that does nothing before Run.
func New(cfg Config, classifier Classifier, sinks Sinks, m *metrics.Metrics, log *slog.Logger) (*Ingest, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if classifier == nil || sinks.Events == nil || sinks.Health == nil {
		return nil, errors.New("ingest: a classifier, Sinks.Events and Sinks.Health are needed")
	}
	opt, err := cfg.options()
	if err != nil {
		return nil, err
	}
	if len(cfg.Streams) > 0 && sinks.Progress == nil {
		return nil, errors.New("ingest: streams need Sinks.Progress")
	}
	cfg.Channels, cfg.Patterns, cfg.Streams = distinct(cfg.Channels), distinct(cfg.Patterns), distinct(cfg.Streams)
	in := &Ingest{
		cfg: cfg, opt: opt, classifier: classifier, sinks: sinks, log: log, m: m,
		counts:  newCounts(m),
		queue:   newQueue(cfg.QueueLength, cfg.QueueBytes),
		letters: newDeadLetters(cfg.DeadLetters),
		faults:  faultLog{every: cfg.LogEvery},
		drops:   quiet{every: cfg.LogEvery},
	}
	if in.follower, err = in.newFollower(); err != nil {
		return nil, err
	}
	return in, nil
}

// distinct returns the names sorted, each once.
func distinct(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// DeadLetters returns the ring of rejects.
func (in *Ingest) DeadLetters() *DeadLetters { return in.letters }

// Run receives until ctx ends and then returns nil; what still waits in the queue then is dropped, unless it came from a stream: the
// next start reads it again. A Redis that is away is no error: Run goes on asking. It must be called once.
func (in *Ingest) Run(ctx context.Context) error {
	var running sync.WaitGroup
	if in.subscribes() {
		running.Go(func() { in.receive(ctx) })
	}
	if in.follower != nil {
		running.Go(func() { _ = in.follower.Run(ctx) }) // it returns nil
	}
	running.Go(func() { in.work(ctx) })
	if in.cfg.HeartbeatKey != "" {
		running.Go(func() { in.watchHeartbeat(ctx) })
	}
	running.Wait()
	if in.follower != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSave)
		defer cancel()
		in.follower.Save(last)
	}
	return nil
}
