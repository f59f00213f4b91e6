// Package numbers reads what the collectors of package metrics hold at one moment, for answers that tell the server's own
// counts and latencies.
package numbers

import (
	"strings"

	"tierboard/server/metrics"
	"tierboard/server/perf"
	"tierboard/server/rest/answer"
	"tierboard/shared/api"
)

// Numbers are the collectors' values at one moment, by name and by the values of their labels, joined by a space. They do not change.
type Numbers struct {
	totals map[string]map[string]uint64
	spread map[string]map[string]spread
}

// spread is a histogram.
type spread struct {
	bars  []perf.Bar
	total uint64
}

// Gather reads the collectors. What cannot be read is left out.
func Gather(m *metrics.Metrics) Numbers {
	n := Numbers{totals: map[string]map[string]uint64{}, spread: map[string]map[string]spread{}}
	families, _ := m.Registry.Gather() // what it could read comes along with the error
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "tierboard_") {
			continue
		}
		for _, one := range f.GetMetric() {
			var labels []string
			for _, l := range one.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			label := strings.Join(labels, " ")
			if c := one.GetCounter(); c != nil {
				if n.totals[f.GetName()] == nil {
					n.totals[f.GetName()] = map[string]uint64{}
				}
				n.totals[f.GetName()][label] = uint64(c.GetValue())
			}
			if h := one.GetHistogram(); h != nil {
				s := spread{total: h.GetSampleCount()}
				for _, b := range h.GetBucket() {
					s.bars = append(s.bars, perf.Bar{Bound: b.GetUpperBound(), Count: b.GetCumulativeCount()})
				}
				if n.spread[f.GetName()] == nil {
					n.spread[f.GetName()] = map[string]spread{}
				}
				n.spread[f.GetName()][label] = s
			}
		}
	}
	return n
}

// Count returns one total; 0 for one that nobody counted.
func (n Numbers) Count(name, label string) uint64 { return n.totals[name][label] }

// Counts returns the totals of a name by label; never nil.
func (n Numbers) Counts(name string) map[string]uint64 {
	if c := n.totals[name]; c != nil {
		return c
	}
	return map[string]uint64{}
}

// Merged returns a latency in milliseconds over all labels, or nil when nothing was measured.
func (n Numbers) Merged(name string) *api.Percentiles {
	var all spread
	for _, s := range n.spread[name] { // the labels of one name share their bounds
		if all.bars == nil {
			all.bars = make([]perf.Bar, len(s.bars))
		}
		all.total += s.total
		for i, b := range s.bars {
			all.bars[i].Bound = b.Bound
			all.bars[i].Count += b.Count
		}
	}
	return all.percentiles()
}

// Percentiles returns a latency in milliseconds, or nil when nothing was measured.
func (n Numbers) Percentiles(name, label string) *api.Percentiles {
	return n.spread[name][label].percentiles()
}

// percentiles returns a histogram's percentiles in milliseconds, or nil when nothing was measured.
func (s spread) percentiles() *api.Percentiles {
	var out api.Percentiles
	for q, to := range map[float64]*float64{.5: &out.P50, .95: &out.P95, .99: &out.P99} {
		v, ok := perf.FromHistogram(s.bars, s.total, q)
		if !ok {
			return nil
		}
		*to = answer.Rounded(v*1000, 3)
	}
	return &out
}

// Histograms returns every latency that was measured, in short, by name without prefix and unit, and label.
func (n Numbers) Histograms() map[string]api.Histogram {
	out := map[string]api.Histogram{}
	for name, byLabel := range n.spread {
		short, ok := strings.CutSuffix(strings.TrimPrefix(name, "tierboard_"), "_seconds")
		if !ok {
			continue
		}
		for label, s := range byLabel {
			if p := n.Percentiles(name, label); p != nil {
				out[strings.TrimSpace(short+" "+label)] = api.Histogram{Count: s.total, P50: p.P50, P95: p.P95, P99: p.P99}
			}
		}
	}
	return out
}
