package health

import (
	"maps"
	"slices"
	"strings"
	"time"

	"tierboard/server/health/age"
	"tierboard/server/health/delivery"
	"tierboard/server/health/freshness"
)

// Report judges everything at now, which should not lie before what the Tracker was told; events of a later
// time count as just come.
func (t *Tracker) Report(now time.Time) Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Report{
		AsOf: age.Stamp(now), Market: t.market.Clock(now), Ingest: t.reportIngest(now),
		Producer: t.producer.Report(now), Delivery: t.delivery, Tiers: make(map[string]freshness.Judgement, len(t.tiers)),
	}
	for name, s := range t.tiers {
		if !t.ingest.connected {
			r.Tiers[name] = s.Down(t.downReason(now), now)
			continue
		}
		tier := s.Judge(now, t.market)
		if tier.Status != freshness.OK {
			tier.Reason += t.heartbeatRemark(r.Ingest, tier.Status)
		}
		r.Tiers[name] = tier
	}
	r.Status, r.Reason = t.judgeWhole(r, now)
	return r
}

// judgeWhole returns the status of the whole and its first cause.
func (t *Tracker) judgeWhole(r Report, now time.Time) (freshness.Status, string) {
	streams := strings.Join(r.Ingest.StreamFaults, "; ")
	switch {
	case !r.Ingest.Connected && streams != "":
		return freshness.Down, t.downReason(now) + ": " + streams
	case !r.Ingest.Connected:
		return freshness.Down, t.downReason(now)
	case streams != "":
		return Degraded, streams
	}
	for _, tier := range t.cfg.Tiers {
		if got := r.Tiers[tier.Tier]; got.Status == freshness.Late || got.Status == freshness.Stale {
			return Degraded, tier.Tier + ": " + got.Reason
		}
	}
	if r.Producer.Troubled() {
		return Degraded, "the producer reports that it is " + r.Producer.Status
	}
	if r.Ingest.HeartbeatLate && !t.eventSince(now.Add(-t.cfg.HeartbeatLateAfter)) {
		return Degraded, "the producer's last heartbeat was " + age.Spell(now.Sub(t.beat)) + " ago and no event came since"
	}
	if r.Delivery.Status == delivery.Warning || r.Delivery.Status == delivery.Error {
		return Degraded, "delivery: " + r.Delivery.Reason
	}
	return freshness.OK, ""
}

// eventSince reports whether an event of any tier came after the instant.
func (t *Tracker) eventSince(instant time.Time) bool {
	for _, s := range t.tiers {
		if s.Last().After(instant) {
			return true
		}
	}
	return false
}

func (t *Tracker) reportIngest(now time.Time) Ingest {
	in := Ingest{
		Connected: t.ingest.connected, Transport: t.cfg.Transport, Channels: slices.Clone(t.cfg.Channels),
		LastMessageAt: age.Stamp(t.ingest.lastMessage), HeartbeatAgeS: age.Unknown,
	}
	for _, stream := range slices.Sorted(maps.Keys(t.ingest.faults)) {
		in.StreamFaults = append(in.StreamFaults, t.ingest.faults[stream])
	}
	switch {
	case in.Connected:
		in.ConnectedSince = age.Stamp(t.ingest.since)
	case t.ingest.everUp:
		in.DisconnectedSince = age.Stamp(t.ingest.since)
	}
	for _, at := range t.ingest.reconnects {
		if now.Sub(at) <= 24*time.Hour {
			in.Reconnects24h++
		}
	}
	if !t.beat.IsZero() {
		in.HeartbeatAgeS = age.Of(now.Sub(t.beat))
		in.HeartbeatLate = now.Sub(t.beat) > t.cfg.HeartbeatLateAfter
	}
	return in
}

// heartbeatRemark is what a silent tier's reason says about the producer's heartbeat.
func (t *Tracker) heartbeatRemark(in Ingest, status freshness.Status) string {
	switch {
	case in.HeartbeatLate:
		return "; the producer's last heartbeat was " + age.Spell(time.Duration(in.HeartbeatAgeS)*time.Second) + " ago"
	case t.beat.IsZero() && status != freshness.Idle:
		return "; the producer writes no heartbeat"
	default:
		return ""
	}
}

// downReason says since when the feed is away.
func (t *Tracker) downReason(now time.Time) string {
	if !t.ingest.everUp {
		return "not connected to the feed yet"
	}
	return "not connected to the feed for " + age.Spell(now.Sub(t.ingest.since))
}
