// Package freshness judges one tier: whether its events arrive as they should at this hour of this trading day. It reads no clock;
// every time is an argument.
//
// # The words
//
//   - ok: events arrive, or the batch of the last session did.
//   - idle: nothing arrives and nothing should: markets are closed, the batch isn't due, or it is too early
//     after the open or the start to tell.
//   - late: silence past half of the limit, or a batch past its deadline.
//   - stale: silence past the limit, or a batch past its deadline by its limit.
//   - down: no connection to the feed; nothing can be said about its tiers.
//
// Every word but ok comes with a reason.
//
// # The rules
//
// A Steady tier (intraday) and a Learned tier (combo) are judged by their silence in regular hours; a
// session's silence begins at its open, and before its first event a tier is idle until the limit has
// passed. A Learned tier's limit is a multiple of the median gap between its recent events, with a minimum.
// Outside regular hours silence is idle, while fresh events still show as ok. A Batch tier (daily) owes the
// batch of each trading day by a deadline in the evening. Its batch has arrived once an event came after
// that day's close; the tier is ok from then until the next trading day begins, idle until the next deadline.
//
// A server that has seen no event of a Batch tier doesn't hold deadlines before its own start against it:
// pub/sub has no replay, so it can't know. To know across restarts, tell Saw the newest stored event's
// time first.
package freshness

import (
	"slices"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/health/age"
)

// Status is the word that something is judged with.
type Status string

// The words; see the package's doc.
const (
	OK    Status = "ok"
	Idle  Status = "idle"
	Late  Status = "late"
	Stale Status = "stale"
	Down  Status = "down"
)

// Judgement is what is said of one tier. It is comparable; Status and Reason are what people see.
type Judgement struct {
	// Status is one of OK, Idle, Late, Stale, Down.
	Status Status `json:"status"`
	// Reason is a sentence without a full stop; empty only when Status is OK.
	Reason string `json:"reason,omitempty"`
	// LastEventAt is when the newest event was accepted, UTC in milliseconds; zero when there was none.
	LastEventAt time.Time `json:"last_event_at,omitzero"`
	// AgeS is the age of that event; age.Unknown, left out of JSON, when there was none.
	AgeS age.Seconds `json:"age_s,omitzero"`
	// StaleAfterS is the silence that makes the tier stale; age.Unknown, null in JSON, while no such limit holds.
	StaleAfterS age.Seconds `json:"stale_after_s"`
}

// Cadence says how a tier's events are spread over time, and so which rule judges it.
type Cadence string

// The cadences: Steady flows all through regular hours, Learned flows with gaps of its own typical length,
// Batch comes once after each trading day's close.
const (
	Steady  Cadence = "steady"
	Learned Cadence = "learned"
	Batch   Cadence = "batch"
)

// Config is the rule of one tier. Package health checks it.
type Config struct {
	// Tier is the tier's word, as its events carry it.
	Tier string
	// Cadence selects the rule. Required.
	Cadence Cadence
	// StaleAfter is the silence after which a Steady tier is stale, the least such silence of a Learned one,
	// and the time after Deadline at which a Batch tier is stale. 1 s to 24 h.
	StaleAfter time.Duration
	// Factor times the median gap is the silence after which a Learned tier is stale. 1 to 100; only Learned.
	Factor float64
	// Deadline is when a trading day's batch must have arrived, after midnight in New York: 16 h or more and
	// less than 24 h; only Batch.
	Deadline time.Duration
}

const (
	// maxGaps bounds what a Learned tier remembers; at the bound the oldest gap goes.
	maxGaps = 63
	// burstGap is the gap up to which events count as one burst: a producer that reports thirty detections
	// of one bar says nothing about the time to the next bar.
	burstGap = time.Second
)

// Tier is what is remembered of one tier, in bounded memory. Make one with New; one goroutine at a time uses it.
type Tier struct {
	cfg   Config
	start time.Time
	last  time.Time       // of the newest event; zero before the first
	gaps  []time.Duration // at most maxGaps, oldest first
}

// New returns a Tier that no event was seen of, in a server that was started at start.
func New(cfg Config, start time.Time) *Tier { return &Tier{cfg: cfg, start: start} }

// Saw tells that an event was accepted at the server's time at. Times may come out of order.
func (t *Tier) Saw(at time.Time, market *calendar.Calendar) {
	if !at.After(t.last) {
		return
	}
	if t.cfg.Cadence == Learned {
		t.learn(market, at)
	}
	t.last = at
}

// Last returns when the newest event was accepted; zero before the first.
func (t *Tier) Last() time.Time { return t.last }

// learn remembers the gap before an event, if regular hours filled it: the night is no gap.
func (t *Tier) learn(market *calendar.Calendar, at time.Time) {
	gap := at.Sub(t.last)
	if t.last.IsZero() || gap <= burstGap {
		return
	}
	session, day := market.SessionAt(at)
	before, dayBefore := market.SessionAt(t.last)
	if session == calendar.Regular && before == calendar.Regular && day == dayBefore {
		if t.gaps = append(t.gaps, gap); len(t.gaps) > maxGaps {
			t.gaps = slices.Delete(t.gaps, 0, 1)
		}
	}
}

// Judge returns the judgement at now of a tier whose feed is connected. Events of a later time count as just come.
func (t *Tier) Judge(now time.Time, market *calendar.Calendar) Judgement {
	if t.cfg.Cadence == Batch {
		return t.dated(t.judgeBatch(now, market), now)
	}
	return t.dated(t.judgeFlow(now, market), now)
}

// Down returns the judgement at now of a tier of which nothing can be said, with the reason why.
func (t *Tier) Down(reason string, now time.Time) Judgement {
	return t.dated(Judgement{Status: Down, Reason: reason, StaleAfterS: age.Unknown}, now)
}

// dated adds when the newest event came.
func (t *Tier) dated(j Judgement, now time.Time) Judgement {
	j.LastEventAt, j.AgeS = age.Stamp(t.last), age.Unknown
	if !t.last.IsZero() {
		j.AgeS = age.Of(now.Sub(t.last))
	}
	return j
}

// judgeFlow judges a Steady or Learned tier by its silence in regular hours.
func (t *Tier) judgeFlow(now time.Time, market *calendar.Calendar) Judgement {
	limit, typical := t.limit()
	seen, quiet := !t.last.IsZero(), max(now.Sub(t.last), 0)
	fresh := seen && quiet <= limit/2
	if session, _ := market.SessionAt(now); session != calendar.Regular {
		if fresh {
			return Judgement{Status: OK, StaleAfterS: age.Unknown}
		}
		return Judgement{Status: Idle, Reason: closedReason(now, market), StaleAfterS: age.Unknown}
	}
	tier := Judgement{StaleAfterS: age.Of(limit)}
	// The tier owes its first event from the open on, or from our own start when we came later.
	owedSince, since := market.Day(market.DateAt(now)).Open, "the open"
	if t.start.After(owedSince) {
		owedSince, since = t.start, "the server's start"
	}
	switch silence := now.Sub(owedSince); {
	case fresh:
		tier.Status = OK
	case seen && !t.last.Before(owedSince):
		tier.Status, tier.Reason = Late, "no "+t.cfg.Tier+" for "+age.Spell(quiet)+typical
		if quiet > limit {
			tier.Status = Stale
		}
	case silence <= limit:
		tier.Status, tier.Reason = Idle, "no event yet since "+since
	default:
		tier.Status, tier.Reason = Stale, "no "+t.cfg.Tier+" since "+since+", "+age.Spell(silence)+" ago"+typical
	}
	return tier
}

// limit returns the silence after which a Steady or Learned tier is stale, and what a reason says about it.
func (t *Tier) limit() (limit time.Duration, typical string) {
	limit = t.cfg.StaleAfter
	if t.cfg.Cadence != Learned || len(t.gaps) == 0 {
		return limit, ""
	}
	gaps := slices.Sorted(slices.Values(t.gaps))
	median := (gaps[(len(gaps)-1)/2] + gaps[len(gaps)/2]) / 2
	return max(limit, time.Duration(t.cfg.Factor*float64(median))), "; typical gap " + age.Spell(median)
}

// judgeBatch judges a tier that owes one batch a trading day.
func (t *Tier) judgeBatch(now time.Time, market *calendar.Calendar) Judgement {
	tier := Judgement{StaleAfterS: age.Unknown}
	seen := !t.last.IsZero()
	closed, ok := market.LastClosed(now)
	if !ok {
		tier.Status, tier.Reason = Idle, "no trading day has ended yet"
		return tier
	}
	due, next := closed, closed // The last batch past its deadline; the next one, if closed isn't past its own.
	if now.Before(t.deadline(closed, market)) {
		due, ok = market.PrevTradingDay(closed.Date)
	} else if following, more := market.NextTradingDay(closed.Date); more {
		next = following
	}
	arrived := seen && !t.last.Before(due.Close)
	deadline := t.deadline(due, market)
	overdue := now.Sub(deadline)
	// Without any event we can't tell what came before our start, nor in the first while after it.
	excused := !seen && (deadline.Before(t.start) || now.Sub(t.start) <= t.cfg.StaleAfter)
	_, today := market.SessionAt(now)
	switch {
	case seen && (!t.last.Before(closed.Close) && today == closed.Date.String() || now.Sub(t.last) <= t.cfg.StaleAfter):
		tier.Status = OK
	case !ok || arrived || excused:
		tier.Status, tier.Reason = Idle, "next batch is due by "+exchangeTime(t.deadline(next, market), market)
		if !seen {
			tier.Reason = "no event yet; " + tier.Reason
		}
	default:
		tier.Status = Late
		if overdue >= t.cfg.StaleAfter {
			tier.Status = Stale
		}
		tier.Reason = "the batch of " + day(due.Date) + " has not arrived; it was due by " + exchangeTime(deadline, market)
	}
	return tier
}

// deadline returns when the batch of a trading day must have arrived.
func (t *Tier) deadline(d calendar.Day, market *calendar.Calendar) time.Time {
	minutes := int(t.cfg.Deadline / time.Minute)
	return market.At(d.Date, minutes/60, minutes%60)
}

// closedReason says why silence is no fault outside regular hours.
func closedReason(now time.Time, market *calendar.Calendar) string {
	clock := market.Clock(now)
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
	return reason + "; next open " + exchangeTime(clock.NextOpen, market)
}

// exchangeTime writes an instant as New York's clock shows it: "Fri 20 Nov 18:30 ET".
func exchangeTime(at time.Time, market *calendar.Calendar) string {
	return at.In(market.Zone()).Format("Mon 2 Jan 15:04") + " ET"
}

// day writes a date for people: "Fri 20 Nov".
func day(d calendar.Date) string {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Format("Mon 2 Jan")
}
