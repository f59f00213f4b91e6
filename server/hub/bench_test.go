package hub

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"tierboard/server/metrics"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// BenchmarkDelivery measures an event's whole way into the writers' hands of 1,000 sessions: match, window, frame,
// outbox, wake-up.
func BenchmarkDelivery(b *testing.B) {
	for _, window := range []time.Duration{0, 10 * time.Millisecond} {
		b.Run(window.String(), func(b *testing.B) {
			cfg := DefaultConfig()
			cfg.WindowMin, cfg.WindowMax, cfg.RateLimit, cfg.Inbox = window, window, 0, 64
			h, err := New(cfg, metrics.New(), slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			ctx, stop := context.WithCancel(b.Context())
			var wg sync.WaitGroup
			wg.Go(func() { _ = h.Run(ctx) })
			for i := range 1000 {
				s, err := h.Open(ctx, wire.MsgPack)
				if err != nil {
					b.Fatal(err)
				}
				f := filter.Filter{ConfidenceMin: float64(i%10) / 20}
				if err := s.Subscribe(ctx, "main", []filter.Filter{f}, nil); err != nil {
					b.Fatal(err)
				}
				wg.Go(func() {
					for {
						if _, err := s.Next(context.Background()); err != nil {
							return
						}
					}
				})
			}
			i := 0
			publish := func() {
				i++
				e := &event.Event{
					Kind: event.Pattern, ID: fmt.Sprint(i), Tier: event.Daily, Daily: &event.DailyDetail{},
					Scope: event.Scope{Symbol: "AAPL", Pattern: "doji"}, Confidence: .7, DetectedAt: time.Unix(int64(i), 0),
				}
				if _, err := h.Publish(ctx, e); err != nil {
					b.Fatal(err)
				}
			}
			wait := func(what string, is func(Stats) bool) {
				for end := time.Now().Add(time.Minute); !is(h.Stats()); time.Sleep(100 * time.Microsecond) {
					if time.Now().After(end) {
						b.Fatalf("%s did not happen within a minute: %+v", what, h.Stats())
					}
				}
			}
			// What is published while sessions still take their snapshots may reach them with those, and is then not counted as live.
			for missed := uint64(1); missed > 0; {
				before := h.Stats()
				publish()
				wait("the first event's delivery", func(s Stats) bool { return s.Delivered > before.Delivered && s.Inbox == 0 })
				time.Sleep(2 * window) // every shard has closed its windows
				missed = 1000 - min(h.Stats().Delivered-before.Delivered, 1000)
			}
			first, before := i, h.Stats()
			b.ReportAllocs()
			for b.Loop() {
				publish()
			}
			// Until the last window closes. What a session that lags leaves out is told.
			wait("the delivery of all", func(s Stats) bool {
				return s.Delivered+s.Dropped-before.Delivered-before.Dropped >= uint64(i-first)*1000
			})
			b.StopTimer()
			b.ReportMetric(float64(h.Stats().Dropped-before.Dropped)/float64(b.N)/1000, "dropped/delivery")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/delivery")
			stop()
			wg.Wait()
		})
	}
}

// BenchmarkResume measures what the server does for a session that missed 10,000 events, of which it wants one in ten: the
// scan, and the replay's way into the outbox.
func BenchmarkResume(b *testing.B) {
	cfg := DefaultConfig()
	cfg.RateLimit, cfg.OutboxBytes = 0, 1<<30
	h, err := New(cfg, metrics.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = h.Run(ctx) })
	for i := range 10_000 {
		e := &event.Event{
			Kind: event.Pattern, ID: fmt.Sprint(i), Tier: event.Daily, Daily: &event.DailyDetail{},
			Scope: event.Scope{Symbol: fmt.Sprint("S", i%10), Pattern: "doji"}, Confidence: .7, DetectedAt: time.Unix(int64(i), 0),
		}
		if _, err := h.Publish(ctx, e); err != nil {
			b.Fatal(err)
		}
	}
	for i := 0; b.Loop(); i++ {
		s, err := h.Open(ctx, wire.MsgPack)
		if err != nil {
			b.Fatal(err)
		}
		f := filter.Filter{Symbols: []string{"S3"}, ConfidenceMin: .5}
		if err := s.Subscribe(ctx, "main", []filter.Filter{f}, &wire.Resume{Epoch: h.Epoch()}); err != nil {
			b.Fatal(err)
		}
		for events := 0; events < 1000; {
			f, err := s.Next(ctx)
			if err != nil {
				b.Fatal(err)
			}
			events += f.Events
		}
		s.Close()
	}
	stop()
	wg.Wait()
}
