package ui

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/pattern"
	"tierboard/shared/wire"
)

// render draws a Dashboard as the server does.
func render(t *testing.T, d *Dashboard) string {
	t.Helper()
	e := app.NewTestEngine()
	if err := e.Load(d); err != nil {
		t.Fatal(err)
	}
	e.ConsumeAll()
	return app.HTMLString(d)
}

func TestShellHasThreeNamedColumnsAndSkeletons(t *testing.T) {
	html := render(t, &Dashboard{})
	for _, s := range tier.All {
		for _, id := range []string{"column-", "list-", "count-", "filters-", "pause-", "new-", "state-", "tab-", "empty-"} {
			if !strings.Contains(html, `id="`+id+s.Class+`"`) {
				t.Errorf("no element %s%s", id, s.Class)
			}
		}
	}
	if n := strings.Count(html, `class="skeleton"`); n != 3*skeletons {
		t.Errorf("%d skeletons, want %d", n, 3*skeletons)
	}
	if strings.Contains(render(t, &Dashboard{loaded: true}), `class="skeleton"`) {
		t.Error("a loaded board still shows skeletons")
	}
}

// The policy forbids inline style and script; go-app would write both without a word.
func TestShellObeysThePolicy(t *testing.T) {
	html := render(t, &Dashboard{demo: true, notice: notice{text: "x", action: "y"}, columns: [3]columnState{{open: true, filter: board.ColumnFilter{Symbols: "AAPL", Pattern: "doji", MinConfidence: .7}}}})
	for _, bad := range []string{" style=", "<script", "<style", " onclick", "http:", "https:"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page has %q in it", bad)
		}
	}
}

func TestEveryButtonHasAName(t *testing.T) {
	html := render(t, &Dashboard{notice: notice{text: "x", action: "Retry"}})
	button := regexp.MustCompile(`(?s)<button([^>]*)>(.*?)</button>`)
	tag := regexp.MustCompile(`<[^>]*>`)
	for _, m := range button.FindAllStringSubmatch(html, -1) {
		text := strings.TrimSpace(tag.ReplaceAllString(m[2], ""))
		live := regexp.MustCompile(`id="(new|above|below|more|relax)-`).MatchString(m[1]) && strings.Contains(m[1], "hidden") // named when shown
		if text == "" && !strings.Contains(m[1], "aria-label=") && !live {
			t.Errorf("a button without a name: <button%s>", m[1])
		}
	}
}

// Elements that page writes to must keep their place among their siblings, whatever is shown: go-app compares children by
// position, and an element that comes or goes before them would replace them behind page's back.
func TestLiveElementsKeepTheirPlaces(t *testing.T) {
	live := regexp.MustCompile(`^(state|word|speed|clock|count|dot|last|new|newcount|about|rate|list|empty|relax|tabcount|say|columns|symbols|pattern|without|watch|everything|confidence)\b`)
	shape := func(d *Dashboard) map[string]string {
		out := map[string]string{}
		for id, path := range paths(render(t, d)) {
			if live.MatchString(id) {
				out[id] = path
			}
		}
		return out
	}
	plain := shape(&Dashboard{})
	busy := shape(&Dashboard{
		demo: true, loaded: true, theme: "light", query: "aapl up", library: library{lists: []watchlist{{ID: "1", Name: "Tech", Symbols: []string{"AAPL"}}}}, tab: event.Combo, allHeld: true, notice: notice{text: "x", tone: "bad", action: "y"},
		columns: [3]columnState{{open: true, paused: true, filter: board.ColumnFilter{Symbols: "A,B", Pattern: "doji", MinConfidence: 0.5}}, {}, {}},
	})
	if d := cmp.Diff(plain, busy); d != "" {
		t.Errorf("live elements move (-plain +busy):\n%s", d)
	}
	if len(plain) < 30 {
		t.Errorf("only %d live elements found", len(plain))
	}
}

// paths returns for each id where its element stands: tag and position among its siblings, from the root.
func paths(html string) map[string]string {
	type level struct {
		path     string
		children int
	}
	out := map[string]string{}
	stack := []level{{}}
	id := regexp.MustCompile(` id="([^"]*)"`)
	for _, m := range regexp.MustCompile(`<(/?)(\w+)([^>]*)>`).FindAllStringSubmatch(html, -1) {
		if m[1] == "/" {
			stack = stack[:len(stack)-1]
			continue
		}
		top := &stack[len(stack)-1]
		path := fmt.Sprintf("%s/%s[%d]", top.path, m[2], top.children)
		top.children++
		if found := id.FindStringSubmatch(m[3]); found != nil {
			out[found[1]] = path
		}
		if m[2] != "img" && m[2] != "input" {
			stack = append(stack, level{path: path})
		}
	}
	return out
}

func TestChipsNameWhatRestricts(t *testing.T) {
	f := board.ColumnFilter{Symbols: "aapl, nvda,", Pattern: "volume_spike,-doji", MinConfidence: 0.7, Watchlist: "Tech", Watched: "AAPL", Without: true}
	var texts []string
	for _, c := range chipsOf(f) {
		texts = append(texts, c.text)
		if len(chipsOf(c.without)) != 4 {
			t.Errorf("without %q there are %d chips, want 4", c.text, len(chipsOf(c.without)))
		}
	}
	if d := cmp.Diff([]string{"AAPL, NVDA", "Volume Spike", "not Doji", "Watchlist: Not Tech", "Confidence ≥ 70"}, texts); d != "" {
		t.Error(d)
	}
	if len(chipsOf(board.ColumnFilter{})) != 0 {
		t.Error("no filter has chips")
	}
}

func TestPatternsOfTiersAreTheTables(t *testing.T) {
	total := 0
	for _, s := range tier.All {
		names := tier.Patterns(s.Tier)
		if len(names) == 0 {
			t.Errorf("no patterns for %s", s.Class)
		}
		total += len(names)
	}
	if total < len(pattern.Known()) {
		t.Errorf("%d names offered, the table has %d", total, len(pattern.Known()))
	}
}

func TestCardSaysWhatTheEventSays(t *testing.T) {
	now := time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC)
	v := &viewer{exchange: func(time.Time) (int, string) { return -5 * 3600, "EST" }, local: format.UTC}
	v.zone = v.exchange
	base := func(tier event.Tier, c float64) *event.Event {
		return &event.Event{
			Kind: event.Pattern, ID: "x", Tier: tier, Confidence: c, Priority: event.PriorityOf(c), DetectedAt: now.Add(-4 * time.Second),
			Scope: event.Scope{Symbol: "AAPL", Pattern: "volume_spike", Label: "Volume Spike", Timeframe: "5min", Direction: event.Bullish},
			Price: event.Num(229.41), ChangePct: event.Num(-0.84), RelativeVolume: event.Num(4.2),
		}
	}
	intraday := base(event.Intraday, 0.91)
	intraday.Intraday = &event.IntradayDetail{RealTime: true}
	combo := base(event.Combo, 0.86)
	combo.Combo = &event.ComboDetail{
		Correlation: event.Num(0.86),
		Setup:       &event.Link{ID: "d", Kind: event.LinkExact, Label: "Bull Flag"},
		Trigger:     &event.Link{Kind: event.LinkInferred, Label: "Volume Spike", Timeframe: "5min"},
	}
	cases := []struct {
		name string
		card *board.Card
		want view
	}{
		{"intraday", &board.Card{Event: intraday, Repeats: 3}, view{
			class: "card intraday up critical", label: "AAPL Volume Spike ×3, bullish, confidence 91 percent, critical priority, 229.41 dollars, change −0.84%, 14:31:07",
			sym: "AAPL", pat: "Volume Spike ×3", badge: "Critical", when: "14:31:07", age: "4s", px: "229.41", chg: "−0.84%", chgClass: "chg loss",
			tf: "5m", note: "vol 4.2×", conf: "91", meter: "conf m5",
		}},
		{"combo", &board.Card{Event: combo, Repeats: 1}, view{
			class: "card combo up high", label: "AAPL Volume Spike, bullish, confidence 86 percent, high priority, setup Bull Flag, trigger Volume Spike 5m, 20 Nov 14:31:07",
			sym: "AAPL", pat: "Volume Spike", badge: "High", when: "20 Nov 14:31:07", age: "4s", note: "correlation 0.86", conf: "86", meter: "conf m4",
			setup: "Bull Flag", setupClass: "leg daily exact", trigger: "Volume Spike 5m", triggerClass: "leg intraday inferred",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := v.view(c.card, now)
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(view{})); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	bare := &event.Event{Kind: event.Pattern, ID: "y", Tier: event.Combo, DetectedAt: now, Combo: &event.ComboDetail{}}
	if got := v.view(&board.Card{Event: bare}, now); got.setup != "no setup" || got.trigger != "no trigger" {
		t.Errorf("a combo without links shows %q and %q", got.setup, got.trigger)
	}
}

func TestRateMeterCountsTheLastSecond(t *testing.T) {
	var m rateMeter
	at := time.Unix(100, 0)
	m.add(5, at)
	m.add(7, at.Add(500*time.Millisecond))
	if got := m.perSecond(at.Add(900 * time.Millisecond)); got != 12 {
		t.Errorf("in the same second: %d, want 12", got)
	}
	if got := m.perSecond(at.Add(1500 * time.Millisecond)); got != 12 {
		t.Errorf("a second later: %d, want 12", got)
	}
	if got := m.perSecond(at.Add(3 * time.Second)); got != 0 {
		t.Errorf("after silence: %d, want 0", got)
	}
}

func TestLadderKeepsOrderAndRoom(t *testing.T) {
	e := &event.Event{Price: event.Num(229.41), Levels: []event.Level{
		{Kind: "stop", Price: 225.1}, {Kind: "target", Price: 236, Label: "T2"}, {Kind: "entry", Price: 228.6}, {Kind: "target", Price: 232.5, Label: "T1"}, {Kind: "level", Price: -1},
	}}
	rs := rungs(e)
	var labels []string
	for i, r := range rs {
		labels = append(labels, r.label)
		if r.y < 0 || r.y > ladderHeight || r.textY < 0 || r.textY > ladderHeight {
			t.Errorf("%s lies outside: %v, %v", r.label, r.y, r.textY)
		}
		if i > 0 && (r.y < rs[i-1].y || r.textY < rs[i-1].textY+labelStep-0.01) {
			t.Errorf("%s touches or passes %s", r.label, rs[i-1].label)
		}
	}
	if d := cmp.Diff([]string{"T2 236.00", "T1 232.50", "229.41", "Entry 228.60", "Stop 225.10"}, labels); d != "" {
		t.Error(d)
	}
	if rungs(&event.Event{Price: event.Num(1)}) != nil {
		t.Error("a price without levels draws a ladder")
	}
	crowd := &event.Event{}
	for range 9 {
		crowd.Levels = append(crowd.Levels, event.Level{Kind: "level", Price: 10})
	}
	for _, r := range rungs(crowd) {
		if r.textY > ladderHeight {
			t.Errorf("a label of nine equal levels lies at %v", r.textY)
		}
	}
}

func TestRewardToRisk(t *testing.T) {
	level := func(kind string, price float64) event.Level { return event.Level{Kind: kind, Price: price} }
	cases := []struct {
		name   string
		price  event.Number
		levels []event.Level
		want   float64
		ok     bool
	}{
		{"farthest target counts", event.Number{}, []event.Level{level("entry", 100), level("stop", 95), level("target", 110), level("target", 115)}, 3, true},
		{"short", event.Number{}, []event.Level{level("entry", 100), level("stop", 110), level("target", 80)}, 2, true},
		{"price stands in for the entry", event.Num(100), []event.Level{level("stop", 95), level("target", 110)}, 2, true},
		{"stop on the target's side", event.Number{}, []event.Level{level("entry", 100), level("stop", 105), level("target", 110)}, 0, false},
		{"no stop", event.Number{}, []event.Level{level("entry", 100), level("target", 110)}, 0, false},
		{"stop at the entry", event.Number{}, []event.Level{level("entry", 100), level("stop", 100), level("target", 110)}, 0, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := rewardToRisk(&event.Event{Price: c.price, Levels: c.levels}); got != c.want || ok != c.ok {
				t.Errorf("got %v, %v; want %v, %v", got, ok, c.want, c.ok)
			}
		})
	}
}

func TestWordsOfTheQueryAreChips(t *testing.T) {
	query := " aapl, -msft  Up -neutral 80 ->=60 flag , - "
	want := []string{"aapl", "not msft", "Bullish", "not Neutral", "Confidence ≥ 80", "Confidence < 60", "flag"}
	var got []string
	words := board.ParseQuery(query)
	for i, w := range words {
		got = append(got, wordText(w))
		if left := board.ParseQuery(withoutWord(query, i)); len(left) != len(words)-1 || slices.ContainsFunc(left, func(l board.Word) bool { return l.Text == w.Text }) {
			t.Errorf("without %q there is still %q", w.Text, withoutWord(query, i))
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	html := render(t, &Dashboard{query: query})
	for _, text := range want {
		if !strings.Contains(html, `Remove filter All columns `+text) {
			t.Errorf("no chip for %q", text)
		}
	}
}

func TestEmptyColumnsSayWhenToExpectSomething(t *testing.T) {
	now := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	open := &wire.Market{Session: "regular", ClosesAt: now.Add(88 * time.Minute), NextOpen: now.Add(20 * time.Hour)}
	shut := &wire.Market{Session: "closed", NextOpen: now.Add(130 * time.Minute)}
	e := &event.Event{
		Kind: event.Pattern, ID: "x", Seq: 1, Tier: event.Intraday, Confidence: 0.6, DetectedAt: now, Intraday: &event.IntradayDetail{},
		Scope: event.Scope{Symbol: "AAPL", Pattern: "doji", Label: "Doji"},
	}
	for _, c := range []struct {
		name   string
		tier   event.Tier
		full   bool
		filter board.ColumnFilter
		query  string
		market *wire.Market
		want   string
		offer  string
	}{
		{"daily in the session", event.Daily, false, board.ColumnFilter{}, "", open, "No daily patterns yet. They arrive after the close, in 1 h 28 m.", ""},
		{"daily in the night", event.Daily, false, board.ColumnFilter{}, "", shut, "No daily patterns yet. Daily patterns arrive after the close.", ""},
		{"intraday in the session", event.Intraday, false, board.ColumnFilter{}, "", open, "No intraday patterns yet. Intraday patterns arrive while the market trades.", ""},
		{"intraday in the night", event.Intraday, false, board.ColumnFilter{}, "", shut, "No intraday patterns yet. Markets open in 2 h 10 m.", ""},
		{"combo, market unknown", event.Combo, false, board.ColumnFilter{}, "", nil, "No combo patterns yet. A combo appears when an intraday trigger confirms a daily setup.", ""},
		{"filtered and nothing yet", event.Intraday, false, board.ColumnFilter{Symbols: "TSLA,"}, "", shut, "No intraday pattern has passed this filter yet. Markets open in 2 h 10 m.", ""},
		{"asked for and nothing yet", event.Intraday, false, board.ColumnFilter{}, "tsla", nil, "No intraday pattern has passed this filter yet. Intraday patterns arrive while the market trades.", ""},
		{"filtered away", event.Intraday, true, board.ColumnFilter{Symbols: "TSLA,"}, "", open, "None of 1 intraday pattern passes this filter.", "Remove the column's filters"},
		{"too weak", event.Intraday, true, board.ColumnFilter{MinConfidence: 0.8}, "", open, "None of 1 intraday pattern passes this filter.", "Lower confidence to 60: 1 more"},
		{"asked for something else", event.Intraday, true, board.ColumnFilter{}, "down", open, "None of 1 intraday pattern passes this filter.", "Clear the filter of all columns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := board.New(5)
			if c.full {
				b.Apply(&wire.Batch{Events: []*event.Event{e}}, now)
			}
			b.SetFilter(c.tier, c.filter)
			b.SetQuery(c.query)
			column := b.Column(c.tier)
			got := strings.ReplaceAll(emptyWords(tier.All[c.tier-event.Daily], column, c.query, c.market, now), "\u00a0", " ")
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := relaxWords(column, c.query); got != c.offer {
				t.Errorf("offers %q, want %q", got, c.offer)
			}
		})
	}
}

func TestCardsSayThatTheyEnd(t *testing.T) {
	now := time.Date(2026, 11, 20, 19, 0, 0, 0, time.UTC)
	v := &viewer{exchange: format.UTC, local: format.UTC, zone: format.UTC}
	for _, c := range []struct {
		left  time.Duration
		class string
		note  string
	}{
		{time.Hour, "card intraday", "vol 4.2×"},
		{5 * time.Minute, "card intraday ending", "5 m left"},
		{-time.Minute, "card intraday expired", "expired"},
	} {
		e := &event.Event{
			Kind: event.Pattern, ID: "x", Tier: event.Intraday, DetectedAt: now.Add(-time.Hour), ExpiresAt: now.Add(c.left), RelativeVolume: event.Num(4.2),
			Scope: event.Scope{Symbol: "AAPL", Pattern: "doji", Label: "Doji"}, Intraday: &event.IntradayDetail{},
		}
		got := v.view(&board.Card{Event: e, Repeats: 1}, now)
		if note := strings.ReplaceAll(got.note, "\u00a0", " "); got.class != c.class || note != c.note {
			t.Errorf("%v left: class %q, note %q, want %q and %q", c.left, got.class, note, c.class, c.note)
		}
		if ends := c.left < time.Hour; ends != strings.Contains(got.label, got.note) {
			t.Errorf("%v left: a screen reader hears %q", c.left, got.label)
		}
	}
}

func TestCardsOfAnotherDaySayWhenTodaysCome(t *testing.T) {
	now := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	open := &wire.Market{Session: "regular", ClosesAt: now.Add(88 * time.Minute), NextOpen: now.Add(20 * time.Hour)}
	shut := &wire.Market{Session: "closed", NextOpen: now.Add(130 * time.Minute)}
	friday := time.Date(2026, 11, 20, 21, 45, 0, 0, time.UTC)
	for _, c := range []struct {
		tier   event.Tier
		at     time.Time
		market *wire.Market
		want   string
	}{
		{event.Daily, time.Time{}, open, ""},
		{event.Daily, now.Add(-time.Hour), open, ""},
		{event.Daily, friday, open, "No daily patterns today yet. They arrive after the close, in 1 h 28 m. Last: Fri 20 Nov."},
		{event.Intraday, friday, shut, "No intraday patterns today yet. Markets open in 2 h 10 m. Last: Fri 20 Nov."},
		{event.Combo, friday, nil, "No combo patterns today yet. A combo appears when an intraday trigger confirms a daily setup. Last: Fri 20 Nov."},
	} {
		got := strings.ReplaceAll(idleWords(tier.All[c.tier-event.Daily], c.at, c.market, now, format.UTC), "\u00a0", " ")
		if got != c.want {
			t.Errorf("%v at %v: %q, want %q", c.tier, c.at, got, c.want)
		}
	}
}
