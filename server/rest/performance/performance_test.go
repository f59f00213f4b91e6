package performance

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/metrics"
	"tierboard/server/problem"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// friday is when the tests take place: a trading day, 14:31 in New York.
var friday = time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC)

// errAway is what an archive that is away answers.
var errAway = errors.New("away")

// memory is an archive that knows what it is given. One goroutine uses it.
type memory struct {
	tallies []TierTally
	fault   error
	span    Span // that was asked for last
	asked   int
}

func (m *memory) Performance(_ context.Context, s Span) ([]TierTally, error) {
	m.span = s
	m.asked++
	return m.tallies, m.fault
}

// rig is a Performance with everything behind it.
type rig struct {
	*memory

	t   *testing.T
	m   *metrics.Metrics
	now time.Time
	p   *Performance
}

func start(t *testing.T) *rig {
	t.Helper()
	market := calendar.NYSE()
	r := &rig{memory: &memory{}, t: t, m: metrics.New(), now: friday}
	r.p = New(Config{
		Archive: r, Fault: func(_ context.Context, doing string, err error) error { return errors.Join(errors.New(doing), err) },
		Market: func() *calendar.Calendar { return market }, Metrics: r.m, Now: func() time.Time { return r.now },
	})
	return r
}

// ask asks for a report.
func (r *rig) ask(query string) (api.Performance, error) {
	r.t.Helper()
	w := httptest.NewRecorder()
	var out api.Performance
	if err := r.p.Operation().Handle(w, httptest.NewRequest(http.MethodGet, "/api/patterns/performance"+query, http.NoBody)); err != nil {
		return out, err
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		r.t.Fatalf("%s: %d %v in %s", query, w.Code, err, w.Body)
	}
	return out, nil
}

// get asks for a report that there is.
func (r *rig) get(query string) api.Performance {
	r.t.Helper()
	out, err := r.ask(query)
	if err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	return out
}

func TestPerformanceTellsWhatItKnows(t *testing.T) {
	r := start(t)
	if none := r.get(""); none.Outcomes != "none" || len(none.Tiers) != 3 || none.Tiers[0].Success.Rate != nil || none.Tiers[0].Success.Sample != "none" {
		t.Fatalf("%+v", none)
	}
	r.now = r.now.Add(time.Minute) // the report above is kept for a while
	r.tallies = []TierTally{{
		Tier:    event.Daily,
		Tally:   Tally{Detected: 652, Resolved: 612, Pending: 31, Excluded: 9, Successes: 355, Returns: Spread{600, .62, .41, -2.9, 4.2}},
		Seconds: Spread{612, 30000, 19800, 60, 86400},
		Calibration: []Bucket{
			{Low: .7, High: .8, N: 12, Successes: 10, MeanConfidence: .75},
			{Low: .8, High: .9, N: 201, Successes: 123, MeanConfidence: .84},
		},
		Groups: []GroupTally{{Value: "bull_flag", Tally: Tally{Detected: 14, Resolved: 12, Pending: 2, Successes: 8}}},
	}}
	p := r.get("?tiers=daily&since=2026-08-22")
	got, err := json.Marshal(p.Tiers)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"tier":"daily","detected":652,"resolved":612,"pending":31,"excluded":9,` +
		`"success":{"count":355,"rate":0.5801,"ci95":[0.5406,0.6185],"sample":"ok"},"return_pct":{"mean":0.62,"median":0.41,"p10":-2.9,"p90":4.2},` +
		`"time_to_outcome_s":{"median":19800,"p90":86400},"calibration":[{"bucket":[0.7,0.8],"n":12,"mean_confidence":0.75,"rate":null},` +
		`{"bucket":[0.8,0.9],"n":201,"mean_confidence":0.84,"rate":0.6119,"ci95":[0.5431,0.6766]}],` +
		`"groups":[{"group":"bull_flag","pattern_type":"bull_flag","detected":14,"resolved":12,"pending":2,"excluded":0,"success":{"count":8,"rate":null,"sample":"small"}}]}]`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if p.Window != (api.PerformanceWindow{Since: "2026-08-22", Until: "2026-11-20", Sessions: 64}) || p.Outcomes != "reported" {
		t.Errorf("%+v %s", p.Window, p.Outcomes)
	}
	// From four in the morning in New York on the first day to the same time behind the last one.
	if s := r.span; s.Since.UTC() != time.Date(2026, 8, 22, 8, 0, 0, 0, time.UTC) || s.Until.UTC() != time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) || !slices.Equal(s.Tiers, []event.Tier{event.Daily}) {
		t.Errorf("asked of %+v", s)
	}
	bySession := r.get("?tiers=daily&group_by=session")
	if g := bySession.Tiers[0].Groups; len(g) != 1 || g[0].Group != "bull_flag" || g[0].PatternType != "" || r.span.GroupBy != "session" {
		t.Errorf("%+v of %+v", g, r.span)
	}
	whole := r.get("?tiers=daily&group_by=none")
	if g := whole.Tiers[0].Groups; g != nil || r.span.GroupBy != "" {
		t.Errorf("%+v of %+v", g, r.span)
	}
	r.fault = errAway
	r.get("?tiers=daily&since=2026-08-22") // kept
	if _, err := r.ask("?tiers=combo"); !errors.Is(err, errAway) {
		t.Errorf("%v", err)
	}
}

// TestReportsAreKept asks for the same again, later, for more than are kept, and for what failed.
func TestReportsAreKept(t *testing.T) {
	r := start(t)
	r.m.DeliverSeconds.WithLabelValues("daily").Observe(.02)
	first := r.get("?tiers=daily")
	if first.Tiers[0].DeliveryMS == nil {
		t.Error("no latency of deliveries")
	}
	r.now = r.now.Add(freshFor - time.Millisecond)
	if again := r.get("?tier=daily"); r.asked != 1 || !again.AsOf.Equal(first.AsOf) {
		t.Errorf("the archive was asked %d times; the reports are of %v and %v", r.asked, first.AsOf, again.AsOf)
	}
	r.now = r.now.Add(keptFor)
	if r.get("?tiers=daily"); r.asked != 2 {
		t.Errorf("the archive was asked %d times", r.asked)
	}
	day := friday
	for range 2 * mostReports {
		day = day.AddDate(0, 0, -1)
		r.get("?since=" + day.Format(time.DateOnly))
	}
	if len(r.p.kept.made) > mostReports {
		t.Errorf("%d reports are kept", len(r.p.kept.made))
	}
	r.fault = errAway
	for range 2 {
		if _, err := r.ask("?tiers=combo"); !errors.Is(err, errAway) {
			t.Errorf("%v", err)
		}
	}
	r.fault = nil
	r.get("?tiers=combo") // what failed is not kept
	for query, field := range map[string]string{
		"?since=2026-11-21&until=2026-11-20": "query.since", "?since=-9000d": "query.since", "?horizon=2d": "query.horizon", "?group_by=mood": "query.group_by",
	} {
		_, err := r.ask(query)
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Fields[0].Location != field {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestReportsAreMadeOnceAtATime gives up waiting for a report that somebody else makes.
func TestReportsAreMadeOnceAtATime(t *testing.T) {
	k := newReports()
	begun, end := make(chan struct{}), make(chan struct{})
	first := make(chan error)
	go func() {
		_, err := k.get(context.Background(), period{}, func(context.Context, period) (api.Performance, error) {
			close(begun)
			<-end
			return api.Performance{Outcomes: "none"}, nil
		})
		first <- err
	}()
	<-begun
	ctx, stop := context.WithCancel(t.Context())
	stop()
	never := func(context.Context, period) (api.Performance, error) {
		t.Error("a second one is made at the same time")
		return api.Performance{}, nil
	}
	if _, err := k.get(ctx, period{}, never); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(end)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if got, err := k.get(t.Context(), period{}, never); err != nil || got.Outcomes != "none" {
		t.Errorf("%+v %v", got, err)
	}
}
