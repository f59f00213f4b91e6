package board

import (
	"testing"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// snapshot is what the server sends after a filter changed.
func snapshot(events ...*event.Event) *wire.Batch {
	return &wire.Batch{ID: "main", Reset: true, Events: events}
}

// TestNarrowedKnowsWhatItLeftOut narrows a column and takes the server's answer, which holds nothing else.
func TestNarrowedKnowsWhatItLeftOut(t *testing.T) {
	b := New(4)
	conf := func(v float64) func(*event.Event) { return func(e *event.Event) { e.Confidence = v } }
	strong := at("a", "AAPL", 3, conf(0.9))
	b.Apply(live(strong, at("b", "AAPL", 2, conf(0.6)), at("c", "MSFT", 1, conf(0.5))), noon)
	c := b.Column(event.Intraday)
	counts := func(what string, shown, of int) {
		t.Helper()
		if s, o := c.Count(); s != shown || o != of || c.Total() != of {
			t.Errorf("%s: %d of %d, %d in all, want %d of %d", what, s, o, c.Total(), shown, of)
		}
	}
	b.SetFilter(event.Intraday, ColumnFilter{MinConfidence: 0.95})
	counts("narrowed", 0, 3)
	b.Apply(snapshot(), noon)
	counts("answered", 0, 3)
	if least, more := c.Relaxed(); least != 0.9 || more != 1 {
		t.Errorf("%v would show %d more", least, more)
	}
	b.Apply(snapshot(), noon)
	counts("answered again", 0, 3)
	b.SetFilter(event.Intraday, ColumnFilter{MinConfidence: 0.55})
	counts("eased, before the answer", 2, 3)
	b.Apply(snapshot(strong, at("b", "AAPL", 2, conf(0.6)), at("old", "AAPL", 0, conf(0.7))), noon)
	counts("eased", 3, 4)
	b.Apply(live(at("new", "TSLA", 4, conf(0.8))), noon)
	counts("what is left out gives way first", 4, 4)
	if b.Find("c") != nil {
		t.Error("what was left out is found on the board")
	}
}

// TestLaterPagesOfWhatWasLeftOut reads events from elsewhere that had been set aside: none is there twice.
func TestLaterPagesOfWhatWasLeftOut(t *testing.T) {
	b := New(9)
	b.Apply(live(at("a", "AAPL", 3), at("b", "MSFT", 2), at("c", "TSLA", 1)), noon)
	c := b.Column(event.Intraday)
	b.SetFilter(event.Intraday, ColumnFilter{Symbols: "AAPL,"})
	b.Apply(snapshot(at("a", "AAPL", 3)), noon)
	if n := b.AddOlder(event.Intraday, []*event.Event{at("c", "TSLA", 1)}, noon); n != 1 || c.Total() != 3 {
		t.Errorf("%d older taken, %d in all, want one and three", n, c.Total())
	}
	if n := b.AddMissed(event.Intraday, []*event.Event{at("b", "MSFT", 2)}, noon); n != 1 || c.Total() != 3 {
		t.Errorf("%d missed taken, %d in all, want one and three", n, c.Total())
	}
}

// TestScopeSetsAside narrows the whole board and lifts it again before the server answers.
func TestScopeSetsAside(t *testing.T) {
	b := New(9)
	b.Apply(live(at("a", "AAPL", 3), at("b", "MSFT", 2)), noon)
	c := b.Column(event.Intraday)
	b.SetScope([]filter.Filter{{Symbols: []string{"AAPL"}}})
	b.Apply(snapshot(at("a", "AAPL", 3)), noon)
	if shown, of := c.Count(); shown != 1 || of != 2 {
		t.Errorf("in scope %d of %d, want 1 of 2", shown, of)
	}
	c.Hold(Pointer, true)
	b.Apply(live(at("d", "AAPL", 4)), noon.Add(time.Second)) // waits
	b.SetScope(nil)
	if got := len(c.Shown()); got != 2 || c.Pending() != 1 {
		t.Errorf("without a scope %d shown and %d waiting, want both known and the one that came", got, c.Pending())
	}
}

// TestAnotherServerSetsNothingAside changes the server under the board: its first answer is all there is.
func TestAnotherServerSetsNothingAside(t *testing.T) {
	b := New(9)
	b.SetFilter(event.Intraday, ColumnFilter{Symbols: "AAPL,"})
	b.Apply(live(at("a", "AAPL", 3), at("b", "MSFT", 2)), noon)
	b.Apply(snapshot(), noon)
	b.Apply(live(at("c", "TSLA", 1)), noon)
	b.Forget()
	if c := b.Column(event.Intraday); c.Total() != 1 {
		t.Errorf("%d known, want what the model holds", c.Total())
	}
	b.Apply(snapshot(), noon)
	if c := b.Column(event.Intraday); c.Total() != 0 {
		t.Errorf("%d known after the answer, want none", c.Total())
	}
}
