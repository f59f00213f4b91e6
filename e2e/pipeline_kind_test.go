package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/redis/go-redis/v9"

	"tierboard/e2e/stack"
	"tierboard/server/calendar"
	"tierboard/server/classify"
	"tierboard/server/classify/channels"
	"tierboard/server/classify/found"
	"tierboard/server/health"
	"tierboard/server/hub"
	"tierboard/server/ingest"
	"tierboard/server/metrics"
	"tierboard/server/session"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// TestAKindAndADimensionOfOnesOwn adds a sort of event that the product does not have, and a dimension to filter it by: a row
// of the channel table and a name in the filter schema. Everything between Redis and the client stays as it is.
func TestAKindAndADimensionOfOnesOwn(t *testing.T) {
	const (
		channel              = "tests:market:state"
		kind      event.Kind = "market_state"
		regime    event.Dim  = "regime"
		firstSeen            = 1_760_000_000
	)
	decode := func(in *channels.Input, out *found.Result) {
		at, err := in.Object.Value("at").Int64()
		if err != nil {
			out.Rejects = append(out.Rejects, in.Reject("no_time", "at: missing"))
			return
		}
		out.Events = append(out.Events, &event.Event{
			Kind: kind, ID: fmt.Sprintf("state-%d", at), DetectedAt: time.Unix(at, 0).UTC(),
			Facets: map[event.Dim]string{regime: string(in.Object.Value("regime").GetStringBytes())},
		})
	}

	server := stack.Redis(t)
	m, log := metrics.New(), slog.New(slog.DiscardHandler)
	delivery := hub.DefaultConfig()
	delivery.Schema = filter.DefaultSchema()
	delivery.Schema.Extra = []event.Dim{regime}
	h, err := hub.New(delivery, m, log)
	if err != nil {
		t.Fatal(err)
	}
	market := calendar.NYSE()
	tracker, err := health.New(health.Default(), market, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	classes := classify.DefaultConfig()
	classes.Channels = append(classes.Channels, channels.Row{Channel: channel, Carries: "market_state", Decode: decode})
	classes.SessionOf = func(at time.Time) (event.Session, string) {
		s, date := market.SessionAt(at)
		return event.Session(s), date
	}
	classifier, err := classify.New(classes)
	if err != nil {
		t.Fatal(err)
	}
	source := ingest.Default()
	source.URL, source.Channels = server.URL(), []string{channel, "tickstock.events.patterns"}
	in, err := ingest.New(source, classifier, ingest.Sinks{Events: h, Health: tracker}, m, log)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := session.New(session.DefaultConfig(), h, m, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{}, 2)
	for _, run := range []func(context.Context) error{h.Run, in.Run} {
		go func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
			ended <- struct{}{}
		}()
	}
	web := httptest.NewServer(handler)
	t.Cleanup(func() {
		over, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = handler.Shutdown(over)
		stop()
		<-ended
		<-ended
		web.Close()
	})

	client := func(filters ...any) *stream {
		conn, _, err := websocket.Dial(ctx, web.URL, &websocket.DialOptions{Subprotocols: []string{wire.MsgPackProtocol}})
		if err != nil {
			t.Fatal(err)
		}
		c := &stream{TB: t, conn: conn, binary: true, done: make(chan struct{})}
		go c.read()
		t.Cleanup(c.cut)
		c.subscribe(filters, nil)
		return c
	}
	bull := client(map[string]any{"kinds": []string{string(kind)}, "regimes": []string{"bull"}})
	states := client(map[string]any{"kinds": []string{string(kind)}})
	patterns := client(map[string]any{"kinds": []string{"pattern"}})

	opt, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	producer := redis.NewClient(opt)
	t.Cleanup(func() { _ = producer.Close() })
	eventually(t, "ingest subscribes", func() bool {
		n, err := producer.PubSubNumSub(ctx, channel).Result()
		return err == nil && n[channel] == 1
	})
	publish := func(channel, text string) {
		if err := producer.Publish(ctx, channel, text).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"bull", "bear", "bull"} {
		publish(channel, fmt.Sprintf(`{"at":%d,"regime":%q}`, firstSeen+i, name))
	}
	publish("tickstock.events.patterns", `{"symbol":"AAPL","pattern":"Bull_Flag","confidence":0.8,"tier":"daily","timestamp":1760000000}`)

	got := func(c *stream) string {
		out := ""
		for _, e := range c.live() {
			out += fmt.Sprintf("%s:%s%s ", e.Kind, e.Facets[regime], e.Symbol)
		}
		return out
	}
	for _, want := range []struct {
		c    *stream
		text string
	}{
		{bull, "market_state:bull market_state:bull "},
		{states, "market_state:bull market_state:bear market_state:bull "},
		{patterns, "pattern:AAPL "},
	} {
		eventually(t, "arrives: "+want.text, func() bool { return len(got(want.c)) >= len(want.text) })
		if text := got(want.c); text != want.text {
			t.Errorf("got %q, want %q", text, want.text)
		}
	}
}
