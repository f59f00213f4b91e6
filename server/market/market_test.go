package market

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T, cfg Config) *Market {
	t.Helper()
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// play draws n minutes and returns all bars in the order they came.
func play(m *Market, n int) []Bar {
	var out []Bar
	for range n {
		out = append(out, m.Next().Bars...)
	}
	return out
}

func TestSameSeedSameMarket(t *testing.T) {
	cfg := Config{Seed: 7, History: 40}
	a, b := open(t, cfg), open(t, cfg)
	if d := cmp.Diff(a.Daily(3), b.Daily(3)); d != "" {
		t.Errorf("history differs:\n%s", d)
	}
	if d := cmp.Diff(play(a, 500), play(b, 500)); d != "" {
		t.Errorf("minutes differ:\n%s", d)
	}
	cfg.Seed = 8
	if cmp.Equal(a.Daily(3), open(t, cfg).Daily(3)) {
		t.Error("another seed gave the same history")
	}
}

func TestEveryBarIsSound(t *testing.T) {
	m := open(t, Config{Seed: 1, History: 90})
	check := func(symbol string, b Bar) {
		t.Helper()
		if b.Low <= 0 || b.Low > min(b.Open, b.Close) || b.High < max(b.Open, b.Close) || b.Volume < 1 || math.IsNaN(b.Close) || b.Span <= 0 {
			t.Fatalf("%s: unsound bar %+v", symbol, b)
		}
	}
	for i, s := range m.Symbols() {
		if n := len(m.Daily(i)); n != 90 {
			t.Fatalf("%s: %d daily bars, want 90", s, n)
		}
		for _, b := range m.Daily(i) {
			check(s, b)
		}
	}
	for range 2 * SessionMinutes {
		for i, b := range m.Next().Bars {
			check(m.stocks[i].profile.Symbol, b)
		}
	}
}

func TestDailyBarIsTheMergeOfItsMinutes(t *testing.T) {
	m := open(t, Config{Seed: 3, Listing: Listing()[:2], History: 1})
	for range 3 {
		var minutes []Bar
		for {
			tick := m.Next()
			if tick.Minute != len(minutes) {
				t.Fatalf("minute %d after %d minutes", tick.Minute, len(minutes))
			}
			minutes = append(minutes, tick.Bars[1])
			if tick.Closed {
				break
			}
		}
		days := m.Daily(1)
		if d := cmp.Diff(Merge(minutes), days[len(days)-1]); d != "" {
			t.Fatalf("daily bar (-minutes +daily):\n%s", d)
		}
		if len(minutes) != SessionMinutes {
			t.Fatalf("session of %d minutes", len(minutes))
		}
	}
}

func TestSessionsFallOnWeekdays(t *testing.T) {
	m := open(t, Config{Seed: 3, Listing: Listing()[:1], History: 12})
	if got, want := m.Session(), time.Date(2020, 1, 6, 9, 30, 0, 0, Zone()); !got.Equal(want) {
		t.Errorf("first live session opens %v, want %v", got, want)
	}
	play(m, 7*SessionMinutes)
	days := m.Daily(0)
	if len(days) != 19 {
		t.Fatalf("%d days", len(days))
	}
	for i, b := range days {
		if w := b.Start.Weekday(); w == time.Saturday || w == time.Sunday {
			t.Errorf("session on %v", b.Start)
		}
		if i > 0 {
			if gap := b.Start.Sub(days[i-1].Start); gap != 24*time.Hour && gap != 72*time.Hour {
				t.Errorf("%v after %v", b.Start, days[i-1].Start)
			}
		}
	}
	if m.Number() != 19 {
		t.Errorf("number %d, want 19", m.Number())
	}
}

func TestALongRunStaysSensible(t *testing.T) {
	m := open(t, Config{Seed: 5, Listing: Listing()[:8], History: 260})
	regimes := map[Regime]bool{}
	for range 300 {
		for m.minute < SessionMinutes {
			m.step(historyStep)
		}
		m.closeSession()
		m.beginSession()
		regimes[m.Regime()] = true
	}
	if len(regimes) != 4 {
		t.Errorf("regimes seen: %v, want all four", regimes)
	}
	for i, s := range m.stocks {
		if len(s.daily) != maxDaily {
			t.Errorf("%s keeps %d days", s.profile.Symbol, len(s.daily))
		}
		var squares float64
		for k := 1; k < len(s.daily); k++ {
			r := math.Log(s.daily[k].Close / s.daily[k-1].Close)
			squares += r * r
		}
		sigma := math.Sqrt(squares / float64(len(s.daily)-1))
		if ratio := sigma / s.profile.Volatility; ratio < 0.6 || ratio > 2 {
			t.Errorf("%s moves %.4f a day, profile says %.4f", s.profile.Symbol, sigma, s.profile.Volatility)
		}
		if p := m.Daily(i)[maxDaily-1].Close / s.profile.Price; p < 0.2 || p > 5 {
			t.Errorf("%s ended at %.2f times its listed price", s.profile.Symbol, p)
		}
	}
}

func TestDayShapeAveragesOne(t *testing.T) {
	sum := 0.0
	for i := range SessionMinutes {
		sum += dayShape(float64(i) + 0.5)
	}
	if mean := sum / SessionMinutes; math.Abs(mean-1) > 0.03 {
		t.Errorf("mean activity %.3f, want 1", mean)
	}
}

func TestMerge(t *testing.T) {
	at := time.Date(2020, 1, 6, 9, 30, 0, 0, Zone())
	got := Merge([]Bar{
		{at, time.Minute, 10, 12, 9, 11, 100},
		{at.Add(time.Minute), time.Minute, 11, 11.5, 8, 8.5, 50},
	})
	want := Bar{at, 2 * time.Minute, 10, 12, 8, 8.5, 150}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !want.End().Equal(at.Add(2 * time.Minute)) {
		t.Errorf("end %v", want.End())
	}
	if d := cmp.Diff(Bar{}, Merge(nil)); d != "" {
		t.Error(d)
	}
}

func TestValidate(t *testing.T) {
	good := Profile{"AAPL", 200, 1_000_000, 0.02, 1}
	with := func(change func(*Profile)) []Profile {
		p := good
		change(&p)
		return []Profile{p}
	}
	for name, tc := range map[string]struct {
		cfg  Config
		want string
	}{
		"negative history":  {Config{History: -1}, "history"},
		"too much history":  {Config{History: 261}, "history"},
		"no symbol":         {Config{Listing: with(func(p *Profile) { p.Symbol = "" })}, "listing[0]: symbol"},
		"lower case symbol": {Config{Listing: with(func(p *Profile) { p.Symbol = "aapl" })}, "listing[0]: symbol"},
		"free":              {Config{Listing: with(func(p *Profile) { p.Price = 0 })}, "price"},
		"price is no number": {
			Config{Listing: with(func(p *Profile) { p.Price = math.NaN() })}, "price",
		},
		"untraded": {Config{Listing: with(func(p *Profile) { p.Volume = 1 })}, "volume"},
		"wild":     {Config{Listing: with(func(p *Profile) { p.Volatility = 1 })}, "volatility"},
		"beta":     {Config{Listing: with(func(p *Profile) { p.Beta = -1 })}, "beta"},
		"twice":    {Config{Listing: []Profile{good, good}}, "listed twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(tc.cfg)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one about %q", err, tc.want)
			}
		})
	}
	if err := (Config{Listing: Listing(), History: 90}).Validate(); err != nil {
		t.Error(err)
	}
	if n := len(Listing()); n != 60 {
		t.Errorf("%d symbols", n)
	}
}

func TestRegimeNames(t *testing.T) {
	want := []string{"neutral", "bull", "bear", "consolidation"}
	for r, name := range want {
		if got := Regime(r).String(); got != name {
			t.Errorf("Regime(%d) is %q, want %q", r, got, name)
		}
	}
}
