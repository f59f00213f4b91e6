package board

import (
	"slices"
	"sort"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// Reason says why a column is held; several can hold at once.
type Reason uint8

// The reasons.
const (
	Pointer Reason = 1 << iota // the pointer is over the list
	Focus                      // the keyboard focus is inside
	Scroll                     // the list is scrolled away from its top
	Pause                      // the reader paused the column
)

// After SetFilter the server's snapshot for the new filter belongs on the screen even while the column is held,
// because the reader asked for it.
const (
	refreshNone    = iota
	refreshWanted  // the filter changed, no reset yet
	refreshFilling // the reset came, its snapshot is arriving
)

// Column is one tier of the board. Get it from Board.Column; its methods follow the Board's rule of one owner.
type Column struct {
	tier  event.Tier
	board *Board

	all   []*Card // the model: newest first
	bound int     // the board's max, more while older pages are loaded
	shown []*Card // what Shown returns
	base  []*Card // while frozen: the model as it was when the first event had to wait

	frozenByID map[string]*Card // the cards of base

	aside     []*Card          // what the server leaves out with this filter, newest first; with the model at most bound
	asideByID map[string]*Card // the cards of aside

	held    Reason
	frozen  bool // an event waits: shown comes from base
	dirty   bool // the current batch touched the column
	pending int
	refresh uint8

	setting  ColumnFilter
	server   filter.Filter       // what is sent to the server
	words    symbolWords         // what only the browser can match
	without  []string            // patterns that are left out
	watched  map[string]struct{} // the watchlist; nil for none
	order    Order
	heads    []*Card // scratch of rebuild: a hash table of the newest cards of their kind
	gen      uint64
	revision uint64
	visible  int // events behind the shown cards

	lastEventAt time.Time
	rate        rateWindow
	patterns    map[string]string // slug to label, ever seen, bounded
	symbols     map[string]struct{}
}

// Tier is the tier the column shows.
func (c *Column) Tier() event.Tier { return c.tier }

// Shown returns the cards to draw, in order. The slice is valid until the next call that changes the board.
func (c *Column) Shown() []*Card { return c.shown }

// Revision goes up whenever Shown or a card in it changes.
func (c *Column) Revision() uint64 { return c.revision }

// Total is how many events the column knows, whatever the filter.
func (c *Column) Total() int { return len(c.all) + len(c.aside) }

// Count returns how many events stand behind the shown cards, and how many there are to choose from.
func (c *Column) Count() (shown, of int) {
	if c.frozen {
		return c.visible, max(c.Total(), len(c.base))
	}
	return c.visible, c.Total()
}

// Pending is how many events that pass the filter came in while the column was held. It goes on counting when the
// bound has dropped some of them.
func (c *Column) Pending() int { return c.pending }

// Held reports why the column stands still; 0 means it does not.
func (c *Column) Held() Reason { return c.held }

// Hold sets or clears one reason to stand still. When the last reason goes, waiting events come in. It reports whether
// Shown changed.
func (c *Column) Hold(r Reason, on bool) bool {
	if on {
		c.held |= r
		return false
	}
	c.held &^= r
	if c.held == 0 {
		return c.Release()
	}
	return false
}

// Release brings in what waits, now. The reasons stay, so later events wait again. It reports whether Shown changed.
func (c *Column) Release() bool {
	if !c.frozen {
		return false
	}
	c.thaw()
	c.rebuild()
	return true
}

// Paused reports whether the reader paused the column.
func (c *Column) Paused() bool { return c.held&Pause != 0 }

// SetPaused pauses or resumes the column. Resuming brings waiting events in at once, even under the pointer. It
// reports whether Shown changed.
func (c *Column) SetPaused(on bool) bool {
	if on == c.Paused() {
		return false
	}
	changed := c.Hold(Pause, on)
	return !on && (c.Release() || changed)
}

// Order is how the column is sorted.
func (c *Column) Order() Order { return c.order }

// SetOrder sorts the column, at once even while it is held.
func (c *Column) SetOrder(o Order) {
	c.order = o
	c.rebuild()
}

// Index returns the position of an event's card in Shown, or -1. For a repeat it is the position of the card it is
// shown as.
func (c *Column) Index(id string) int {
	if i := slices.IndexFunc(c.shown, func(card *Card) bool { return card.Event.ID == id }); i >= 0 {
		return i
	}
	if head := c.headOf(c.board.Find(id)); head != nil {
		return slices.Index(c.shown, head)
	}
	return -1
}

// headOf returns the shown card that stands for card, or nil if none does.
func (c *Column) headOf(card *Card) *Card {
	if card == nil || card.gen != c.gen || card.Event.Tier != c.tier {
		return nil
	}
	return card.head
}

// LastEventAt is when the server received the newest event the column was told of; zero before the first one.
func (c *Column) LastEventAt() time.Time { return c.lastEventAt }

// Rate is how many events arrived live in the minute before now.
func (c *Column) Rate(now time.Time) int { return c.rate.sum(now) }

// Seen says that the reader has looked at the column: nothing in it is new any more.
func (c *Column) Seen() {
	for _, card := range c.shown {
		card.New = false
	}
	for _, card := range c.all {
		card.New = false
	}
	for _, card := range c.aside {
		card.New = false
	}
}

// full reports whether one more event means one less.
func (c *Column) full() bool { return len(c.all) >= c.bound }

// touch must be called before the model changes: it freezes what a held column shows. A column that shows nothing has
// nothing to keep still, unless it is paused.
func (c *Column) touch() {
	c.dirty = true
	if c.frozen || c.held == 0 || (len(c.shown) == 0 && c.held&Pause == 0) {
		return
	}
	c.frozen = true
	c.base = append(c.base[:0], c.all...)
	for _, card := range c.base {
		c.frozenByID[card.Event.ID] = card
	}
}

// thaw forgets the frozen list.
func (c *Column) thaw() {
	clear(c.base)
	clear(c.frozenByID)
	c.base, c.frozen, c.pending = c.base[:0], false, 0
}

// fill gives a card its event and asks the filter.
func (c *Column) fill(card *Card, e *event.Event) {
	card.Event = e
	card.hash = hashOf(e)
	card.ok = c.matches(e)
}

// at returns where an event stands or would stand in the model.
func (c *Column) at(e *event.Event) int {
	return sort.Search(len(c.all), func(i int) bool { return !newer(c.all[i].Event, e) })
}

// insert puts a card into the model and drops the oldest beyond the bound.
func (c *Column) insert(card *Card) {
	c.all = slices.Insert(c.all, c.at(card.Event), card)
	for len(c.all) > c.bound {
		last := len(c.all) - 1
		delete(c.board.byID, c.all[last].Event.ID)
		c.all[last] = nil
		c.all = c.all[:last]
	}
	c.boundAside()
}

// remove takes a card out of the model.
func (c *Column) remove(card *Card) {
	if i := c.at(card.Event); i < len(c.all) && c.all[i] == card {
		c.all = slices.Delete(c.all, i, i+1)
	}
}

// arrived keeps the column's counters for an event that was added to the model.
func (c *Column) arrived(card *Card, now time.Time, live bool) {
	e := card.Event
	at := e.ReceivedAt
	if at.IsZero() {
		at = e.DetectedAt
	}
	if at.After(c.lastEventAt) {
		c.lastEventAt = at
	}
	c.notice(e)
	if live {
		c.rate.add(now)
	}
	if card.ok && c.frozen && c.frozenByID[e.ID] == nil {
		c.pending++
	}
}

// settle ends a batch: the shown list follows the model unless the column is held.
func (c *Column) settle(cc *ColumnChange, live, filling bool) {
	refreshing := c.refresh == refreshFilling && filling
	if c.refresh == refreshFilling && live {
		c.refresh = refreshNone
	}
	if !c.dirty {
		return
	}
	c.dirty = false
	if c.frozen && !refreshing {
		cc.Pending = cc.Added > 0
		if cc.Updated > 0 { // cards changed in place
			cc.Shown = true
			c.revision++
		}
		return
	}
	if c.frozen {
		c.thaw()
	}
	cc.Shown = true
	c.rebuild()
}

// rebuild computes the shown list: filtered, conflated, sorted.
func (c *Column) rebuild() {
	src := c.all
	if c.frozen {
		src = c.base
	}
	c.gen++
	c.revision++
	c.visible = 0
	c.clearHeads(len(src))
	old := len(c.shown)
	c.shown = c.shown[:0]
	for _, card := range src {
		if !card.ok {
			continue
		}
		c.visible++
		at, slot := card.Event.DetectedAt, c.headOfKind(card)
		card.gen = c.gen
		if head := *slot; head != nil && head.FirstSeen.Sub(at) <= ConflateWindow {
			head.Repeats++
			head.FirstSeen = at
			card.head = head
			continue
		}
		card.head, card.Repeats, card.FirstSeen, card.LastSeen = card, 1, at, at
		*slot = card
		c.shown = append(c.shown, card)
	}
	if n := len(c.shown); n < old {
		clear(c.shown[n:old]) // let go of cards that are shown no more
	}
	if c.order != ByTime {
		slices.SortStableFunc(c.shown, c.order.compare)
	}
}

// clearHeads empties the hash table and makes it large enough for n cards: at most half full.
func (c *Column) clearHeads(n int) {
	size := 16
	for size < 2*n {
		size *= 2
	}
	if len(c.heads) >= size {
		clear(c.heads)
		return
	}
	c.heads = make([]*Card, size)
}

// headOfKind returns the slot of the card that a card may repeat; it is empty if there is none.
func (c *Column) headOfKind(card *Card) **Card {
	mask := len(c.heads) - 1
	for i := int(card.hash) & mask; ; i = (i + 1) & mask {
		if head := c.heads[i]; head == nil || (head.hash == card.hash && repeats(head.Event, card.Event)) {
			return &c.heads[i]
		}
	}
}
