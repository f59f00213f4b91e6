// Package numbers holds what the server tells of itself, and remembers two minutes of it.
package numbers

import (
	"slices"
	"strings"
	"time"

	"tierboard/app/ui/chart"
	"tierboard/app/ui/panel"
	"tierboard/shared/wire"
)

// Operations is the server's own numbers, as far as the page shows them.
type Operations struct {
	AsOf      time.Time `json:"as_of"`
	Version   string
	StartedAt time.Time `json:"started_at"`
	Hub       struct {
		Epoch                                                    string
		Seq, Duplicates, Matched, Delivered, Suppressed, Dropped uint64
		Sessions, Subscriptions, Cohorts, Inbox                  int
		WindowMS                                                 float64 `json:"window_ms"`
		RateLimit                                                int     `json:"rate_limit"`
	}
	Streams    int
	Rejects    map[string]uint64
	Messages   map[string]uint64
	Closed     map[string]uint64 `json:"sessions_closed"`
	Histograms map[string]latency
	Settings   Settings
}

// Settings are the server's, as its document about operations lists them.
type Settings []struct{ Name, Value, From string }

// Demo reports whether the feed is invented.
func (s Settings) Demo() bool {
	for _, one := range s {
		if strings.TrimLeft(one.Name, "-") == "demo" {
			return one.Value == "true"
		}
	}
	return false
}

// latency is a histogram in short, in milliseconds.
type latency struct {
	Count         uint64
	P50, P95, P99 float64
}

// Total adds a map's numbers up.
func Total(m map[string]uint64) uint64 {
	var sum uint64
	for _, n := range m {
		sum += n
	}
	return sum
}

// ByCount returns a map's keys, the largest number first.
func ByCount(m map[string]uint64) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for i := 1; i < len(keys); i++ { // a dozen
		for j := i; j > 0 && m[keys[j]] > m[keys[j-1]]; j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
	return keys
}

// DeadLetters are messages that are no event, the newest first. Their texts are the producer's: untrusted.
type DeadLetters struct {
	Total   uint64
	Letters []struct {
		Time                          time.Time
		Channel, Reason, Detail, Head string
		Size                          int
	}
}

// TiersHealth is how fresh the feed is.
type TiersHealth struct {
	Status, Reason string
	AsOf           time.Time `json:"as_of"`
	Market         struct {
		Calendar, Session string
		HolidayName       string    `json:"holiday_name"`
		EarlyClose        bool      `json:"early_close"`
		ClosesAt          time.Time `json:"closes_at"`
		NextOpen          time.Time `json:"next_open"`
	}
	Ingest struct {
		Connected         bool
		Transport         string
		Channels          []string
		ConnectedSince    time.Time `json:"connected_since"`
		DisconnectedSince time.Time `json:"disconnected_since"`
		Reconnects24h     int       `json:"reconnects_24h"`
		LastMessageAt     time.Time `json:"last_message_at"`
		HeartbeatAgeS     *int64    `json:"producer_heartbeat_age_s"`
		HeartbeatLate     bool      `json:"producer_heartbeat_late"`
	}
	Producer *struct {
		Session, Status string
		StartedAt       time.Time `json:"started_at"`
		SampleAgeS      *int64    `json:"sample_age_s"`
	}
	Delivery *struct {
		Status, Reason string
		Errors, Users  int
		MatchMS        float64 `json:"match_ms"`
		DeliverMS      float64 `json:"deliver_ms"`
	}
	Archive *struct {
		Status, Reason string
		Waiting        int
		Lost           uint64
		StoredAt       time.Time `json:"stored_at"`
	}
	Tiers map[string]*TierHealth
}

// TierHealth is how fresh one tier is.
type TierHealth struct {
	Status, Reason string
	LastEventAt    time.Time `json:"last_event_at"`
	AgeS           *int64    `json:"age_s"`
	StaleAfterS    *int64    `json:"stale_after_s"`
	Rate           *struct {
		PerMin  int `json:"per_min"`
		PerHour int `json:"per_hour"`
	}
	DeliverMS *panel.Percentiles `json:"deliver_ms"`
	Counters  *struct{ Accepted uint64 }
}

// Clock returns the exchange's clock as the board's words for it want it.
func (h *TiersHealth) Clock() *wire.Market {
	m := &h.Market
	if m.Session == "" {
		return nil
	}
	return &wire.Market{Session: m.Session, Holiday: m.HolidayName, EarlyClose: m.EarlyClose, ClosesAt: m.ClosesAt, NextOpen: m.NextOpen}
}

// SampleSpan is how far back the page remembers numbers, and SampleGap from where on two of them are no longer neighbours.
const (
	SampleSpan = 2 * time.Minute
	SampleGap  = 10 * time.Second
)

// The numbers that are remembered: totals, from which rates are made, and counts.
const (
	AcceptedTotal = iota
	DeliveredTotal
	MessageTotal
	HeldBackTotal
	SessionCount
	InboxCount
)

// sample is the numbers of one answer, and the server's clock.
type sample struct {
	at     time.Time
	number [InboxCount + 1]uint64
}

// Samples are the last two minutes of numbers, the oldest first. The zero samples are empty.
type Samples struct {
	epoch string // of the server they come from: a restarted server counts from zero
	list  []sample
}

// Add takes an answer's numbers in and forgets what is too old.
func (s *Samples) Add(o *Operations) {
	if n := len(s.list); s.epoch != o.Hub.Epoch || (n > 0 && o.AsOf.Before(s.list[n-1].at)) {
		s.epoch, s.list = o.Hub.Epoch, nil
	} else if n > 0 && !o.AsOf.After(s.list[n-1].at) {
		return // a copy
	}
	h := &o.Hub
	s.list = append(s.list, sample{o.AsOf, [...]uint64{
		AcceptedTotal: h.Seq, DeliveredTotal: h.Delivered, MessageTotal: Total(o.Messages), HeldBackTotal: h.Suppressed + h.Dropped,
		SessionCount: uint64(max(h.Sessions, 0)), InboxCount: uint64(max(h.Inbox, 0)),
	}})
	old := 0
	for old < len(s.list) && o.AsOf.Sub(s.list[old].at) > SampleSpan {
		old++
	}
	s.list = s.list[:copy(s.list, s.list[old:])]
}

// Gauge returns a count's line.
func (s *Samples) Gauge(which int) []chart.Point {
	var out []chart.Point
	for i := range s.list {
		out = append(out, chart.Point{Ago: s.ago(i), Value: float64(s.list[i].number[which])})
	}
	return out
}

// Rate returns the line of what a total grew by, each second. Between numbers that are no neighbours nothing is known.
func (s *Samples) Rate(which int) []chart.Point {
	var out []chart.Point
	for i := 1; i < len(s.list); i++ {
		a, b := &s.list[i-1], &s.list[i]
		from, to, took := a.number[which], b.number[which], b.at.Sub(a.at)
		if took > SampleGap || to < from {
			continue
		}
		out = append(out, chart.Point{Ago: s.ago(i), Value: float64(to-from) / took.Seconds()})
	}
	return out
}

// ago is how many seconds before the newest numbers those with an index were taken.
func (s *Samples) ago(i int) float64 { return s.list[len(s.list)-1].at.Sub(s.list[i].at).Seconds() }

// Latest is the newest value of a line; false when there is none, or the newest numbers did not give one.
func Latest(points []chart.Point) (float64, bool) {
	if n := len(points); n > 0 && points[n-1].Ago == 0 {
		return points[n-1].Value, true
	}
	return 0, false
}

// Highest is the largest value of a line.
func Highest(points []chart.Point) float64 {
	top := 0.0
	for _, p := range points {
		top = max(top, p.Value)
	}
	return top
}
