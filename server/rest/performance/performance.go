// Package performance reports what became of detections, by tier: how many succeeded, how surely, and what they returned.
package performance

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/gate"
	"tierboard/server/metrics"
	"tierboard/server/perf"
	"tierboard/server/problem"
	"tierboard/server/query/param"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/numbers"
	"tierboard/server/rest/operation"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// Config is what performance is reported from. All but Archive are required.
type Config struct {
	// Archive counts; nil means that nothing is known of any event.
	Archive Archive
	// Fault turns an error of the archive, met doing something, into what clients may see.
	Fault func(ctx context.Context, doing string, err error) error
	// Market returns the exchange's calendar.
	Market func() *calendar.Calendar
	// Metrics has the latencies of deliveries.
	Metrics *metrics.Metrics
	// Now is the clock.
	Now func() time.Time
}

// Performance answers how events did. Any number of goroutines may use it.
type Performance struct {
	cfg  Config
	kept *reports
}

// New returns a Performance that keeps no report yet.
func New(cfg Config) *Performance { return &Performance{cfg, newReports()} }

// Operation is the one about outcomes.
func (p *Performance) Operation() operation.Operation {
	return operation.Operation{
		Method: http.MethodGet, Path: api.PathPerformance, ID: "getPerformance", Tag: operation.TagPerformance, Summary: "Tell what became of detections, by tier",
		Doc: "From the outcomes producers reported, and nothing else. A rate needs 30 outcomes and comes with its 95 % Wilson interval; " +
			"pending and excluded detections are always told. A report may be up to 30 s old if making it takes long; as_of tells. outcomes is none when nobody reported any: that is no rate of 0 %.",
		Params: params, Out: api.Performance{}, Problems: []problem.Kind{problem.Unavailable}, Handle: p.answer,
	}
}

// params are the parameters of a report.
var params = []param.Param{
	{Name: "tiers", Aliases: []string{"tier"}, Type: param.TypeList, Enum: []string{"daily", "intraday", "combo"}, Doc: "Only these tiers.", Example: "daily,combo"},
	{Name: "horizon", Type: param.TypeText, Enum: []string{"1d", "5d", "30d"}, Default: "1d", Doc: "How long after the detection.", Example: "1d"},
	{Name: "since", Type: param.TypeTime, Default: "-90d", Doc: "First day: YYYY-MM-DD, a time, or relative (-90d); at most 400 days back from until.", Example: "-90d"},
	{Name: "until", Type: param.TypeTime, Doc: "Last day, in the same forms; today if absent.", Example: "2026-11-20"},
	{Name: "group_by", Type: param.TypeText, Enum: groupWords, Default: "pattern_type", Doc: "How each tier is divided; at most 200 groups, most resolved first.", Example: "pattern_type"},
}

// groupWords are what a tier can be divided by.
var groupWords = []string{"pattern_type", "symbol", "timeframe", "direction", "session", "priority", "none"}

// Bounds of a performance report.
const (
	mostSpan    = 400 * 24 * time.Hour
	mostGroups  = 200
	keptFor     = 30 * time.Second // the longest a report is used again
	freshFor    = time.Second      // the shortest
	worthOf     = 50               // how many times longer a report is used than making it took
	mostReports = 32               // reports that are kept
)

// answer answers with a report.
func (p *Performance) answer(w http.ResponseWriter, r *http.Request) error {
	s, err := p.period(r, p.cfg.Now())
	if err != nil {
		return err
	}
	out, err := p.kept.get(r.Context(), s, p.measure)
	if err != nil {
		return p.cfg.Fault(r.Context(), "read outcomes", err)
	}
	n := numbers.Gather(p.cfg.Metrics)
	out.Tiers = slices.Clone(out.Tiers) // the report is shared
	for i := range out.Tiers {
		out.Tiers[i].DeliveryMS = n.Percentiles("tierboard_deliver_seconds", out.Tiers[i].Tier)
	}
	return answer.JSON(w, http.StatusOK, out)
}

// period is a span of session dates, both inclusive, and how its report is divided.
type period struct {
	Span

	since, until calendar.Date
}

// key is what a period's report is kept under.
func (p period) key() string {
	words := []string{p.since.String(), p.until.String(), p.Horizon, p.GroupBy}
	for _, t := range p.Tiers {
		words = append(words, t.String())
	}
	return strings.Join(words, " ")
}

// period reads the parameters.
func (p *Performance) period(r *http.Request, now time.Time) (period, error) {
	v, err := param.Read(r.URL.RawQuery, params, now)
	if err != nil {
		return period{}, err
	}
	s := period{}
	s.GroupBy = v.OneOf("group_by", "pattern_type", groupWords...)
	s.Now, s.Horizon = now, v.OneOf("horizon", "1d", "1d", "5d", "30d")
	for _, word := range v.Words("tiers", []string{"daily", "intraday", "combo"}) {
		t, _ := event.ParseTier(word) // it is one of the three
		s.Tiers = append(s.Tiers, t)
	}
	if len(s.Tiers) == 0 {
		all := event.Tiers()
		s.Tiers = all[:]
	}
	slices.Sort(s.Tiers)
	market := p.cfg.Market()
	day := func(name string, otherwise time.Time) time.Time {
		if t := v.DateOrTime(name); !t.IsZero() {
			if t.Format(time.DateOnly) == v.Text(name) { // a day is the exchange's own
				return t
			}
			return midnight(market.DateAt(t))
		}
		return otherwise
	}
	until := day("until", midnight(market.DateAt(now)))
	since := day("since", until.AddDate(0, 0, -90))
	switch {
	case since.After(until):
		v.Refuse("since", "must not be after until")
	case until.Sub(since) > mostSpan:
		v.Refuse("since", "must be at most 400 days before until")
	}
	s.since, s.until = calendar.DateOf(since), calendar.DateOf(until)
	return s, v.Err()
}

// midnight is a date as a time in UTC.
func midnight(d calendar.Date) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// measure makes a report of a span of session dates.
func (p *Performance) measure(ctx context.Context, s period) (api.Performance, error) {
	market := p.cfg.Market()
	sessions := market.TradingDaysBetween(s.since, s.until)
	if market.Day(s.since).Trades() {
		sessions++
	}
	var tiers []TierTally
	if p.cfg.Archive != nil {
		span := s.Span
		if span.GroupBy == "none" {
			span.GroupBy = ""
		}
		// A trading day begins with its pre-market and lasts until the next one's; weekends belong to Friday.
		span.Since = market.At(s.since, 4, 0)
		span.Until = market.At(calendar.DateOf(midnight(s.until).AddDate(0, 0, 1)), 4, 0)
		began := time.Now()
		var err error
		tiers, err = p.cfg.Archive.Performance(ctx, span)
		gate.Database(ctx, time.Since(began))
		if err != nil {
			return api.Performance{}, err
		}
	}
	out := api.Performance{
		AsOf: answer.Time(s.Now), Outcomes: "none",
		Window:     api.PerformanceWindow{Since: s.since.String(), Until: s.until.String(), Sessions: sessions},
		Definition: api.PerformanceDefinition{Horizon: s.Horizon, Rule: "producer", Interval: "wilson95", MinSample: perf.MinSample},
		Tiers:      []api.TierPerformance{},
	}
	for _, t := range s.Tiers {
		tally := TierTally{Tier: t}
		if i := slices.IndexFunc(tiers, func(x TierTally) bool { return x.Tier == t }); i >= 0 {
			tally = tiers[i]
		}
		if tally.Resolved > 0 {
			out.Outcomes = "reported"
		}
		tier := tierPerformance(tally)
		if s.GroupBy != "none" {
			tier.Groups = groups(tally.Groups, s.GroupBy)
		}
		out.Tiers = append(out.Tiers, tier)
	}
	return out, nil
}

// tierPerformance makes the entry of a tier.
func tierPerformance(t TierTally) api.TierPerformance {
	out := api.TierPerformance{
		Tier: t.Tier.String(), Detected: t.Detected, Resolved: t.Resolved, Pending: t.Pending, Excluded: t.Excluded,
		Success: rateOf(perf.Share{Successes: t.Successes, N: t.Resolved}), ReturnPct: returns(t.Returns),
	}
	if t.Seconds.N > 0 {
		out.TimeToOutcome = &api.TimeToOutcome{Median: answer.Rounded(t.Seconds.Median, 1), P90: answer.Rounded(t.Seconds.P90, 1)}
	}
	for _, b := range t.Calibration {
		share := rateOf(perf.Share{Successes: b.Successes, N: b.N})
		out.Calibration = append(out.Calibration, api.Calibration{
			Bucket: []float64{b.Low, b.High}, N: b.N, MeanConfidence: answer.Rounded(b.MeanConfidence, 4), Rate: share.Rate, CI95: share.CI95,
		})
	}
	return out
}

// groups makes the entries of the groups of a tier, most resolved first.
func groups(tallies []GroupTally, by string) []api.GroupPerformance {
	out := make([]api.GroupPerformance, 0, len(tallies))
	for _, g := range tallies {
		entry := api.GroupPerformance{
			Group: g.Value, Detected: g.Detected, Resolved: g.Resolved, Pending: g.Pending, Excluded: g.Excluded,
			Success: rateOf(perf.Share{Successes: g.Successes, N: g.Resolved}), ReturnPct: returns(g.Returns),
		}
		if by == "pattern_type" {
			entry.PatternType = g.Value
		}
		out = append(out, entry)
	}
	slices.SortFunc(out, func(a, b api.GroupPerformance) int {
		return cmp.Or(cmp.Compare(b.Resolved, a.Resolved), cmp.Compare(b.Detected, a.Detected), strings.Compare(a.Group, b.Group))
	})
	return out[:min(len(out), mostGroups)]
}

// rateOf tells a share, with its rate only when there are enough.
func rateOf(s perf.Share) api.SuccessRate {
	out := api.SuccessRate{Count: s.Successes, Sample: "small"}
	switch {
	case s.N == 0:
		out.Sample = "none"
	case s.Known():
		rate := answer.Rounded(s.Rate(), 4)
		low, high := s.Interval()
		out.Rate, out.CI95, out.Sample = &rate, []float64{answer.Rounded(low, 4), answer.Rounded(high, 4)}, "ok"
	}
	return out
}

// returns tells the spread of returns, when there are enough.
func returns(s Spread) *api.Distribution {
	if s.N < perf.MinSample {
		return nil
	}
	return &api.Distribution{Mean: answer.Rounded(s.Mean, 4), Median: answer.Rounded(s.Median, 4), P10: answer.Rounded(s.P10, 4), P90: answer.Rounded(s.P90, 4)}
}

// reports keeps reports for a while, so that a page that many have open costs one look at the outcomes. Reports are made
// one at a time: two that are asked for together are most likely the same.
type reports struct {
	turn chan struct{} // held by who makes a report

	mu   sync.Mutex
	made map[string]made // guarded by mu
}

// made is a kept report; it is not changed any more.
type made struct {
	at     time.Time
	keep   time.Duration
	report api.Performance
}

// old reports whether a report is not used any more.
func (m made) old(now time.Time) bool { return now.Sub(m.at).Abs() >= m.keep }

// newReports returns an empty keep.
func newReports() *reports {
	return &reports{turn: make(chan struct{}, 1), made: map[string]made{}}
}

// get returns a report that is young enough, or makes one.
func (k *reports) get(
	ctx context.Context, s period, measure func(context.Context, period) (api.Performance, error),
) (api.Performance, error) {
	words, now := s.key(), s.Now
	if r, ok := k.find(words, now); ok {
		return r, nil
	}
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return api.Performance{}, ctx.Err()
	}
	defer func() { <-k.turn }()
	if r, ok := k.find(words, now); ok {
		return r, nil
	}
	began := time.Now()
	r, err := measure(ctx, s)
	if err != nil {
		return api.Performance{}, err
	}
	keep := min(max(worthOf*time.Since(began), freshFor), keptFor)
	k.mu.Lock()
	defer k.mu.Unlock()
	for key, kept := range k.made {
		if len(k.made) >= mostReports || kept.old(now) {
			delete(k.made, key)
		}
	}
	k.made[words] = made{now, keep, r}
	return r, nil
}

// find returns a kept report.
func (k *reports) find(words string, now time.Time) (api.Performance, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m, ok := k.made[words]
	return m.report, ok && !m.old(now)
}
