package rest

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
	"tierboard/server/perf"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/numbers"
	"tierboard/server/rest/operation"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// performanceOperations is the one about outcomes.
func (x *REST) performanceOperations() []operation.Operation {
	return []operation.Operation{{
		Method: http.MethodGet, Path: api.PathPerformance, ID: "getPerformance", Tag: operation.TagPerformance, Summary: "Tell what became of detections, by tier",
		Doc: "From the outcomes producers reported, and nothing else. A rate needs 30 outcomes and comes with its 95 % Wilson interval; " +
			"pending and excluded detections are always told. A report may be up to 30 s old if making it takes long; as_of tells. outcomes is none when nobody reported any: that is no rate of 0 %.",
		Params: performanceParams, Out: api.Performance{}, Problems: []problem.Kind{problem.Unavailable}, Handle: x.performance,
	}}
}

var performanceParams = []query.Param{
	{Name: "tiers", Aliases: []string{"tier"}, Type: query.TypeList, Enum: []string{"daily", "intraday", "combo"}, Doc: "Only these tiers.", Example: "daily,combo"},
	{Name: "horizon", Type: query.TypeText, Enum: []string{"1d", "5d", "30d"}, Default: "1d", Doc: "How long after the detection.", Example: "1d"},
	{Name: "since", Type: query.TypeTime, Default: "-90d", Doc: "First day: YYYY-MM-DD, a time, or relative (-90d); at most 400 days back from until.", Example: "-90d"},
	{Name: "until", Type: query.TypeTime, Doc: "Last day, in the same forms; today if absent.", Example: "2026-11-20"},
	{Name: "group_by", Type: query.TypeText, Enum: groupWords, Default: "pattern_type", Doc: "How each tier is divided; at most 200 groups, most resolved first.", Example: "pattern_type"},
}

// groupWords are what a tier can be divided by.
var groupWords = []string{"pattern_type", "symbol", "timeframe", "direction", "session", "priority", "none"}

// Bounds of a performance report.
const (
	mostSpan       = 400 * 24 * time.Hour
	mostGroups     = 200
	performanceFor = 30 * time.Second // the longest a report is used again
	freshFor       = time.Second      // the shortest
	worthOf        = 50               // how many times longer a report is used than making it took
	mostReports    = 32               // reports that are kept
)

// performance answers with a report.
func (x *REST) performance(w http.ResponseWriter, r *http.Request) error {
	p, err := x.period(r, x.cfg.Now())
	if err != nil {
		return err
	}
	out, err := x.perf.get(r.Context(), p, x.measure)
	if err != nil {
		return x.source.Fault(r.Context(), "read outcomes", err)
	}
	n := numbers.Gather(x.m)
	out.Tiers = slices.Clone(out.Tiers) // the report is shared
	for i := range out.Tiers {
		out.Tiers[i].DeliveryMS = n.Percentiles("tierboard_deliver_seconds", out.Tiers[i].Tier)
	}
	return answer.JSON(w, http.StatusOK, out)
}

// period is a span of session dates, both inclusive, and how its report is divided.
type period struct {
	Span

	since, until string
}

// key is what a period's report is kept under.
func (p period) key() string {
	words := []string{p.since, p.until, p.Horizon, p.GroupBy}
	for _, t := range p.Tiers {
		words = append(words, t.String())
	}
	return strings.Join(words, " ")
}

// period reads the parameters.
func (x *REST) period(r *http.Request, now time.Time) (period, error) {
	v, err := query.Read(r.URL.RawQuery, performanceParams, now)
	if err != nil {
		return period{}, err
	}
	p := period{}
	p.GroupBy = v.OneOf("group_by", "pattern_type", groupWords...)
	p.Now, p.Horizon = now, v.OneOf("horizon", "1d", "1d", "5d", "30d")
	for _, word := range v.Words("tiers", []string{"daily", "intraday", "combo"}) {
		t, _ := event.ParseTier(word) // it is one of the three
		p.Tiers = append(p.Tiers, t)
	}
	if len(p.Tiers) == 0 {
		all := event.Tiers()
		p.Tiers = all[:]
	}
	slices.Sort(p.Tiers)
	market := x.cfg.Market()
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
	p.since, p.until = since.Format(time.DateOnly), until.Format(time.DateOnly)
	return p, v.Err()
}

// midnight is a date as a time in UTC.
func midnight(d calendar.Date) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// measure makes a report of a span of session dates.
func (x *REST) measure(ctx context.Context, s period) (api.Performance, error) {
	market := x.cfg.Market()
	since, until := dateOf(s.since, calendar.Date{}), dateOf(s.until, calendar.Date{})
	sessions := market.TradingDaysBetween(since, until)
	if market.Day(since).Trades() {
		sessions++
	}
	var tiers []TierTally
	if x.cfg.Archive != nil {
		span := s.Span
		if span.GroupBy == "none" {
			span.GroupBy = ""
		}
		// A trading day begins with its pre-market and lasts until the next one's; weekends belong to Friday.
		span.Since = market.At(since, 4, 0)
		span.Until = market.At(calendar.DateOf(midnight(until).AddDate(0, 0, 1)), 4, 0)
		began := time.Now()
		var err error
		tiers, err = x.cfg.Archive.Performance(ctx, span)
		gate.Database(ctx, time.Since(began))
		if err != nil {
			return api.Performance{}, err
		}
	}
	out := api.Performance{
		AsOf: answer.Time(s.Now), Outcomes: "none",
		Window:     api.PerformanceWindow{Since: s.since, Until: s.until, Sessions: sessions},
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

// performances keeps reports for a while, so that a page that many have open costs one look at the outcomes. Reports are made
// one at a time: two that are asked for together are most likely the same.
type performances struct {
	turn chan struct{} // held by who makes a report

	mu      sync.Mutex
	reports map[string]made // guarded by mu
}

// made is a kept report; it is not changed any more.
type made struct {
	at     time.Time
	keep   time.Duration
	report api.Performance
}

// old reports whether a report is not used any more.
func (m made) old(now time.Time) bool { return now.Sub(m.at).Abs() >= m.keep }

// newPerformances returns an empty keep.
func newPerformances() *performances {
	return &performances{turn: make(chan struct{}, 1), reports: map[string]made{}}
}

// get returns a report that is young enough, or makes one.
func (p *performances) get(
	ctx context.Context, s period, measure func(context.Context, period) (api.Performance, error),
) (api.Performance, error) {
	words, now := s.key(), s.Now
	if r, ok := p.find(words, now); ok {
		return r, nil
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return api.Performance{}, ctx.Err()
	}
	defer func() { <-p.turn }()
	if r, ok := p.find(words, now); ok {
		return r, nil
	}
	began := time.Now()
	r, err := measure(ctx, s)
	if err != nil {
		return api.Performance{}, err
	}
	keep := min(max(worthOf*time.Since(began), freshFor), performanceFor)
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, kept := range p.reports {
		if len(p.reports) >= mostReports || kept.old(now) {
			delete(p.reports, k)
		}
	}
	p.reports[words] = made{now, keep, r}
	return r, nil
}

// find returns a kept report.
func (p *performances) find(words string, now time.Time) (api.Performance, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.reports[words]
	return m.report, ok && !m.old(now)
}
