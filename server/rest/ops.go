package rest

import (
	"errors"
	"net/http"
	"strings"

	"tierboard/server/metrics"
	"tierboard/server/perf"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/shared/api"
)

// opsOperations are the server's own numbers.
func (x *REST) opsOperations() []operation {
	return []operation{
		{
			method: http.MethodGet, path: api.PathOps, id: "getOps", tag: tagOps, summary: "Tell the server's own numbers",
			doc: "Connections, totals of delivery, messages by what became of them, rejects by reason, latencies, live streams that do not keep up, and the settings in force with secrets masked.",
			out: api.Ops{}, handle: x.ops,
		},
		{
			method: http.MethodGet, path: api.PathDeadLetters, id: "listDeadLetters", tag: tagOps, summary: "List messages that are no event",
			doc:    "The newest first. The texts are the producer's and untrusted.",
			params: letterParams, out: api.DeadLetters{}, handle: x.deadLetters,
		},
	}
}

var letterParams = []query.Param{
	{Name: "limit", Type: query.TypeInteger, Low: 1, High: 1000, Default: "100", Doc: "Most messages.", Example: "100"},
}

// deadLetters answers with the newest rejects.
func (x *REST) deadLetters(w http.ResponseWriter, r *http.Request) error {
	v, err := query.Read(r.URL.RawQuery, letterParams, x.cfg.Now())
	if err != nil {
		return err
	}
	limit := v.Whole("limit", 100, 1, 1000)
	if err := v.Err(); err != nil {
		return err
	}
	out := api.DeadLetters{Letters: []api.DeadLetter{}}
	if x.cfg.DeadLetters != nil {
		letters, total := x.cfg.DeadLetters(limit)
		out.Letters, out.Total = append(out.Letters, letters...), total
	}
	return writeJSON(w, http.StatusOK, out)
}

// mostSlow bounds the list of slow sessions.
const mostSlow = 20

// ops answers with everything the operator's page shows.
func (x *REST) ops(w http.ResponseWriter, r *http.Request) error {
	if err := noParams(r); err != nil {
		return err
	}
	s := x.cfg.Hub.Stats()
	n := gather(x.m)
	out := api.Ops{
		AsOf: stampOf(x.cfg.Now()), Version: x.cfg.Version, StartedAt: stampOf(x.started),
		Hub: api.HubStats{
			Epoch: s.Epoch, Seq: s.Seq, Duplicates: s.Duplicates, Matched: s.Matched, Delivered: s.Delivered, Suppressed: s.Suppressed,
			Dropped: s.Dropped, Sessions: s.Sessions, Subscriptions: s.Subscriptions, Cohorts: s.Cohorts, Inbox: s.Inbox,
			WindowMS: float64(s.Window.Microseconds()) / 1000, RateLimit: s.RateLimit,
		},
		Slow:       []api.SlowSession{},
		Rejects:    n.counts("tierboard_ingest_rejects_total"),
		Messages:   n.counts("tierboard_ingest_messages_total"),
		Closed:     n.counts("tierboard_sessions_closed_total"),
		Lag:        n.merged("tierboard_ingest_lag_seconds"),
		Histograms: n.histograms(),
	}
	if x.cfg.Streams != nil {
		out.Streams = x.cfg.Streams()
	}
	if x.cfg.SlowSessions != nil {
		out.Slow = append(out.Slow, x.cfg.SlowSessions(mostSlow)...)
	}
	if x.cfg.Settings != nil {
		out.Settings = x.cfg.Settings()
	}
	return writeJSON(w, http.StatusOK, out)
}

// numbers are the collectors' values at one moment, by name and by the values of their labels, joined by a space.
type numbers struct {
	totals map[string]map[string]uint64
	spread map[string]map[string]spread
}

// spread is a histogram.
type spread struct {
	bars  []perf.Bar
	total uint64
}

// gather reads the collectors. What cannot be read is left out.
func gather(m *metrics.Metrics) numbers {
	n := numbers{totals: map[string]map[string]uint64{}, spread: map[string]map[string]spread{}}
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

// count returns one total.
func (n numbers) count(name, label string) uint64 { return n.totals[name][label] }

// counts returns the totals of a name by label; never nil.
func (n numbers) counts(name string) map[string]uint64 {
	if c := n.totals[name]; c != nil {
		return c
	}
	return map[string]uint64{}
}

// merged returns a latency in milliseconds over all labels, or nil when nothing was measured.
func (n numbers) merged(name string) *api.Percentiles {
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

// percentiles returns a latency in milliseconds, or nil when nothing was measured.
func (n numbers) percentiles(name, label string) *api.Percentiles {
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
		*to = rounded(v*1000, 3)
	}
	return &out
}

// histograms returns every latency that was measured, in short, by name without prefix and unit, and label.
func (n numbers) histograms() map[string]api.Histogram {
	out := map[string]api.Histogram{}
	for name, byLabel := range n.spread {
		short, ok := strings.CutSuffix(strings.TrimPrefix(name, "tierboard_"), "_seconds")
		if !ok {
			continue
		}
		for label, s := range byLabel {
			if p := n.percentiles(name, label); p != nil {
				out[strings.TrimSpace(short+" "+label)] = api.Histogram{Count: s.total, P50: p.P50, P95: p.P95, P99: p.P99}
			}
		}
	}
	return out
}

// asProblem returns the problem an error is, or nil.
func asProblem(err error) *problem.Error {
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p
	}
	return nil
}
