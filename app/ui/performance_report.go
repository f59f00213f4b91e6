package ui

import (
	"strings"
	"time"

	"tierboard/app/ui/tier"
	"tierboard/shared/pattern"
)

// performanceReport is the server's report on what became of detections, as far as the page shows it.
type performanceReport struct {
	Outcomes string
	Window   struct {
		Since, Until string
		Sessions     int
	}
	Definition struct {
		Horizon, Rule string
		MinSample     int `json:"min_sample"`
	}
	Tiers []tierReport
}

// tierReport is one tier of it.
type tierReport struct {
	Tier                                  string
	Detected, Resolved, Pending, Excluded int
	Success                               successRate
	ReturnPct                             *distribution `json:"return_pct"`
	TimeToOutcome                         *struct {
		Median, P90 float64
	} `json:"time_to_outcome_s"`
	DeliveryMS  *percentiles `json:"delivery_ms"`
	Calibration []calibrationBucket
	Groups      []groupReport
}

// successRate is a share with its interval; without a rate the sample is too small for one.
type successRate struct {
	Count int
	Rate  *float64
	CI95  []float64
}

// distribution is how returns are spread, in percent.
type distribution struct{ Mean, Median, P10, P90 float64 }

// percentiles are a latency's, in milliseconds.
type percentiles struct{ P50, P95, P99 float64 }

// calibrationBucket is what happened to the detections with scores in a range.
type calibrationBucket struct {
	Bucket         []float64
	N              int
	MeanConfidence float64 `json:"mean_confidence"`
	Rate           *float64
	CI95           []float64
}

// groupReport is a tier's detections of one pattern.
type groupReport struct {
	PatternType                           string `json:"pattern_type"`
	Detected, Resolved, Pending, Excluded int
	Success                               successRate
	ReturnPct                             *distribution `json:"return_pct"`
}

// interval returns the bounds of an interval, if there is one.
func interval(ci []float64) (low, high float64, ok bool) {
	if len(ci) != 2 {
		return 0, 0, false
	}
	return ci[0], ci[1], true
}

func (s *successRate) interval() (low, high float64, ok bool)       { return interval(s.CI95) }
func (b *calibrationBucket) interval() (low, high float64, ok bool) { return interval(b.CI95) }

// none reports whether nobody told what became of anything.
func (r *performanceReport) none() bool { return r.Outcomes == "none" }

// minSample is the least number of outcomes that gives a rate.
func (r *performanceReport) minSample() int {
	if r.Definition.MinSample > 0 {
		return r.Definition.MinSample
	}
	return 30
}

// shortDate writes a date of the exchange for people: "22 Aug 2026"; what is no date is left as it is.
func shortDate(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2 Jan 2006")
}

// groupRow is a line of the table by pattern.
type groupRow struct {
	tier  tier.Style
	label string
	group *groupReport
}

// The columns of the table by pattern.
const (
	byTier = iota
	byPattern
	byRate
	byResolved
	byPending
	byExcluded
	byDetected
	byReturn
)

// groupColumns are their titles, as grid writes them.
var groupColumns = [...]string{"Tier", "Pattern", "#Success", "#n", "#Pending", "#Excluded", "#Detected", "#Median return"}

// groupOrder is how the table is sorted.
type groupOrder struct {
	column  int
	falling bool
}

// toggled is the order after a click on a column's header: the other way round, or for another column the way in which people
// look at it first: names from A, numbers from the largest.
func (o groupOrder) toggled(column int) groupOrder {
	if o.column == column {
		return groupOrder{column, !o.falling}
	}
	return groupOrder{column, column != byTier && column != byPattern}
}

// rows returns the report's patterns in an order. Rows without the value that decides come last, whichever way it is sorted; the
// name decides between equals.
func (r *performanceReport) rows(o groupOrder) []groupRow {
	var out []groupRow
	for i := range r.Tiers {
		s, known := tier.Find(r.Tiers[i].Tier)
		if !known {
			continue
		}
		for j := range r.Tiers[i].Groups {
			g := &r.Tiers[i].Groups[j]
			row := groupRow{s, pattern.Label(g.PatternType), g}
			if row.label == "" {
				row.label = "Unnamed"
			}
			// By insertion: a few hundred rows at most, and a sort of its own for this type is a few kilobytes to download.
			at := len(out)
			for at > 0 && o.before(&row, &out[at-1]) {
				at--
			}
			out = append(out, groupRow{})
			copy(out[at+1:], out[at:])
			out[at] = row
		}
	}
	return out
}

// before reports whether a stands above b.
func (o groupOrder) before(a, b *groupRow) bool {
	c := 0
	switch o.column {
	case byTier:
		c = int(a.tier.Tier) - int(b.tier.Tier)
	case byPattern:
		c = strings.Compare(a.label, b.label)
	default:
		va, oka := a.value(o.column)
		vb, okb := b.value(o.column)
		switch {
		case oka != okb:
			return oka
		case va < vb:
			c = -1
		case va > vb:
			c = 1
		}
	}
	if o.falling {
		c = -c
	}
	if c == 0 {
		c = strings.Compare(a.label, b.label)
	}
	if c == 0 {
		c = int(a.tier.Tier) - int(b.tier.Tier)
	}
	return c < 0
}

// value is what a column of numbers sorts by; false when the row has none.
func (r *groupRow) value(column int) (float64, bool) {
	g := r.group
	switch column {
	case byRate:
		if g.Success.Rate == nil {
			return 0, false
		}
		return *g.Success.Rate, true
	case byResolved:
		return float64(g.Resolved), true
	case byPending:
		return float64(g.Pending), true
	case byExcluded:
		return float64(g.Excluded), true
	case byDetected:
		return float64(g.Detected), true
	case byReturn:
		if g.ReturnPct == nil {
			return 0, false
		}
		return g.ReturnPct.Median, true
	}
	return 0, false
}
