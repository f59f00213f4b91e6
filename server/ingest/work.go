package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unsafe"

	"tierboard/server/classify/found"
	"tierboard/server/health/producer"
	"tierboard/server/metrics"
	"tierboard/shared/event"
)

// takeAtOnce is how many messages the worker takes from the queue under one lock.
const takeAtOnce = 64

// count is a counter that grows by one.
type count interface{ Inc() }

// counts are the results of IngestMessages, looked up once.
type counts struct {
	event, duplicate, outcome, session, health, other, reject count
}

func newCounts(m *metrics.Metrics) counts {
	of := func(result string) count { return m.IngestMessages.WithLabelValues(result) }
	return counts{
		event: of("event"), duplicate: of("duplicate"), outcome: of("outcome"), session: of("session"),
		health: of("health"), other: of("other"), reject: of("reject"),
	}
}

// tierCounts are what is counted of one tier, looked up once.
type tierCounts struct {
	event, duplicate, refused count
	lag                       interface{ Observe(seconds float64) }
}

// tier returns the counts of a tier; an event of no tier, which another kind may be, has the empty word. The worker's only.
func (in *Ingest) tier(t event.Tier) *tierCounts {
	if t > event.Combo { // another kind's own tier
		t = event.TierNone
	}
	if in.tiers[t] == nil {
		of := func(result string) count { return in.m.IngestEvents.WithLabelValues(t.String(), result) }
		in.tiers[t] = &tierCounts{
			event: of("event"), duplicate: of("duplicate"), refused: of("refused"), lag: in.m.IngestLag.WithLabelValues(t.String()),
		}
	}
	return in.tiers[t]
}

// work classifies what is queued until ctx ends.
func (in *Ingest) work(ctx context.Context) {
	buf := make([]delivery, takeAtOnce)
	for {
		n, left := in.queue.take(ctx, buf)
		in.m.IngestQueue.Set(float64(n + left))
		for i := range buf[:n] {
			in.handle(ctx, &buf[i])
			if ctx.Err() == nil { // else the hub may have refused it
				buf[i].receipt.Done()
			}
			buf[i] = delivery{}
		}
		in.m.IngestQueue.Set(float64(left))
		if ctx.Err() != nil {
			return
		}
	}
}

// handle feeds the sinks with one message.
func (in *Ingest) handle(ctx context.Context, d *delivery) {
	if d.fault != "" {
		in.sinks.Health.Message(d.received)
		in.reject(d, found.Reject{Reason: d.fault, Channel: d.channel, Detail: d.detail})
		return
	}
	if d.size > in.cfg.MaxPayload {
		in.sinks.Health.Message(d.received)
		in.reject(d, found.Reject{
			Reason: found.TooLarge, Channel: d.channel,
			Detail: fmt.Sprintf("%d bytes, more than %d", d.size, in.cfg.MaxPayload),
		})
		return
	}
	payload := unsafe.Slice(unsafe.StringData(d.payload), len(d.payload)) //nolint:gosec // a Classifier does not change it
	r := in.classifier.Classify(d.channel, payload, d.received)
	for _, e := range r.Events {
		in.publish(ctx, d, e)
	}
	if len(r.Events) == 0 {
		in.sinks.Health.Message(d.received)
	}
	for range r.Outcomes {
		in.counts.outcome.Inc()
	}
	if len(r.Outcomes) > 0 && in.sinks.Outcomes != nil {
		in.sinks.Outcomes(r.Outcomes)
	}
	in.producer(&r, d.received)
	for i := range r.Rejects {
		in.reject(d, r.Rejects[i])
	}
	if r.Ignored {
		in.counts.other.Inc()
	}
}

// publish hands an event to the hub. One that the hub refuses is a reject: it must not stop the others.
func (in *Ingest) publish(ctx context.Context, d *delivery, e *event.Event) {
	tier, received := e.Tier.String(), e.ReceivedAt // the hub owns the event from here on
	seen := in.tier(e.Tier)
	sent := e.PublishedAt
	if sent.IsZero() {
		sent = d.added
	}
	if !sent.IsZero() {
		seen.lag.Observe(max(received.Sub(sent), 0).Seconds()) // below 0 the clocks differ
	}
	accepted, err := in.sinks.Events.Publish(ctx, e)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		seen.refused.Inc()
		in.reject(d, found.Reject{Reason: found.InvalidEvent, Channel: d.channel, Detail: err.Error()})
	case accepted:
		in.counts.event.Inc()
		seen.event.Inc()
		in.sinks.Health.EventAccepted(tier, received)
	default:
		in.counts.duplicate.Inc()
		seen.duplicate.Inc()
		in.sinks.Health.Message(received)
	}
}

// producer tells what the producer said about itself.
func (in *Ingest) producer(r *found.Result, received time.Time) {
	for _, s := range r.Sessions {
		in.counts.session.Inc()
		edge := producer.Stopped
		if s.Started {
			edge = producer.Started
		}
		in.sinks.Health.SessionEdge(s.ID, edge, received)
	}
	for _, h := range r.Health {
		in.counts.health.Inc()
		in.sinks.Health.ProducerHealth(producer.Sample{SessionID: h.SessionID, Status: h.Status, AllZero: h.Zero, At: received})
	}
	if r.SessionID != "" && len(r.Sessions) == 0 {
		in.sinks.Health.SessionEdge(r.SessionID, producer.Implied, received)
	}
}

// reject counts and keeps what is no event.
func (in *Ingest) reject(d *delivery, r found.Reject) {
	in.counts.reject.Inc()
	in.m.IngestRejects.WithLabelValues(string(r.Reason)).Inc()
	in.letters.add(DeadLetter{
		Time: d.received.UTC(), Channel: strings.Clone(r.Channel), Reason: string(r.Reason), Detail: r.Detail,
		Size: d.size, Head: head(d.payload),
	})
	if n, ok := in.faults.say(r.Reason, d.received); ok {
		in.log.Warn("message is no event", slog.String("reason", string(r.Reason)), slog.String("detail", r.Detail),
			slog.String("channel", r.Channel), slog.Int("count", n))
	}
}

// quiet lets a fault that repeats be logged once in a while. It is for one goroutine.
type quiet struct {
	every time.Duration
	last  time.Time
	since int // faults since the last line
}

// say counts n faults and tells whether to log now, and how many faults the line stands for.
func (q *quiet) say(now time.Time, n int) (total int, ok bool) {
	q.since += n
	if !q.last.IsZero() && now.Sub(q.last) < q.every {
		return 0, false
	}
	total, q.since, q.last = q.since, 0, now
	return total, true
}

// faultLog is a quiet for each reason. Reasons are a closed set, so it is bounded.
type faultLog struct {
	every   time.Duration
	reasons map[found.Reason]*quiet
}

func (f *faultLog) say(reason found.Reason, now time.Time) (total int, ok bool) {
	if f.reasons == nil {
		f.reasons = make(map[found.Reason]*quiet)
	}
	if f.reasons[reason] == nil {
		f.reasons[reason] = &quiet{every: f.every}
	}
	return f.reasons[reason].say(now, 1)
}
