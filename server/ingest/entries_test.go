package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tierboard/e2e/stack"
	"tierboard/server/metrics"
)

// positions are kept in memory, and wait for nothing.
type positions struct {
	mu sync.Mutex
	at map[string]string
}

func (p *positions) Position(_ context.Context, stream string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at[stream], nil
}

func (p *positions) SetPosition(_ context.Context, stream, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at[stream] = id
	return nil
}

func (p *positions) Barrier(context.Context) error { return nil }

func (p *positions) get(stream string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at[stream]
}

// streaming are settings that read streams.
func streaming(url string, streams ...string) Config {
	cfg := settings(url)
	cfg.Streams, cfg.StreamCount, cfg.StreamBlock, cfg.SaveEvery = streams, 100, 20*time.Millisecond, 10*time.Millisecond
	return cfg
}

// xadd adds an entry and returns its id.
func (w *world) xadd(stream string, fields ...string) string {
	w.t.Helper()
	id, err := w.client.XAdd(context.Background(), &redis.XAddArgs{Stream: stream, Values: fields}).Result()
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func TestEntriesAreEventsLikeMessages(t *testing.T) {
	t.Parallel()
	w := run(t, streaming(stack.Redis(t).URL(), "s", "s"))
	w.publish("tickstock.events.patterns", detection("1"))
	w.until("the message", func() bool { return len(w.events) == 1 })
	w.xadd("s", "channel", "tickstock.events.patterns", "payload", detection("1"))
	w.xadd("s", "payload", detection("2"), "more", "of no interest", "channel", "tickstock:patterns:detected")
	w.until("the entry", func() bool { return len(w.events) == 2 })
	w.publish("tickstock.events.patterns", detection("2"))
	last := w.xadd("s", "channel", "tickstock.events.patterns.outcomes", "payload", `{"event_type":"pattern_outcome_update",
		"detection_id":"d-1","symbol":"AAPL","pattern":"Bull_Flag","outcome_1d":0.02,"timestamp":1759761180}`)
	w.until("the outcome, and the copies", func() bool {
		return slices.Contains(w.lines, "outcome AAPL") && w.number(`ingest_messages_total{result="duplicate"}`) == 2
	})
	w.until("the position", func() bool { return w.progress.get("s") == last })
	if n := w.number("ingest_stream_entries_total"); n != 3 || len(w.events) != 2 || !slices.Equal(w.ups, []bool{true}) {
		t.Errorf("%v entries, %d events, ups %v", n, len(w.events), w.ups)
	}
}

// TestTheLagOfAnEntryIsKnown sends detections that do not say when they were sent: a stream says when it got them.
func TestTheLagOfAnEntryIsKnown(t *testing.T) {
	t.Parallel()
	w := run(t, streaming(stack.Redis(t).URL(), "s"))
	timeless := func(symbol string) string {
		return `{"event_type":"pattern_detected","data":{"symbol":"` + symbol + `","pattern":"Bull_Flag","tier":"daily","confidence":0.9}}`
	}
	const lags = `ingest_lag_seconds_count{tier="daily"}`
	w.publish("tickstock.events.patterns", timeless("A"))
	w.until("the message", func() bool { return len(w.events) == 1 })
	before := w.number(lags)
	w.xadd("s", "channel", "tickstock.events.patterns", "payload", timeless("B"))
	w.until("the entry", func() bool { return len(w.events) == 2 })
	if n := w.number(lags); before != 0 || n != 1 {
		t.Errorf("%v lags after the message and %v after the entry, want 0 and 1", before, n)
	}
}

func TestBadEntriesAreDeadLettersAndStopNothing(t *testing.T) {
	t.Parallel()
	cfg := streaming(stack.Redis(t).URL(), "s")
	cfg.MaxPayload = 2048
	w := run(t, cfg)
	const channel = "tickstock.events.patterns"
	w.xadd("s", "payload", detection("1"))
	w.xadd("s", "channel", channel)
	w.xadd("s", "Channel", channel, "data", detection("1"))
	w.xadd("s", "channel", strings.Repeat("c", 257), "payload", detection("1"))
	w.xadd("s", "channel", "nobody.knows", "payload", detection("1"))
	w.xadd("s", "channel", channel, "payload", strings.Repeat("x", 2049))
	w.xadd("s", "channel", channel, "payload", "")
	w.xadd("s", "channel", channel, "payload", "\xff\x00")
	last := w.xadd("s", "channel", channel, "payload", detection("after"))
	w.until("an event after them", func() bool { return len(w.events) == 1 })
	w.until("the position", func() bool { return w.progress.get("s") == last })
	type letter struct{ channel, reason, detail string }
	want := []letter{
		{"s", "unknown_channel", "field channel: missing"},
		{"s", "bad_shape", "field payload: missing"},
		{"s", "unknown_channel", "field channel: missing"},
		{"s", "unknown_channel", "257 bytes"},
		{"nobody.knows", "unknown_channel", ""},
		{channel, "too_large", "2049 bytes"},
		{channel, "bad_json", ""},
		{channel, "bad_json", ""},
	}
	got := w.in.DeadLetters().Newest(100)
	if len(got) != len(want) {
		t.Fatalf("%d dead letters, want %d: %+v", len(got), len(want), got)
	}
	slices.Reverse(got)
	for i, l := range got {
		if l.Channel != want[i].channel || l.Reason != want[i].reason || !strings.Contains(l.Detail, want[i].detail) || len(l.Head) > 2*headBytes {
			t.Errorf("dead letter %d is %+v, want %+v", i, l, want[i])
		}
	}
	if got[5].Size != 2049 || w.number(`ingest_rejects_total{reason="bad_shape"}`) != 1 {
		t.Errorf("the large one is %+v", got[5])
	}
}

// TestAFullQueueMakesTheStreamWait publishes and adds more than there is room for while nobody takes: what was published gives
// way, entries do not.
func TestAFullQueueMakesTheStreamWait(t *testing.T) {
	t.Parallel()
	cfg := streaming(stack.Redis(t).URL(), "s")
	cfg.QueueLength = 16
	w := prepare(t, cfg)
	block := make(chan struct{})
	w.block = block
	const entries = 1000
	for i := range entries {
		w.xadd("s", "channel", "tickstock.events.patterns", "payload", detection(fmt.Sprint("s", i)))
	}
	w.start()
	w.until("connected", func() bool { return len(w.ups) == 1 })
	const sent = takeAtOnce + 200
	for i := range sent {
		w.publish("tickstock.events.patterns", detection(fmt.Sprint(i)))
	}
	w.until("messages are dropped", func() bool { return w.number("ingest_dropped_total") >= sent-takeAtOnce-float64(cfg.QueueLength) })
	if n := w.number("ingest_stream_entries_total"); n > float64(cfg.StreamCount) {
		t.Errorf("%v entries were read although nobody takes them, want at most %d", n, cfg.StreamCount)
	}
	if at := w.progress.get("s"); at != "" {
		t.Errorf("the position is %s, though nothing was accepted", at)
	}
	w.mu.Lock()
	w.block = nil
	w.mu.Unlock()
	close(block)
	w.until("every entry arrives", func() bool {
		for i := range entries {
			if !w.seen[fmt.Sprint("d-s", i)] {
				return false
			}
		}
		return true
	})
}

// TestAnEndInTheMiddleIsNoProgress ends an ingest whose hub takes nothing: the next one reads everything.
func TestAnEndInTheMiddleIsNoProgress(t *testing.T) {
	t.Parallel()
	cfg := streaming(stack.Redis(t).URL(), "s")
	w := prepare(t, cfg)
	w.block = make(chan struct{})
	for i := range 300 {
		w.xadd("s", "channel", "tickstock.events.patterns", "payload", detection(fmt.Sprint(i)))
	}
	w.start()
	w.until("some were read", func() bool { return w.number("ingest_stream_entries_total") > 0 })
	w.end()
	// The world takes an event although its context has ended; only the first one was at work.
	if at := w.progress.get("s"); at != "" {
		t.Errorf("the position is %s", at)
	}
	again := prepare(t, cfg)
	again.progress.at = w.progress.at
	again.start()
	again.until("all arrive", func() bool { return len(again.events) == 300 })
}

func TestStreamsAloneTellTheStateOfTheFeed(t *testing.T) {
	t.Parallel()
	server := stack.KeptRedis(t)
	cfg := streaming(server.URL(), "s", "t")
	cfg.Channels = nil
	w := run(t, cfg)
	w.xadd("s", "channel", "tickstock.events.patterns", "payload", detection("1"))
	w.until("an event", func() bool { return len(w.events) == 1 && w.number("redis_up") == 1 })
	server.Kill()
	w.until("down", func() bool { return slices.Equal(w.ups, []bool{true, false}) && w.number("redis_up") == 0 })
	server.Restart()
	w.xadd("t", "channel", "tickstock.events.patterns", "payload", detection("2"))
	w.until("up, and another event", func() bool { return len(w.events) == 2 && slices.Equal(w.ups, []bool{true, false, true}) })
	if w.gaps != 0 || w.number("redis_reconnects_total") != 1 || w.number("redis_up") != 1 {
		t.Errorf("%d gaps, %v reconnects", w.gaps, w.number("redis_reconnects_total"))
	}
}

func TestAStreamThatBeganAnewIsAGap(t *testing.T) {
	t.Parallel()
	cfg := streaming(stack.Redis(t).URL(), "s")
	w := run(t, cfg)
	last := w.xadd("s", "channel", "tickstock.events.patterns", "payload", detection("1"))
	w.until("the position", func() bool { return w.progress.get("s") == last })
	if err := w.client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	w.until("told", func() bool { return w.gaps == 1 && w.number(`ingest_stream_faults_total{what="restarted"}`) == 1 })
}

func TestStreamsAreChecked(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*Config){
		"Channels, Patterns and Streams": func(c *Config) { c.Channels, c.Streams = nil, nil },
		"Streams must":                   func(c *Config) { c.Streams = []string{""} },
		"64 names":                       func(c *Config) { c.Streams = nil; c.Streams = append(c.Streams, manyNames(65)...) },
		"512 bytes":                      func(c *Config) { c.Streams = []string{strings.Repeat("s", 513)} },
		"of text":                        func(c *Config) { c.Streams = []string{"\xff"} },
		"StreamCount":                    func(c *Config) { c.StreamCount = 99 },
		"StreamBlock":                    func(c *Config) { c.StreamBlock = 0 },
		"SaveEvery":                      func(c *Config) { c.SaveEvery = 0 },
	} {
		cfg := streaming("redis://127.0.0.1:1", "s")
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	w := prepare(t, settings("redis://127.0.0.1:1"))
	if _, err := New(streaming("redis://127.0.0.1:1", "s"), w.in.classifier, Sinks{Events: w, Health: w}, metrics.New(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("streams without Progress are taken")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	q := newQueue(4, 100)
	if err := errors.Join(q.put(over, delivery{}), q.put(over, delivery{})); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for room ends with %v", err)
	}
}

func manyNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint("s", i))
	}
	return names
}
