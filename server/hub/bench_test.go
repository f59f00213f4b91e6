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
			b.ReportAllocs()
			for b.Loop() {
				i++
				e := &event.Event{
					Kind: event.Pattern, ID: fmt.Sprint(i), Tier: event.Daily, Daily: &event.DailyDetail{},
					Scope: event.Scope{Symbol: "AAPL", Pattern: "doji"}, Confidence: .7, DetectedAt: time.Unix(int64(i), 0),
				}
				if _, err := h.Publish(ctx, e); err != nil {
					b.Fatal(err)
				}
			}
			for end := time.Now().Add(time.Minute); h.Stats().Delivered < uint64(i)*1000 && time.Now().Before(end); {
				time.Sleep(100 * time.Microsecond) // until the last window closes
			}
			b.StopTimer()
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
