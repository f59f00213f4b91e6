package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/classify"
	"tierboard/server/classify/channels"
	"tierboard/server/config"
	"tierboard/server/daemon/edge"
	"tierboard/server/daemon/keeper"
	"tierboard/server/demo"
	"tierboard/server/health"
	"tierboard/server/hub"
	"tierboard/server/ingest"
	"tierboard/server/metrics"
	"tierboard/server/rest"
	"tierboard/server/session"
	"tierboard/server/sse"
	"tierboard/server/web"
	"tierboard/server/web/hosts"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// server is everything that is made of the settings.
type server struct {
	hub    *hub.Hub
	keeper *keeper.Keeper
	ingest *ingest.Ingest
	feed   *feed
	demo   *demo.Demo // nil unless asked for
	stream *session.Handler
	rest   *rest.REST
	sse    *sse.Handler
	probe  *edge.Probe
	drain  time.Duration

	page, admin http.Handler
}

// build makes the parts. Nothing runs yet.
func build(ctx context.Context, c config.Config, redisURL string, m *metrics.Metrics, log *slog.Logger) (*server, error) {
	s := &server{probe: &edge.Probe{}, drain: c.Drain}
	built := false
	defer func() {
		if !built && s.keeper != nil {
			_ = s.keeper.Close()
		}
	}()
	market := calendar.NYSE()

	judge := health.Default()
	judge.Channels = slices.Concat(c.RedisChannels, c.RedisPatterns, c.RedisStreams)
	tracker, err := health.New(judge, market, time.Now())
	if err != nil {
		return nil, err
	}
	s.feed = newFeed(tracker)

	delivery := hub.DefaultConfig()
	delivery.WindowMin, delivery.WindowMax, delivery.RateLimit, delivery.Ring = c.WindowMin, c.WindowMax, c.RateLimit, c.Ring
	if s.hub, err = hub.New(delivery, m, log); err != nil {
		return nil, err
	}
	if s.keeper, err = keeper.Open(ctx, c, s.hub, s.feed.StreamFault, m, log); err != nil {
		return nil, err
	}
	if s.ingest, err = newIngest(c, redisURL, market, s, m, log); err != nil {
		return nil, err
	}
	if c.Demo {
		s.demo, err = demo.New(demo.Config{Redis: redisURL, Seed: 1, SubscriberWait: 10 * time.Second}, log)
		if err != nil {
			return nil, err
		}
	}

	if _, err := hosts.New(c.Hosts, false); err != nil {
		return nil, fmt.Errorf("--hosts (TIERBOARD_HOSTS): %w", err)
	}
	page, err := web.New(web.Config{Hosts: c.Hosts, AnyIP: !config.Loopback(c.Addr)}, log) //nolint:contextcheck // it renders a page and waits for nothing
	if err != nil {
		return nil, err
	}
	if s.stream, err = newStream(c, s, page.Version(), m, log); err != nil {
		return nil, err
	}
	if err := newAPI(c, s, market, page.Version(), m, log); err != nil {
		return nil, err
	}
	e := edge.New(page.Hosts(), m, log)
	s.page = e.Main(s.probe, s.stream, page, s.rest)
	s.admin = e.Admin(s.probe, s.ingest.DeadLetters())
	built = true
	return s, nil
}

// newIngest makes the way in.
func newIngest(c config.Config, url string, market *calendar.Calendar, s *server, m *metrics.Metrics, log *slog.Logger) (*ingest.Ingest, error) {
	classes := classify.DefaultConfig()
	classes.Channels = channelTable(c.RedisChannels, c.RedisPatterns)
	classes.SessionOf = func(at time.Time) (event.Session, string) {
		session, date := market.SessionAt(at)
		return event.Session(session), date
	}
	classifier, err := classify.New(classes)
	if err != nil {
		return nil, fmt.Errorf("--redis-channels (TIERBOARD_REDIS_CHANNELS): %w", err) // the rest are defaults
	}
	cfg := ingest.Default()
	cfg.URL, cfg.Channels, cfg.Patterns, cfg.Streams = url, c.RedisChannels, c.RedisPatterns, c.RedisStreams
	cfg.HeartbeatKey, cfg.QueueLength, cfg.MaxPayload = c.HeartbeatKey, c.IngestQueue, classes.MaxBytes
	sinks := ingest.Sinks{
		Events: s.keeper, Health: s.feed, Outcomes: s.keeper.Outcomes,
		Gap:      func(from, to time.Time) { s.hub.Broadcast(&wire.Gap{From: from, To: to}) },
		Progress: s.keeper,
	}
	in, err := ingest.New(cfg, classifier, sinks, m, log)
	if err != nil {
		return nil, fmt.Errorf("--redis-url (REDIS_URL): %w", err) // the other fields are checked settings
	}
	return in, nil
}

// newStream makes the WebSocket's handler.
func newStream(c config.Config, s *server, build string, m *metrics.Metrics, log *slog.Logger) (*session.Handler, error) {
	cfg := session.DefaultConfig()
	cfg.Origins, cfg.MaxSessions, cfg.MaxSessionsPerAddress = c.Origins, c.MaxSessions, c.MaxSessionsPerAddress
	cfg.Build, cfg.Demo, cfg.Status = build, c.Demo, s.feed.status
	if _, set := os.LookupEnv("GOGC"); !set {
		cfg.Crowd = tidy
	}
	stream, err := session.New(cfg, s.hub, m, log)
	if err != nil {
		return nil, err
	}
	return stream, nil
}

// channelTable returns the producer's channels and a row for each channel and pattern of the operator's that is not among
// them: they carry detections, unless a text says something else of itself.
func channelTable(names, patterns []string) []channels.Row {
	rows := channels.Defaults()
	add := func(name string) {
		if !slices.ContainsFunc(rows, func(r channels.Row) bool { return r.Channel == name }) {
			rows = append(rows, channels.Row{Channel: name, Carries: channels.Detections})
		}
	}
	for _, name := range names {
		add(name)
	}
	for _, glob := range patterns {
		// The table knows no classes and escapes. A wider row is as good: Redis sends only what the pattern itself matches.
		add(special.ReplaceAllString(glob, "?"))
	}
	return rows
}

// special are the parts of a Redis pattern that stand for one character and that the channel table does not know.
var special = regexp.MustCompile(`\[[^\]]*\]|\\.`)
