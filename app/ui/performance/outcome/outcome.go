// Package outcome holds the server's report on what became of detections, and puts its patterns in order.
package outcome

import (
	"strings"
	"time"

	"tierboard/app/ui/panel"
	"tierboard/app/ui/tier"
	"tierboard/shared/pattern"
)

// Report is the server's report on what became of detections, as far as the page shows it.
type Report struct {
	Outcomes string
	Window   struct {
		Since, Until string
		Sessions     int
	}
	Definition struct {
		Horizon, Rule string
		MinSample     int `json:"min_sample"`
	}
	Tiers []Tier
}

// Tier is one tier of it.
type Tier struct {
	Tier                                  string
	Detected, Resolved, Pending, Excluded int
	Success                               Success
	ReturnPct                             *Spread `json:"return_pct"`
	TimeToOutcome                         *struct {
		Median, P90 float64
	} `json:"time_to_outcome_s"`
	DeliveryMS  *panel.Percentiles `json:"delivery_ms"`
	Calibration []Bucket
	Groups      []Group
}

// Success is a share with its interval; without a rate the sample is too small for one.
type Success struct {
	Count int
	Rate  *float64
	CI95  []float64
}

// Spread is how returns are spread, in percent.
type Spread struct{ Mean, Median, P10, P90 float64 }

// Bucket is what happened to the detections with scores in a range.
type Bucket struct {
	Bucket         []float64
	N              int
	MeanConfidence float64 `json:"mean_confidence"`
	Rate           *float64
	CI95           []float64
}

// Group is a tier's detections of one pattern.
type Group struct {
	PatternType                           string `json:"pattern_type"`
	Detected, Resolved, Pending, Excluded int
	Success                               Success
	ReturnPct                             *Spread `json:"return_pct"`
}

// Interval returns the bounds of an interval, if there is one.
func Interval(ci []float64) (low, high float64, ok bool) {
	if len(ci) != 2 {
		return 0, 0, false
	}
	return ci[0], ci[1], true
}

// Interval returns the bounds of the rate's interval, if there is one.
func (s *Success) Interval() (low, high float64, ok bool) { return Interval(s.CI95) }

// Interval returns the bounds of the rate's interval, if there is one.
func (b *Bucket) Interval() (low, high float64, ok bool) { return Interval(b.CI95) }

// None reports whether nobody told what became of anything.
func (r *Report) None() bool { return r.Outcomes == "none" }

// MinSample is the least number of outcomes that gives a rate.
func (r *Report) MinSample() int {
	if r.Definition.MinSample > 0 {
		return r.Definition.MinSample
	}
	return 30
}

// ShortDate writes a date of the exchange for people: "22 Aug 2026"; what is no date is left as it is.
func ShortDate(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2 Jan 2006")
}

// Row is a line of the table by pattern.
type Row struct {
	Tier  tier.Style
	Label string
	Group *Group
}

// ByTier and the others are the columns of the table by pattern.
const (
	ByTier = iota
	ByPattern
	ByRate
	ByResolved
	ByPending
	ByExcluded
	ByDetected
	ByReturn
)

// Columns are their titles, as panel.Grid writes them.
var Columns = [...]string{"Tier", "Pattern", "#Success", "#n", "#Pending", "#Excluded", "#Detected", "#Median return"}

// Order is how the table is sorted.
type Order struct {
	Column  int
	Falling bool
}

// Toggled is the order after a click on a column's header: the other way round, or for another column the way in which people
// look at it first: names from A, numbers from the largest.
func (o Order) Toggled(column int) Order {
	if o.Column == column {
		return Order{column, !o.Falling}
	}
	return Order{column, column != ByTier && column != ByPattern}
}

// Rows returns the report's patterns in an order. Rows without the value that decides come last, whichever way it is sorted; the
// name decides between equals.
func (r *Report) Rows(o Order) []Row {
	var out []Row
	for i := range r.Tiers {
		s, known := tier.Find(r.Tiers[i].Tier)
		if !known {
			continue
		}
		for j := range r.Tiers[i].Groups {
			g := &r.Tiers[i].Groups[j]
			row := Row{s, pattern.Label(g.PatternType), g}
			if row.Label == "" {
				row.Label = "Unnamed"
			}
			// By insertion: a few hundred rows at most, and a sort of its own for this type is a few kilobytes to download.
			at := len(out)
			for at > 0 && o.before(&row, &out[at-1]) {
				at--
			}
			out = append(out, Row{})
			copy(out[at+1:], out[at:])
			out[at] = row
		}
	}
	return out
}

// before reports whether a stands above b.
func (o Order) before(a, b *Row) bool {
	c := 0
	switch o.Column {
	case ByTier:
		c = int(a.Tier.Tier) - int(b.Tier.Tier)
	case ByPattern:
		c = strings.Compare(a.Label, b.Label)
	default:
		va, oka := a.value(o.Column)
		vb, okb := b.value(o.Column)
		switch {
		case oka != okb:
			return oka
		case va < vb:
			c = -1
		case va > vb:
			c = 1
		}
	}
	if o.Falling {
		c = -c
	}
	if c == 0 {
		c = strings.Compare(a.Label, b.Label)
	}
	if c == 0 {
		c = int(a.Tier.Tier) - int(b.Tier.Tier)
	}
	return c < 0
}

// value is what a column of numbers sorts by; false when the row has none.
func (r *Row) value(column int) (float64, bool) {
	g := r.Group
	switch column {
	case ByRate:
		if g.Success.Rate == nil {
			return 0, false
		}
		return *g.Success.Rate, true
	case ByResolved:
		return float64(g.Resolved), true
	case ByPending:
		return float64(g.Pending), true
	case ByExcluded:
		return float64(g.Excluded), true
	case ByDetected:
		return float64(g.Detected), true
	case ByReturn:
		if g.ReturnPct == nil {
			return 0, false
		}
		return g.ReturnPct.Median, true
	}
	return 0, false
}

// SpreadScale is the scale on which all tiers' returns can be compared: it holds zero and every distribution.
func SpreadScale(tiers []Tier) (low, high float64) {
	for i := range tiers {
		if d := tiers[i].ReturnPct; d != nil {
			low, high = min(low, d.P10), max(high, d.P90)
		}
	}
	return low, high
}
