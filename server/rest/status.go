package rest

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/health"
	"tierboard/server/hub"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/numbers"
	"tierboard/server/rest/operation"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// statusOperations are the feed's health and the market's calendar.
func (x *REST) statusOperations() []operation.Operation {
	return []operation.Operation{
		{
			Method: http.MethodGet, Path: api.PathTiersHealth, ID: "getTiersHealth", Tag: operation.TagHealth, Summary: "Tell whether each tier's events arrive as they should",
			Doc: "Knows the exchange's calendar: silence at night is idle, silence in the morning is stale. Always 200; /readyz is what fails.",
			Out: api.TiersHealth{}, Handle: x.tiersHealth,
		},
		{
			Method: http.MethodGet, Path: api.PathClock, ID: "getMarketClock", Tag: operation.TagHealth, Summary: "Tell the exchange's session now",
			Out: api.Clock{}, Handle: func(w http.ResponseWriter, r *http.Request) error {
				if err := operation.NoParams(r); err != nil {
					return err
				}
				return answer.JSON(w, http.StatusOK, clockOf(x.cfg.Market().Clock(x.cfg.Now())))
			},
		},
		{
			Method: http.MethodGet, Path: api.PathSessions, ID: "listMarketSessions", Tag: operation.TagHealth, Summary: "List days of the exchange's calendar",
			Doc: "Closed days too, with their names.", Params: sessionParams, Out: api.MarketSessions{}, Handle: x.sessions,
		},
	}
}

// The bounds of the calendar's parameters.
const (
	mostDays    = 400
	defaultDays = 30
)

var sessionParams = []query.Param{
	{Name: "from", Type: query.TypeDate, Doc: "First day; today in New York if absent.", Example: "2026-11-20"},
	{Name: "to", Type: query.TypeDate, Doc: "Last day, at most 400 days on; 30 days after the first if absent.", Example: "2026-12-31"},
}

// sessions answers with a part of the calendar.
func (x *REST) sessions(w http.ResponseWriter, r *http.Request) error {
	now := x.cfg.Now()
	v, err := query.Read(r.URL.RawQuery, sessionParams, now)
	if err != nil {
		return err
	}
	market := x.cfg.Market()
	from := dateOf(v.Date("from"), market.DateAt(now))
	at := time.Date(from.Year, from.Month, from.Day, 0, 0, 0, 0, time.UTC)
	to := dateOf(v.Date("to"), calendar.DateOf(at.AddDate(0, 0, defaultDays)))
	switch days := time.Date(to.Year, to.Month, to.Day, 0, 0, 0, 0, time.UTC).Sub(at).Hours() / 24; {
	case days < 0:
		v.Refuse("to", "must not be before from")
	case days > mostDays:
		v.Refuse("to", "must be at most %d days after from", mostDays)
	}
	if err := v.Err(); err != nil {
		return err
	}
	out := api.MarketSessions{Calendar: calendar.Name, Days: []api.MarketDay{}}
	for d := range market.Days(from, to) {
		out.Days = append(out.Days, api.MarketDay{
			Date: d.Date.String(), Kind: string(d.Kind), Name: d.Name,
			PreOpen: answer.Optional(d.PreOpen), Open: answer.Optional(d.Open), Close: answer.Optional(d.Close), PostClose: answer.Optional(d.PostClose),
		})
	}
	return answer.JSON(w, http.StatusOK, out)
}

// dateOf reads a checked date; otherwise is for the empty one.
func dateOf(s string, otherwise calendar.Date) calendar.Date {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return otherwise
	}
	return calendar.DateOf(t)
}

// seconds returns nil for an unknown number.
func seconds(s health.Seconds) *int64 {
	if s == health.NoSeconds {
		return nil
	}
	n := int64(s)
	return &n
}

// clockOf turns a clock into what bodies show.
func clockOf(c calendar.Clock) api.Clock {
	return api.Clock{
		Calendar: c.Calendar, Session: c.Session, SessionDate: c.SessionDate, HolidayName: c.HolidayName, EarlyClose: c.EarlyClose,
		ClosesAt: answer.Optional(c.ClosesAt), NextOpen: answer.Optional(c.NextOpen), ChangesAt: answer.Optional(c.ChangesAt), OffsetSeconds: c.OffsetSeconds,
	}
}

// tiersHealth answers with the report.
func (x *REST) tiersHealth(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	now := x.cfg.Now()
	report := x.cfg.Health.Report(now)
	out := healthOf(report)
	if x.cfg.ArchiveHealth != nil {
		a := x.cfg.ArchiveHealth()
		out.Archive = &a
		if a.Status != "ok" && out.Status == "ok" {
			out.Status, out.Reason = "degraded", "archive: "+a.Reason
		}
	}
	rates := x.rates.at(now)
	n := numbers.Gather(x.m)
	for _, t := range event.Tiers() {
		name := t.String()
		tier, ok := out.Tiers[name]
		if !ok {
			continue
		}
		rate := rates[t]
		tier.Rate = &rate
		tier.DeliverMS = n.Percentiles("tierboard_deliver_seconds", name)
		tier.IngestLagMS = n.Percentiles("tierboard_ingest_lag_seconds", name)
		of := func(result string) uint64 { return n.Count("tierboard_ingest_events_total", result+" "+name) }
		tier.Counters = &api.TierCounters{
			Accepted: n.Count("tierboard_events_accepted_total", name),
			Received: of("event") + of("duplicate") + of("refused"), Duplicate: of("duplicate"), Refused: of("refused"),
		}
		out.Tiers[name] = tier
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	return answer.JSON(w, http.StatusOK, out)
}

// healthOf turns a report into what bodies show.
func healthOf(r health.Report) api.TiersHealth {
	out := api.TiersHealth{
		Status: string(r.Status), Reason: r.Reason, AsOf: answer.Time(r.AsOf), Market: clockOf(r.Market), Tiers: map[string]api.TierHealth{},
		Ingest: api.IngestHealth{
			Connected: r.Ingest.Connected, Transport: r.Ingest.Transport, Channels: r.Ingest.Channels, StreamFaults: r.Ingest.StreamFaults,
			ConnectedSince: answer.Optional(r.Ingest.ConnectedSince), DisconnectedSince: answer.Optional(r.Ingest.DisconnectedSince),
			Reconnects24h: r.Ingest.Reconnects24h, LastMessageAt: answer.Optional(r.Ingest.LastMessageAt),
			HeartbeatAgeS: seconds(r.Ingest.HeartbeatAgeS), HeartbeatLate: r.Ingest.HeartbeatLate,
		},
	}
	if p := r.Producer; p.Status != "" || p.SessionID != "" || p.Session != "" {
		out.Producer = &api.ProducerHealth{
			SessionID: p.SessionID, Session: p.Session, Implied: p.Implied, StartedAt: answer.Optional(p.StartedAt),
			Status: p.Status, SampleAgeS: seconds(p.SampleAgeS),
		}
	}
	if d := r.Delivery; d != (health.Delivery{}) {
		out.Delivery = &api.DeliveryHealth{
			Status: d.Status, Reason: d.Reason, Errors: d.Errors, Users: d.Users, MatchMS: d.MatchMillis, DeliverMS: d.DeliverMillis,
		}
	}
	for name, t := range r.Tiers {
		out.Tiers[name] = api.TierHealth{
			Status: string(t.Status), Reason: t.Reason, LastEventAt: answer.Optional(t.LastEventAt), AgeS: seconds(t.AgeS), StaleAfterS: seconds(t.StaleAfterS),
		}
	}
	return out
}

// piece is how many events are counted at once.
const piece = 1024

// ratesFor is how long counted rates are used again: counting walks the ring.
const ratesFor = time.Second

// rates counts the accepted events of the last minute and hour, as far as the ring remembers.
type rates struct {
	hub    *hub.Hub
	market func() *calendar.Calendar

	mu      sync.Mutex
	taken   time.Time               // guarded by mu
	counts  map[event.Tier]api.Rate // guarded by mu; never changed once there
	day     string                  // the trading day that session counts; guarded by mu
	seen    uint64                  // up to which position it has counted; guarded by mu
	session map[event.Tier]int      // guarded by mu
}

// at returns the rates by tier.
func (c *rates) at(now time.Time) map[event.Tier]api.Rate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts != nil && now.Sub(c.taken).Abs() < ratesFor {
		return c.counts
	}
	counts := map[event.Tier]api.Rate{}
	ring := c.hub.Recent()
	first, last := ring.Span()
	for last >= max(first, 1) {
		from := max(first-1, max(last, piece)-piece)
		items, ok := ring.Between(from, last, nil)
		if !ok || len(items) == 0 || now.Sub(items[len(items)-1].Event.ReceivedAt) > time.Hour {
			break
		}
		for _, it := range slices.Backward(items) {
			age := now.Sub(it.Event.ReceivedAt)
			rate := counts[it.Event.Tier]
			if age <= time.Minute {
				rate.PerMin++
			}
			if age <= time.Hour {
				rate.PerHour++
			}
			counts[it.Event.Tier] = rate
		}
		last = from
	}
	for tier, n := range c.ofDay(now) {
		rate := counts[tier]
		rate.Session = n
		counts[tier] = rate
	}
	c.taken, c.counts = now, counts
	return counts
}

// ofDay counts the events of the trading day, going on from where it was last. The caller holds the mutex.
func (c *rates) ofDay(now time.Time) map[event.Tier]int {
	if _, day := c.market().SessionAt(now); day != c.day {
		c.day, c.seen, c.session = day, 0, map[event.Tier]int{}
	}
	ring := c.hub.Recent()
	first, last := ring.Span()
	for first > 0 && c.seen < last {
		from := max(c.seen, first-1)
		upTo := min(from+piece, last)
		items, ok := ring.Between(from, upTo, nil)
		if !ok { // it has left the ring meanwhile
			first, _ = ring.Span()
			continue
		}
		for _, it := range items {
			if it.Event.SessionDate == c.day {
				c.session[it.Event.Tier]++
			}
		}
		c.seen = upTo
	}
	return c.session
}
