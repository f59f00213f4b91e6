package health

import (
	"maps"
	"slices"
	"strings"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/health/age"
	"tierboard/server/health/delivery"
)

// Report judges everything at now, which should not lie before what the Tracker was told; events of a later
// time count as just come.
func (t *Tracker) Report(now time.Time) Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Report{
		AsOf: age.Stamp(now), Market: t.market.Clock(now), Ingest: t.reportIngest(now),
		Producer: t.producer.Report(now), Delivery: t.delivery, Tiers: make(map[string]Tier, len(t.tiers)),
	}
	for name, s := range t.tiers {
		tier := t.judge(s, now, r.Market.Session)
		if tier.Status == Idle || tier.Status == Late || tier.Status == Stale {
			tier.Reason += t.heartbeatRemark(r.Ingest, tier.Status)
		}
		tier.LastEventAt, tier.AgeS = age.Stamp(s.last), age.Unknown
		if !s.last.IsZero() {
			tier.AgeS = age.Of(now.Sub(s.last))
		}
		r.Tiers[name] = tier
	}
	r.Status, r.Reason = t.judgeWhole(r, now)
	return r
}

// judgeWhole returns the status of the whole and its first cause.
func (t *Tracker) judgeWhole(r Report, now time.Time) (Status, string) {
	streams := strings.Join(r.Ingest.StreamFaults, "; ")
	switch {
	case !r.Ingest.Connected && streams != "":
		return Down, t.downReason(now) + ": " + streams
	case !r.Ingest.Connected:
		return Down, t.downReason(now)
	case streams != "":
		return Degraded, streams
	}
	for _, tier := range t.cfg.Tiers {
		if got := r.Tiers[tier.Tier]; got.Status == Late || got.Status == Stale {
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
	return OK, ""
}

// eventSince reports whether an event of any tier came after the instant.
func (t *Tracker) eventSince(instant time.Time) bool {
	for _, s := range t.tiers {
		if s.last.After(instant) {
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
	for _, at := range t.ingest.reconnects.values {
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
func (t *Tracker) heartbeatRemark(in Ingest, status Status) string {
	switch {
	case in.HeartbeatLate:
		return "; the producer's last heartbeat was " + age.Spell(time.Duration(in.HeartbeatAgeS)*time.Second) + " ago"
	case t.beat.IsZero() && status != Idle:
		return "; the producer writes no heartbeat"
	default:
		return ""
	}
}

// judge returns the status, reason and limit of a tier.
func (t *Tracker) judge(s *tierState, now time.Time, session string) Tier {
	switch {
	case !t.ingest.connected:
		return Tier{Status: Down, Reason: t.downReason(now), StaleAfterS: age.Unknown}
	case s.cfg.Cadence == Batch:
		return t.judgeBatch(s, now)
	default:
		return t.judgeFlow(s, now, session)
	}
}

func (t *Tracker) downReason(now time.Time) string {
	if !t.ingest.everUp {
		return "not connected to the feed yet"
	}
	return "not connected to the feed for " + age.Spell(now.Sub(t.ingest.since))
}

// judgeFlow judges a Steady or Learned tier by its silence in regular hours.
func (t *Tracker) judgeFlow(s *tierState, now time.Time, session string) Tier {
	limit, typical := s.limit()
	seen, quiet := !s.last.IsZero(), max(now.Sub(s.last), 0)
	fresh := seen && quiet <= limit/2
	if session != calendar.Regular {
		if fresh {
			return Tier{Status: OK, StaleAfterS: age.Unknown}
		}
		return Tier{Status: Idle, Reason: t.closedReason(now), StaleAfterS: age.Unknown}
	}
	tier := Tier{StaleAfterS: age.Of(limit)}
	// The tier owes its first event from the open on, or from our own start when we came later.
	owedSince, since := t.market.Day(t.market.DateAt(now)).Open, "the open"
	if t.start.After(owedSince) {
		owedSince, since = t.start, "the server's start"
	}
	switch silence := now.Sub(owedSince); {
	case fresh:
		tier.Status = OK
	case seen && !s.last.Before(owedSince):
		tier.Status, tier.Reason = Late, "no "+s.cfg.Tier+" for "+age.Spell(quiet)+typical
		if quiet > limit {
			tier.Status = Stale
		}
	case silence <= limit:
		tier.Status, tier.Reason = Idle, "no event yet since "+since
	default:
		tier.Status, tier.Reason = Stale, "no "+s.cfg.Tier+" since "+since+", "+age.Spell(silence)+" ago"+typical
	}
	return tier
}

// limit returns the silence after which a Steady or Learned tier is stale, and what a reason says about it.
func (s *tierState) limit() (limit time.Duration, typical string) {
	limit = s.cfg.StaleAfter
	if s.cfg.Cadence != Learned || len(s.gaps.values) == 0 {
		return limit, ""
	}
	gaps := slices.Sorted(slices.Values(s.gaps.values))
	median := (gaps[(len(gaps)-1)/2] + gaps[len(gaps)/2]) / 2
	return max(limit, time.Duration(s.cfg.Factor*float64(median))), "; typical gap " + age.Spell(median)
}

// judgeBatch judges a tier that owes one batch a trading day.
func (t *Tracker) judgeBatch(s *tierState, now time.Time) Tier {
	tier := Tier{StaleAfterS: age.Unknown}
	seen := !s.last.IsZero()
	closed, ok := t.market.LastClosed(now)
	if !ok {
		tier.Status, tier.Reason = Idle, "no trading day has ended yet"
		return tier
	}
	due, next := closed, closed // The last batch past its deadline; the next one, if closed isn't past its own.
	if now.Before(t.deadline(s, closed)) {
		due, ok = t.market.PrevTradingDay(closed.Date)
	} else if following, more := t.market.NextTradingDay(closed.Date); more {
		next = following
	}
	arrived := seen && !s.last.Before(due.Close)
	deadline := t.deadline(s, due)
	overdue := now.Sub(deadline)
	// Without any event we can't tell what came before our start, nor in the first while after it.
	excused := !seen && (deadline.Before(t.start) || now.Sub(t.start) <= s.cfg.StaleAfter)
	_, today := t.market.SessionAt(now)
	switch {
	case seen && (!s.last.Before(closed.Close) && today == closed.Date.String() || now.Sub(s.last) <= s.cfg.StaleAfter):
		tier.Status = OK
	case !ok || arrived || excused:
		tier.Status, tier.Reason = Idle, "next batch is due by "+t.exchangeTime(t.deadline(s, next))
		if !seen {
			tier.Reason = "no event yet; " + tier.Reason
		}
	default:
		tier.Status = Late
		if overdue >= s.cfg.StaleAfter {
			tier.Status = Stale
		}
		tier.Reason = "the batch of " + day(due.Date) + " has not arrived; it was due by " + t.exchangeTime(deadline)
	}
	return tier
}

// deadline returns when the batch of a trading day must have arrived.
func (t *Tracker) deadline(s *tierState, d calendar.Day) time.Time {
	minutes := int(s.cfg.Deadline / time.Minute)
	return t.market.At(d.Date, minutes/60, minutes%60)
}

// closedReason says why silence is no fault outside regular hours.
func (t *Tracker) closedReason(now time.Time) string {
	clock := t.market.Clock(now)
	reason := "markets are closed"
	switch {
	case clock.Session == calendar.PreMarket:
		reason = "regular hours have not begun"
	case clock.Session == calendar.PostMarket:
		reason = "regular hours are over"
	case clock.HolidayName != "" && !clock.EarlyClose:
		reason += " (" + clock.HolidayName + ")"
	}
	if clock.NextOpen.IsZero() {
		return reason
	}
	return reason + "; next open " + t.exchangeTime(clock.NextOpen)
}

// exchangeTime writes an instant as New York's clock shows it: "Fri 20 Nov 18:30 ET".
func (t *Tracker) exchangeTime(at time.Time) string {
	return at.In(t.market.Zone()).Format("Mon 2 Jan 15:04") + " ET"
}

// day writes a date for people: "Fri 20 Nov".
func day(d calendar.Date) string {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Format("Mon 2 Jan")
}
