package board

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

var noon = time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)

// testEvent makes the event number n: everything about it but seq follows from n.
func testEvent(n int, seq uint64) *event.Event {
	t := event.Tiers()[n%3]
	e := &event.Event{
		Kind: event.Pattern, ID: fmt.Sprintf("e%03d", n), Seq: seq, Tier: t,
		Scope: event.Scope{
			Symbol: []string{"AAPL", "AAL", "MSFT", "TSLA"}[n/3%4], Pattern: []string{"bull_flag", "volume_spike"}[n/12%2],
			Timeframe: "5min", Direction: event.Bullish,
		},
		Confidence: []float64{0.5, 0.6, 0.75, 0.9, 0.95}[n%5],
		DetectedAt: noon.Add(time.Duration(n*7%40) * time.Minute), ReceivedAt: noon,
	}
	e.Label = e.Pattern
	e.Priority = event.PriorityOf(e.Confidence)
	switch t {
	case event.Daily:
		e.Daily = &event.DailyDetail{}
	case event.Intraday:
		e.Intraday = &event.IntradayDetail{}
	case event.Combo:
		e.Combo = &event.ComboDetail{}
	case event.TierNone:
	}
	return e
}

// plainColumn is a column said as plainly as possible: lists are sorted and cut after every step, nothing is shared.
type plainColumn struct {
	tier      event.Tier
	all, base []*event.Event
	aside     []*event.Event // what the filter keeps the server from sending again
	frozen    bool
	held      Reason
	filter    ColumnFilter
	pending   int
	refresh   int
	touched   bool
	visible   bool // cards were shown when the batch came
}

// wants is the filter in words: the server's filter, and beginnings of symbols which only the browser knows.
func (p *plainColumn) wants(e *event.Event) bool {
	if text := p.filter.Symbols; !strings.Contains(text, ",") && !strings.HasPrefix(e.Symbol, text) {
		return false
	}
	f := p.asked()
	return f.Match(e)
}

// asked is what the server is asked for.
func (p *plainColumn) asked() filter.Filter {
	f := filter.Filter{Tiers: []event.Tier{p.tier}, ConfidenceMin: p.filter.MinConfidence}
	if p.filter.Pattern != "" {
		f.Patterns = []string{p.filter.Pattern}
	}
	if strings.Contains(p.filter.Symbols, ",") {
		f.Symbols = strings.FieldsFunc(p.filter.Symbols, func(r rune) bool { return r == ',' })
	}
	return f
}

// shown lists "id×repeats" of the cards.
func (p *plainColumn) shown() []string {
	src := p.all
	if p.frozen {
		src = p.base
	}
	type group struct {
		head    *event.Event
		oldest  time.Time
		repeats int
	}
	var groups []*group
next:
	for _, e := range src {
		if !p.wants(e) {
			continue
		}
		for _, g := range slices.Backward(groups) {
			h := g.head
			if h.Symbol == e.Symbol && h.Pattern == e.Pattern && h.Timeframe == e.Timeframe && h.Direction == e.Direction {
				if g.oldest.Sub(e.DetectedAt) <= 5*time.Minute {
					g.repeats++
					g.oldest = e.DetectedAt
					continue next
				}
				break
			}
		}
		groups = append(groups, &group{e, e.DetectedAt, 1})
	}
	var out []string
	for _, g := range groups {
		out = append(out, fmt.Sprintf("%s×%d", g.head.ID, g.repeats))
	}
	return out
}

// plainBoard is the oracle.
type plainBoard struct {
	max     int
	columns [3]plainColumn
	filling bool
	foreign bool
}

func newPlain(max int) *plainBoard {
	p := &plainBoard{max: max}
	for i, t := range event.Tiers() {
		p.columns[i].tier = t
	}
	return p
}

func (c *plainColumn) touch() {
	c.touched = true
	if !c.frozen && c.held != 0 && (c.visible || c.held&Pause != 0) {
		c.frozen = true
		c.base = slices.Clone(c.all)
	}
}

// newest sorts events, newest first, and keeps n of them.
func newest(events []*event.Event, n int) []*event.Event {
	slices.SortFunc(events, func(a, b *event.Event) int {
		if d := b.DetectedAt.Compare(a.DetectedAt); d != 0 {
			return d
		}
		if a.Seq != b.Seq {
			return int(int64(b.Seq) - int64(a.Seq))
		}
		return strings.Compare(a.ID, b.ID)
	})
	return events[:min(len(events), n)]
}

func (p *plainBoard) apply(b *wire.Batch) {
	for i := range p.columns {
		p.columns[i].visible = len(p.columns[i].shown()) > 0
	}
	if b.Reset {
		p.filling = true
		for i := range p.columns {
			c := &p.columns[i]
			c.touch()
			f := c.asked()
			for _, e := range c.all {
				if !p.foreign && !f.Match(e) {
					c.aside = append(c.aside, e)
				}
			}
			c.aside = newest(c.aside, p.max)
			c.all, c.pending = nil, 0
			if c.refresh == 1 {
				c.refresh = 2
			}
		}
		p.foreign = false
	} else if b.ID == "" {
		p.filling = false
	}
	for _, e := range b.Events {
		c := &p.columns[e.Tier-event.Daily]
		same := func(x *event.Event) bool { return x.ID == e.ID }
		old := slices.IndexFunc(c.all, same)
		if old >= 0 && c.all[old].Seq == e.Seq {
			continue
		}
		next := slices.Clone(c.all)
		if old >= 0 {
			next[old] = e
		} else {
			next = append(next, e)
		}
		next = newest(next, p.max)
		if old < 0 && !slices.ContainsFunc(next, same) {
			continue
		}
		c.touch()
		c.all = next
		c.aside = newest(slices.DeleteFunc(c.aside, same), p.max-len(c.all))
		if old < 0 && c.frozen && c.wants(e) && !slices.ContainsFunc(c.base, same) {
			c.pending++
		}
	}
	for i := range p.columns {
		c := &p.columns[i]
		if c.frozen && c.touched && c.refresh == 2 && p.filling {
			c.release()
		}
		if b.ID == "" && !b.Reset && c.refresh == 2 {
			c.refresh = 0
		}
		c.touched = false
	}
}

func (c *plainColumn) release() { c.frozen, c.base, c.pending = false, nil, 0 }

func (c *plainColumn) setFilter(f ColumnFilter) {
	asked := func(f ColumnFilter) ColumnFilter { // of the server
		if !strings.Contains(f.Symbols, ",") {
			f.Symbols = ""
		}
		return f
	}
	if asked(f) != asked(c.filter) {
		c.refresh = 1
		if c.frozen {
			for _, e := range c.aside {
				if !slices.ContainsFunc(c.base, func(x *event.Event) bool { return x.ID == e.ID }) {
					c.base = append(c.base, e)
				}
			}
			c.base = newest(c.base, len(c.base))
		}
		c.all = newest(append(c.all, c.aside...), len(c.all)+len(c.aside))
		c.aside = nil
	}
	c.filter = f
	if !c.frozen {
		return
	}
	c.pending = 0
	for _, e := range c.all {
		if c.wants(e) && !slices.ContainsFunc(c.base, func(x *event.Event) bool { return x.ID == e.ID }) {
			c.pending++
		}
	}
}

// shownOf lists the cards of a real column like plainColumn.shown.
func shownOf(c *Column) []string {
	var out []string
	for _, card := range c.Shown() {
		out = append(out, fmt.Sprintf("%s×%d", card.Event.ID, card.Repeats))
	}
	return out
}

// TestBoardAgreesWithPlainModel plays random batches, holds, filters and resets on the board and on the oracle.
func TestBoardAgreesWithPlainModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 12).Draw(t, "max")
		b, p := New(size), newPlain(size)
		tier := rapid.SampledFrom([]event.Tier{event.Daily, event.Intraday, event.Combo})
		seq := uint64(0)
		draw := func(t *rapid.T) []*event.Event {
			var es []*event.Event
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, 89), 0, 10).Draw(t, "events") {
				s := uint64(n)
				if rapid.IntRange(0, 3).Draw(t, "fresh") == 0 {
					seq++
					s = 1000 + seq // another copy of the same event
				}
				es = append(es, testEvent(n, s))
			}
			return es
		}
		apply := func(t *rapid.T, batch *wire.Batch) {
			type still struct{ shown []string }
			var before [3]*still
			for i, c := range b.Columns() {
				if c.Held() != 0 && len(c.Shown()) > 0 && p.columns[i].refresh == 0 {
					before[i] = &still{shownOf(c)}
				}
			}
			revisions := [3]uint64{}
			was := [3][]string{}
			for i, c := range b.Columns() {
				revisions[i], was[i] = c.Revision(), shownOf(c)
			}
			ch := b.Apply(batch, noon)
			p.apply(batch)
			for i, c := range b.Columns() {
				if before[i] != nil && !slices.Equal(before[i].shown, shownOf(c)) {
					t.Fatalf("%v moved while held: %v, then %v", c.Tier(), before[i].shown, shownOf(c))
				}
				if !slices.Equal(was[i], shownOf(c)) && (revisions[i] == c.Revision() || !ch.Column(c.Tier()).Shown) {
					t.Fatalf("%v changed from %v to %v untold", c.Tier(), was[i], shownOf(c))
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"live":   func(t *rapid.T) { apply(t, &wire.Batch{Events: draw(t)}) },
			"replay": func(t *rapid.T) { apply(t, &wire.Batch{ID: "main", Events: draw(t)}) },
			"reset":  func(t *rapid.T) { apply(t, &wire.Batch{ID: "main", Reset: true, Events: draw(t)}) },
			"forget": func(t *rapid.T) {
				p.foreign = true
				for i := range p.columns {
					p.columns[i].aside = nil
				}
				b.Forget()
			},
			"hold": func(t *rapid.T) {
				tr, r := tier.Draw(t, "tier"), rapid.SampledFrom([]Reason{Pointer, Focus, Scroll, Pause}).Draw(t, "reason")
				on := rapid.Bool().Draw(t, "on")
				c := &p.columns[tr-event.Daily]
				if on {
					c.held |= r
				} else if c.held &^= r; c.held == 0 {
					c.release()
				}
				b.Column(tr).Hold(r, on)
			},
			"pause": func(t *rapid.T) {
				tr, on := tier.Draw(t, "tier"), rapid.Bool().Draw(t, "on")
				c := &p.columns[tr-event.Daily]
				if was := c.held&Pause != 0; on {
					c.held |= Pause
				} else if c.held &^= Pause; was {
					c.release()
				}
				b.Column(tr).SetPaused(on)
			},
			"release": func(t *rapid.T) {
				tr := tier.Draw(t, "tier")
				p.columns[tr-event.Daily].release()
				b.Column(tr).Release()
			},
			"filter": func(t *rapid.T) {
				tr := tier.Draw(t, "tier")
				f := ColumnFilter{
					Pattern:       rapid.SampledFrom([]string{"", "", "bull_flag", "volume_spike"}).Draw(t, "pattern"),
					Symbols:       rapid.SampledFrom([]string{"", "", "AA", "AAPL", "AAPL,", "AAL,MSFT", "NONE,"}).Draw(t, "symbols"),
					MinConfidence: rapid.SampledFrom([]float64{0, 0, 0.6, 0.75}).Draw(t, "confidence"),
				}
				p.columns[tr-event.Daily].setFilter(f)
				b.SetFilter(tr, f)
			},
			"": func(t *rapid.T) {
				for i, c := range b.Columns() {
					want := &p.columns[i]
					if d := cmp.Diff(want.shown(), shownOf(c)); d != "" {
						t.Fatalf("%v shown (-want +got):\n%s", c.Tier(), d)
					}
					if got := c.Total(); got != len(want.all)+len(want.aside) || got > size {
						t.Fatalf("%v knows %d, want %d and %d aside, of at most %d", c.Tier(), got, len(want.all), len(want.aside), size)
					}
					if c.Pending() != want.pending {
						t.Fatalf("%v pending %d, want %d", c.Tier(), c.Pending(), want.pending)
					}
					if c.Held() != want.held {
						t.Fatalf("%v held for %b, want %b", c.Tier(), c.Held(), want.held)
					}
					if len(b.byID) > 3*size {
						t.Fatalf("index holds %d events", len(b.byID))
					}
				}
			},
		})
	})
}
