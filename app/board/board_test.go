package board

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// at makes an intraday event that was detected some minutes after noon.
func at(id, symbol string, minute int, change ...func(*event.Event)) *event.Event {
	e := testEvent(1, uint64(minute+100))
	e.ID, e.Symbol, e.DetectedAt = id, symbol, noon.Add(time.Duration(minute)*time.Minute)
	for _, f := range change {
		f(e)
	}
	return e
}

func in(t event.Tier) func(*event.Event) {
	return func(e *event.Event) {
		e.Tier, e.Daily, e.Intraday, e.Combo = t, nil, nil, nil
		switch t {
		case event.Daily:
			e.Daily = &event.DailyDetail{}
		case event.Intraday:
			e.Intraday = &event.IntradayDetail{}
		case event.Combo:
			e.Combo = &event.ComboDetail{}
		case event.TierNone:
		}
	}
}

func live(es ...*event.Event) *wire.Batch { return &wire.Batch{Events: es} }

func TestUnusableEventsAreIgnoredAndCounted(t *testing.T) {
	b := New(10)
	alert := at("a", "AAPL", 0, func(e *event.Event) { e.Kind = "alert" })
	ch := b.Apply(live(
		alert, nil, at("b", "AAPL", 0, in(event.TierNone)), at("c", "AAPL", 0, func(e *event.Event) { e.Confidence = math.NaN() }),
		at("", "AAPL", 0), at("ok", "AAPL", 0),
	), noon)
	if ch.Ignored != 5 || b.Ignored() != 5 || ch.Column(event.Intraday).Added != 1 {
		t.Errorf("changes %+v, ignored %d; want 5 ignored and 1 added", ch, b.Ignored())
	}
}

func TestRepeatsBecomeOneCard(t *testing.T) {
	b := New(10)
	b.Apply(live(at("a", "AAPL", 0), at("b", "AAPL", 4), at("c", "AAPL", 9), at("d", "AAPL", 15), at("e", "MSFT", 9),
		at("f", "AAPL", 9, func(e *event.Event) { e.Direction = event.Bearish })), noon)
	c := b.Column(event.Intraday)
	if d := cmp.Diff([]string{"d×1", "c×3", "e×1", "f×1"}, shownOf(c)); d != "" {
		t.Fatal(d)
	}
	card := c.Shown()[1]
	if want := noon.Add(9 * time.Minute); !card.FirstSeen.Equal(noon) || !card.LastSeen.Equal(want) {
		t.Errorf("seen from %v to %v", card.FirstSeen, card.LastSeen)
	}
	if b.ShownAs("a") != card || c.Index("a") != 1 || c.Index("nobody") != -1 || b.ShownAs("nobody") != nil {
		t.Error("a repeat is not found under its card")
	}
	if shown, of := c.Count(); shown != 6 || of != 6 {
		t.Errorf("%d of %d; the count is of events", shown, of)
	}
}

func TestUpsertReplacesInPlace(t *testing.T) {
	b := New(10)
	b.Apply(live(at("a", "AAPL", 0), at("b", "MSFT", 1)), noon)
	c := b.Column(event.Intraday)
	ch := b.Apply(live(at("a", "AAPL", 0)), noon)
	if ch.Duplicate != 1 || ch.Column(event.Intraday).Shown {
		t.Errorf("the same copy again: %+v", ch)
	}
	c.Hold(Pointer, true)
	ch = b.Apply(live(at("a", "AAPL", 2, func(e *event.Event) { e.Price = event.Num(5) })), noon)
	if got := c.Shown()[1].Event.Price; got != event.Num(5) || !ch.Column(event.Intraday).Shown || c.Pending() != 0 {
		t.Errorf("a newer copy does not show in a held column: %v, %+v", got, ch)
	}
	c.Hold(Pointer, false)
	b.Apply(live(at("c", "TSLA", 1)), noon)
	if d := cmp.Diff([]string{"a×1", "b×1", "c×1"}, shownOf(c)); d != "" {
		t.Error(d)
	}
	b.Apply(live(at("a", "AAPL", 3, in(event.Daily))), noon)
	if d := cmp.Diff([]string{"b×1", "c×1"}, shownOf(c)); d != "" {
		t.Error("moved to another tier: ", d)
	}
	if got := shownOf(b.Column(event.Daily)); !slices.Equal(got, []string{"a×1"}) {
		t.Error(got)
	}
}

func TestSnapshotAfterFilterShowsInHeldColumn(t *testing.T) {
	b := New(10)
	b.Apply(live(at("a", "AAPL", 0), at("d", "AAPL", 0, in(event.Daily))), noon)
	c, daily := b.Column(event.Intraday), b.Column(event.Daily)
	c.SetPaused(true)
	daily.SetPaused(true)
	b.SetFilter(event.Intraday, ColumnFilter{Symbols: "MSFT,"})
	if len(c.Shown()) != 0 {
		t.Error("a filter must narrow a paused column at once")
	}
	b.Apply(&wire.Batch{ID: "main", Reset: true, Events: []*event.Event{at("m", "MSFT", 1), at("n", "AAPL", 1, in(event.Daily))}}, noon)
	b.Apply(&wire.Batch{ID: "main", Events: []*event.Event{at("m2", "MSFT", 20)}}, noon)
	if d := cmp.Diff([]string{"m2×1", "m×1"}, shownOf(c)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"d×1"}, shownOf(daily)); d != "" {
		t.Error("the column whose filter did not change moved: ", d)
	}
	b.Apply(live(at("m3", "MSFT", 40)), noon)
	if c.Pending() != 1 || daily.Pending() != 1 {
		t.Errorf("pending %d and %d, want 1 and 1", c.Pending(), daily.Pending())
	}
}

func TestResetKnowsItsEvents(t *testing.T) {
	b := New(10)
	c := b.Column(event.Intraday)
	b.Apply(&wire.Batch{ID: "main", Reset: true, Events: []*event.Event{at("a", "AAPL", 0)}}, noon)
	if card := c.Shown()[0]; card.Live || card.New || c.Rate(noon) != 0 {
		t.Error("a snapshot is not news")
	}
	b.Apply(live(at("b", "MSFT", 1)), noon)
	if card := c.Shown()[0]; !card.Live || !card.New || c.Rate(noon) != 1 {
		t.Error("a live event is news")
	}
	c.Hold(Scroll, true)
	later := noon.Add(time.Minute)
	snapshot := []*event.Event{at("a", "AAPL", 0), at("b", "MSFT", 1), at("c", "TSLA", 2)}
	b.Apply(&wire.Batch{ID: "main", Reset: true, Events: snapshot}, later)
	if c.Pending() != 1 {
		t.Errorf("pending %d, want 1: two of three were shown already", c.Pending())
	}
	c.Hold(Scroll, false)
	if got := c.Shown()[2]; got.Event.ID != "a" || !got.ArrivedAt.Equal(noon) {
		t.Errorf("%+v lost its arrival", got)
	}
	c.Seen()
	if slices.ContainsFunc(c.Shown(), func(card *Card) bool { return card.New }) || !c.Shown()[1].Live {
		t.Error("still new after it was seen")
	}
}

func TestReplayIsNews(t *testing.T) {
	b := New(10)
	b.Apply(&wire.Batch{ID: "main", Events: []*event.Event{at("a", "AAPL", 0)}}, noon)
	if c := b.Column(event.Intraday); !c.Shown()[0].New || c.Rate(noon) != 0 {
		t.Errorf("new %v, rate %d; a replay is new to the reader and says nothing about the rate", c.Shown()[0].New, c.Rate(noon))
	}
}

func TestOlderPagesGoBelow(t *testing.T) {
	b := New(3)
	b.Apply(live(at("a", "AAPL", 60), at("b", "MSFT", 61), at("c", "TSLA", 62)), noon)
	c := b.Column(event.Intraday)
	c.Hold(Scroll, true)
	b.Apply(live(at("d", "AAL", 63)), noon) // freezes the column and drops a from the model
	older := []*event.Event{at("a", "AAPL", 60), at("z", "AAPL", 30), at("y", "AAPL", 20), at("between", "AAPL", 61), at("x", "AAPL", 10), at("w", "AAPL", 0)}
	if n := b.AddOlder(event.Intraday, older, noon); n != 3 {
		t.Errorf("took %d, want 3: twice the bound in all, nothing between the cards that stand still", n)
	}
	if d := cmp.Diff([]string{"c×1", "b×1", "a×1", "z×1", "y×1", "x×1"}, shownOf(c)); d != "" {
		t.Error(d)
	}
	c.Release()
	if d := cmp.Diff([]string{"d×1", "c×1", "b×1", "z×1", "y×1", "x×1"}, shownOf(c)); d != "" {
		t.Error(d)
	}
	if b.AddOlder(event.Combo, older, noon) != 0 {
		t.Error("took events of another tier")
	}
}

func TestFilters(t *testing.T) {
	tests := []struct {
		name   string
		f      ColumnFilter
		server string // Key without the tier
		yes    string
		no     string
	}{
		{"zero wants everything", ColumnFilter{}, "", "A AAPL MSFT", ""},
		{"one word is a beginning, matched here alone", ColumnFilter{Symbols: "aa"}, "", "AA AAPL", "A MSFT"},
		{"a comma makes it a whole symbol", ColumnFilter{Symbols: "aapl,"}, `s "AAPL";`, "AAPL", "AAPLW AA"},
		{"so does a space", ColumnFilter{Symbols: " aapl "}, `s "AAPL";`, "AAPL", "AAPLW"},
		{"a list is sorted and free of repeats", ColumnFilter{Symbols: "msft aapl,msft"}, `s "AAPL" "MSFT";`, "AAPL MSFT", "A"},
		{"a star is a beginning in a list", ColumnFilter{Symbols: "msft, aa*"}, "", "MSFT AAPL AA", "A MSFTX"},
		{"only separators want everything", ColumnFilter{Symbols: " ,; "}, "", "A", ""},
		{"too long for the server is still matched here", ColumnFilter{Symbols: "aapl," + strings.Repeat("x", 40)}, "", "AAPL", "A"},
		{"pattern spellings fold", ColumnFilter{Pattern: "VolumeSpike"}, `p "volume_spike";`, "", "A"},
		{"several patterns", ColumnFilter{Pattern: "volume_spike, Doji,doji"}, `p "doji" "volume_spike";`, "", "A"},
		{"a pattern left out is matched here alone", ColumnFilter{Pattern: "-Bull_Flag"}, "", "", "A AAPL"},
		{"a watchlist", ColumnFilter{Watchlist: "Tech", Watched: "aapl,MSFT"}, `s "AAPL" "MSFT";`, "AAPL MSFT", "A AAPLW"},
		{"a watchlist with one symbol", ColumnFilter{Watchlist: "One", Watched: "aapl"}, `s "AAPL";`, "AAPL", "A AAPLW"},
		{"a watchlist and symbols: both", ColumnFilter{Symbols: "aapl,tsla", Watched: "AAPL,MSFT"}, `s "AAPL" "TSLA";`, "AAPL", "TSLA MSFT"},
		{"a watchlist and the beginning of a symbol", ColumnFilter{Symbols: "aa", Watched: "AAPL,MSFT"}, `s "AAPL" "MSFT";`, "AAPL", "AA MSFT"},
		{"without a watchlist", ColumnFilter{Watched: "AAPL,MSFT", Without: true}, `x "AAPL" "MSFT";`, "TSLA", "AAPL MSFT"},
		{"a watchlist without symbols is none", ColumnFilter{Watchlist: "Empty", Watched: " ,", Without: true}, "", "AAPL", ""},
		{"confidence is exact", ColumnFilter{MinConfidence: 0.6}, `c "0.6";`, "A", ""},
		{"confidence above 1 is 1", ColumnFilter{MinConfidence: 7}, `c "1";`, "", "A"},
		{"no number wants everything", ColumnFilter{MinConfidence: math.NaN()}, "", "A", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(5)
			b.SetFilter(event.Intraday, tt.f)
			fs := b.Filters()
			tier := filter.Filter{Tiers: []event.Tier{event.Intraday}}
			if got, want := fs[1].Key(), tier.Key()+tt.server; len(fs) != 3 || got != want {
				t.Errorf("subscribes to %s, want %s", got, want)
			}
			if tt.f.IsZero() != (tt.server == "" && tt.no == "") {
				t.Errorf("IsZero is %v", tt.f.IsZero())
			}
			for _, list := range [...]struct {
				symbols string
				want    bool
			}{{tt.yes, true}, {tt.no, false}} {
				for s := range strings.FieldsSeq(list.symbols) {
					e := at("x", s, 0, func(e *event.Event) { e.Confidence = 0.6 })
					if b.Column(event.Intraday).matches(e) != list.want {
						t.Errorf("%s: want %v", s, list.want)
					}
				}
			}
			if d := cmp.Diff(tt.f, b.Column(event.Intraday).Filter(), cmp.Comparer(func(x, y float64) bool {
				return x == y || (math.IsNaN(x) && math.IsNaN(y))
			})); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestLongListsStayWithinTheSubscription(t *testing.T) {
	var text strings.Builder
	for i := range MaxSymbols + 1 {
		fmt.Fprintf(&text, "S%d ", i)
	}
	b := New(5)
	b.SetFilter(event.Daily, ColumnFilter{Symbols: text.String()})
	if f := b.Filters()[0]; len(f.Symbols) != 0 {
		t.Errorf("sends %d symbols", len(f.Symbols))
	}
	if c := b.Column(event.Daily); !c.matches(at("x", "S7", 0, in(event.Daily))) || c.matches(at("x", "T", 0, in(event.Daily))) {
		t.Error("a long list is not matched here")
	}
}

func TestLongWatchlistsAreMatchedHere(t *testing.T) {
	var text strings.Builder
	for i := range MaxSymbols {
		fmt.Fprintf(&text, "S%d,", i)
	}
	b := New(5)
	for _, f := range []ColumnFilter{{Watched: text.String() + "S300"}, {Watched: text.String() + "S300", Without: true}, {Symbols: "T,", Watched: text.String(), Without: true}} {
		b.SetFilter(event.Daily, f)
		if got := b.Filters()[0]; got.SymbolCount() > MaxSymbols {
			t.Errorf("sends %d symbols", got.SymbolCount())
		}
		if c := b.Column(event.Daily); c.matches(at("x", "S7", 0, in(event.Daily))) == f.Without || c.matches(at("x", "T", 0, in(event.Daily))) != f.Without {
			t.Errorf("without %v: a long list is not matched here", f.Without)
		}
	}
}

func TestPatternsAreToggled(t *testing.T) {
	var f ColumnFilter
	for _, step := range []struct {
		slug string
		out  bool
		want string
	}{
		{"doji", false, "doji"},
		{"hammer", false, "doji,hammer"},
		{"doji", true, "hammer,-doji"},
		{"hammer", false, "-doji"},
		{"doji", true, ""},
		{"doji", true, "-doji"},
		{"doji", false, "doji"},
		{"doji", false, ""},
	} {
		if f = f.Toggled(step.slug, step.out); f.Pattern != step.want {
			t.Fatalf("after %s, %v: %q, want %q", step.slug, step.out, f.Pattern, step.want)
		}
	}
}

func TestQuery(t *testing.T) {
	e := at("x", "AAPL", 0, func(e *event.Event) {
		e.Label, e.Direction, e.Confidence = "Volume Spike", event.Bullish, 0.8
	})
	for _, c := range []struct {
		query string
		words int
		want  bool
	}{
		{"", 0, true},
		{" , - ", 0, true},
		{"aa", 1, true},
		{"aapl,", 1, true},
		{"aap,", 1, false},
		{"msft,AAPL", 1, true},
		{"msft", 1, false},
		{"spike", 1, true},
		{"vol spi", 2, true},
		{"pike", 1, false},
		{"vol msft", 2, false},
		{"volume,", 1, true},
		{"up 80 aapl", 3, true},
		{"bullish >=81", 2, false},
		{"down", 1, false},
		{"neutral", 1, false},
		{"bearish", 1, false},
		{"-down -msft", 2, true},
		{"-up", 1, false},
		{"-aapl", 1, false},
		{"80% ≥80 >80", 3, true},
		{"-90", 1, true},
		{"101 0", 2, false}, // no percentages, and so the beginning of a symbol
	} {
		t.Run(c.query, func(t *testing.T) {
			if got := len(ParseQuery(c.query)); got != c.words {
				t.Errorf("%d words, want %d", got, c.words)
			}
			b := New(5)
			b.Apply(live(e), noon)
			before := b.Filters()
			b.SetQuery(c.query)
			if got := len(b.Column(e.Tier).Shown()) == 1; got != c.want {
				t.Errorf("shown: %v, want %v", got, c.want)
			}
			if b.Query() != c.query || cmp.Diff(before, b.Filters()) != "" {
				t.Error("the query is not as it was set, or goes to the server")
			}
			b.SetQuery("")
			if len(b.Column(e.Tier).Shown()) != 1 {
				t.Error("without the query the event is not shown")
			}
		})
	}
}

func TestQueryCountsWhatWaits(t *testing.T) {
	b := New(5)
	b.Apply(live(at("a", "AAPL", 0)), noon)
	c := b.Column(event.Intraday)
	c.SetPaused(true)
	b.SetQuery("msft")
	b.Apply(live(at("b", "AAPL", 1), at("c", "MSFT", 2)), noon)
	if len(c.Shown()) != 0 || c.Pending() != 1 {
		t.Errorf("%d shown, %d waiting, want none and one", len(c.Shown()), c.Pending())
	}
	b.SetQuery("")
	if len(c.Shown()) != 1 || c.Pending() != 2 {
		t.Errorf("%d shown, %d waiting, want one and two", len(c.Shown()), c.Pending())
	}
}

func TestRelaxed(t *testing.T) {
	b := New(10)
	conf := func(v float64) func(*event.Event) { return func(e *event.Event) { e.Confidence = v } }
	b.Apply(live(at("a", "AAPL", 0, conf(0.9)), at("b", "AAPL", 1, conf(0.63)), at("c", "MSFT", 2, conf(0.6)), at("d", "TSLA", 3, conf(0.4))), noon)
	c := b.Column(event.Intraday)
	for _, test := range []struct {
		f     ColumnFilter
		least float64
		more  int
	}{
		{ColumnFilter{}, 0, 0},
		{ColumnFilter{MinConfidence: 0.3}, 0, 0},
		{ColumnFilter{MinConfidence: 0.95}, 0.9, 1},
		{ColumnFilter{MinConfidence: 0.7}, 0.6, 2},
		{ColumnFilter{MinConfidence: 0.7, Symbols: "TSLA,"}, 0.4, 1},
		{ColumnFilter{MinConfidence: 0.7, Symbols: "NONE,"}, 0, 0},
	} {
		b.SetFilter(event.Intraday, test.f)
		if least, more := c.Relaxed(); least != test.least || more != test.more {
			t.Errorf("%+v: %v and %d more, want %v and %d", test.f, least, more, test.least, test.more)
		}
		if got := b.Filters()[1].ConfidenceMin; got != test.f.MinConfidence {
			t.Errorf("asking changed what is sent to %v", got)
		}
	}
}

func TestOrders(t *testing.T) {
	b := New(10)
	set := func(conf float64, expires int) func(*event.Event) {
		return func(e *event.Event) {
			e.Confidence = conf
			if expires > 0 {
				e.ExpiresAt = noon.Add(time.Duration(expires) * time.Hour)
			}
		}
	}
	b.Apply(live(at("a", "TSLA", 0, set(0.7, 5)), at("b", "AAPL", 1, set(0.9, 0)), at("c", "MSFT", 2, set(0.7, 2)), at("d", "AAPL", 20, set(0.2, 0))), noon)
	c := b.Column(event.Intraday)
	for o, want := range map[Order][]string{
		ByTime:       {"d×1", "c×1", "b×1", "a×1"},
		ByConfidence: {"b×1", "c×1", "a×1", "d×1"},
		BySymbol:     {"d×1", "b×1", "c×1", "a×1"},
		ByExpiry:     {"c×1", "a×1", "d×1", "b×1"},
	} {
		c.SetOrder(o)
		if d := cmp.Diff(want, shownOf(c)); d != "" || c.Order() != o {
			t.Errorf("order %d: %s", o, d)
		}
	}
}

func TestRelated(t *testing.T) {
	combo := func(id string, minute int, setup, trigger string) *event.Event {
		return at(id, "AAPL", minute, in(event.Combo), func(e *event.Event) {
			e.Combo.Setup = &event.Link{ID: setup, Kind: event.LinkExact}
			e.Combo.Trigger = &event.Link{ID: trigger, Kind: event.LinkInferred}
			if trigger == "" {
				e.Combo.Trigger = &event.Link{Kind: event.LinkMissing}
			}
		})
	}
	b := New(10)
	b.Apply(live(
		at("setup", "AAPL", 0, in(event.Daily)), at("other", "MSFT", 0, in(event.Daily)),
		at("first", "AAPL", 29), at("trigger", "AAPL", 30),
		combo("c1", 31, "setup", "first"), combo("c2", 60, "setup", "gone"), combo("c3", 90, "elsewhere", ""),
	), noon)
	mark := func(id, card string, t event.Tier, k event.LinkKind) Mark { return Mark{id, card, t, k} }
	same := func(ids ...string) []Mark {
		var ms []Mark
		for _, id := range ids {
			ms = append(ms, mark(id, id, b.Find(id).Event.Tier, ""))
		}
		return ms
	}
	for _, want := range []Marks{
		{
			ID: "setup", Symbol: "AAPL", Same: same("trigger", "c3", "c2", "c1"),
			Chain: []Mark{
				mark("c2", "c2", event.Combo, event.LinkExact), mark("gone", "", event.Intraday, event.LinkInferred),
				mark("c1", "c1", event.Combo, event.LinkExact), mark("first", "trigger", event.Intraday, event.LinkInferred),
			},
		},
		{
			ID: "first", Symbol: "AAPL", Same: same("setup", "c3", "c2", "c1"), // not the card it is shown as
			Chain: []Mark{mark("c1", "c1", event.Combo, event.LinkInferred), mark("setup", "setup", event.Daily, event.LinkExact)},
		},
		{
			ID: "c3", Symbol: "AAPL", Same: same("setup", "trigger", "c2", "c1"),
			Chain: []Mark{mark("elsewhere", "", event.Daily, event.LinkExact)},
		},
		{ID: "other", Symbol: "MSFT"},
		{ID: "nobody"},
	} {
		if d := cmp.Diff(want, b.Related(want.ID)); d != "" {
			t.Errorf("%s (-want +got):\n%s", want.ID, d)
		}
	}
	b.SetFilter(event.Daily, ColumnFilter{Symbols: "MSFT,"})
	if m := b.Related("c1"); m.Chain[0].CardID != "" {
		t.Error("a card that is filtered out is not shown")
	}
}

func TestHeldCardsAreStillFound(t *testing.T) {
	b := New(1)
	b.Apply(live(at("a", "AAPL", 0)), noon)
	b.Column(event.Intraday).Hold(Focus, true)
	b.Apply(live(at("b", "MSFT", 1)), noon)
	if b.Find("a") == nil || b.Related("a").Symbol != "AAPL" || b.Column(event.Intraday).Index("a") != 0 {
		t.Error("the shown card is not found after it fell out of the model")
	}
}

func TestRateForgetsAfterAMinute(t *testing.T) {
	b := New(1000)
	c := b.Column(event.Intraday)
	for i := range 120 { // one event a second
		b.Apply(live(at(fmt.Sprint(i), "AAPL", i)), noon.Add(time.Duration(i)*time.Second))
	}
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{119 * time.Second, 60}, {149 * time.Second, 30}, {time.Hour, 0}, {0, 0}} {
		if got := c.Rate(noon.Add(tt.after)); got != tt.want {
			t.Errorf("after %v: %d a minute, want %d", tt.after, got, tt.want)
		}
	}
}

func TestPickersRemember(t *testing.T) {
	b := New(2)
	b.Apply(live(at("a", "AAPL", 0), at("b", "MSFT", 1), at("c", "MSFT", 2, func(e *event.Event) { e.Pattern, e.Label = "doji", "" })), noon)
	c := b.Column(event.Intraday)
	if d := cmp.Diff([]Choice{{"MSFT", "MSFT", 2}, {"AAPL", "AAPL", 0}}, c.SymbolsSeen()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Choice{{"bull_flag", "bull_flag", 1}, {"doji", "doji", 1}}, c.PatternsSeen()); d != "" {
		t.Error(d)
	}
	for i := range 5000 {
		b.Apply(live(at("x", fmt.Sprint("S", i), i, func(e *event.Event) { e.Pattern = fmt.Sprint("p", i) })), noon)
	}
	if n, m := len(c.SymbolsSeen()), len(c.PatternsSeen()); n > maxSymbolsSeen || m > maxPatternsSeen {
		t.Errorf("remembers %d symbols and %d patterns", n, m)
	}
	if !c.LastEventAt().Equal(noon) {
		t.Error(c.LastEventAt())
	}
}

func TestMissedEventsTakeTheirPlaces(t *testing.T) {
	b := New(3)
	b.Apply(live(at("a", "AAPL", 60), at("c", "TSLA", 62)), noon)
	c := b.Column(event.Intraday)
	missed := []*event.Event{at("c", "TSLA", 62), at("b", "MSFT", 61), at("z", "AAL", 30)}
	if n := b.AddMissed(event.Intraday, missed, noon); n != 2 {
		t.Errorf("took %d, want 2: one is there already", n)
	}
	if d := cmp.Diff([]string{"c×1", "b×1", "a×1", "z×1"}, shownOf(c)); d != "" {
		t.Error(d)
	}
	c.Hold(Scroll, true)
	if n := b.AddMissed(event.Intraday, missed, noon); n != 0 || c.Pending() != 0 {
		t.Errorf("took %d, pending %d; nothing is new", n, c.Pending())
	}
	if n := b.AddMissed(event.Intraday, []*event.Event{at("y", "IBM", 61), at("x", "GE", 10), at("w", "GM", 9)}, noon); n != 2 || c.Pending() != 2 {
		t.Errorf("took %d, pending %d, want 2 and 2: twice the bound in all, and they wait", n, c.Pending())
	}
	if d := cmp.Diff([]string{"c×1", "b×1", "a×1", "z×1"}, shownOf(c)); d != "" {
		t.Error("cards moved in a held column: ", d)
	}
	c.Hold(Scroll, false)
	if shown := shownOf(c); len(shown) != 6 || shown[5] != "x×1" {
		t.Errorf("released: %v", shown)
	}
	if b.AddMissed(event.Combo, missed, noon) != 0 {
		t.Error("took events of another tier")
	}
}
