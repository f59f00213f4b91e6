//go:build js

package ui

import (
	"encoding/base64"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/app/live"
	"tierboard/app/ui/card"
	"tierboard/app/ui/details"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/list"
	"tierboard/app/ui/noise"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

const (
	savedEvery   = 15 * time.Second
	debounce     = 250 // milliseconds between the last keystroke and telling the server
	updateEvery  = 10 * time.Minute
	themeKey     = "tierboard.theme"
	filtersKey   = "tierboard.filters"
	queryKey     = "tierboard.query"
	boardKey     = "tierboard.board"
	subscribeKey = "tierboard.subscribe" // what boot.js asks the server for
	calmRate     = 10                    // arrivals a second above which cards only change their tint
	announceEach = 10 * time.Second
	awaited      = 40 * time.Millisecond  // at most so long the first drawing waits for cards that are on their way
	fillEach     = 200 * time.Millisecond // at most so often the parts of a snapshot are painted before its last
	stateEach    = 400 * time.Millisecond // at most so often a batch brings the header up to date; each second does
)

// page is the browser's half of the Dashboard: it owns the board, the stream, the three lists and every element whose text
// follows the stream. All of it runs on the browser's one thread, see the package's Threads.
type page struct {
	ctx     app.Context // of the Dashboard, once it is mounted
	mounted bool        // there are elements to write to
	d       *Dashboard
	board   *board.Board
	stream  *live.Stream
	lists   [3]*list.List
	columns [3]columnSlots
	clock   clockSlots
	speed   *dom.Slot
	say     *dom.Slot
	viewer  card.Viewer

	edges     [3]edge
	older     [3]older
	drawn     [3]bool   // the fields of a column's filter row are in the document
	asked     bool      // for what is kept on the server
	statedAt  time.Time // last paintState
	ratesAt   time.Time
	redrawnAt time.Time
	drawer    details.Drawer
	modal     bool // the details are over everything else
	command   bool // the key that was pressed last was one, and its character is still to come
	sel       selection
	browser   *live.Browser
	garbage   garbage
	main      *dom.Slot

	status       *wire.Status
	state        live.State
	wasLive      bool // there has been a connection
	liveSince    time.Time
	lostAt       time.Time
	stampedAt    time.Time // when the board on the screen was saved, if it is an old one
	gap          *wire.Gap
	gapRead      *gapReading // what is being done about it; nil for nothing
	refused      *wire.Error
	suppressed   int // events left out in the last batch that told of some, and how many came in a second then
	received     int
	suppressedAt time.Time
	filledAt     time.Time // when a part of a snapshot was last painted, or the first was announced
	caughtUp     int
	caughtUpAt   time.Time
	epoch        string
	outdated     bool // the server has another version than this
	updateReady  bool
	told         string // a friendly notice, shown for a few seconds
	toldAt       time.Time
	wanted       string // the event a shared link selects, once it has come

	bell noise.Bell

	savedAt   time.Time
	savedRev  uint64
	checkedAt time.Time // last look for a new version
	arrivals  rateMeter
	resend    func() // cancels the pending subscribe
	tabbed    bool   // the columns are behind tabs
	stops     []func()
	saidAt    [3]time.Time
	unsaid    [3]int
}

// columnSlots are the elements of one column that follow the stream.
type columnSlots struct {
	count, dot, last, pill, pillCount, about, rate, empty, state, word, tabCount *dom.Slot
	more, relax                                                                  *dom.Slot
	success                                                                      string // the tier's success rate in words; "" while unknown
	idle                                                                         string // why the cards are of another day; "" when they are not
	revision                                                                     uint64
	symbols                                                                      int // offered for typing ahead
}

// clockSlots are the elements of the market clock.
type clockSlots struct{ root, dot, market, now, next *dom.Slot }

// newPage restores what the last visit left and connects. Nothing is drawn yet: go-app draws the page afterwards, as it is then, and
// mount goes on.
func newPage(d *Dashboard) *page {
	p := &page{d: d, board: board.New(held)}
	p.viewer = card.Viewer{Exchange: format.ExchangeZone(), Local: format.LocalZone()}
	p.viewer.Zone = p.viewer.Exchange
	p.keep()
	d.setup.Finish = p.setUp
	d.palette.Symbols, d.palette.Run = p.symbols, p.run
	d.theme = dom.Stored(themeKey)
	p.restorePrefs()
	p.restoreFilters()
	p.restoreShare()
	p.connect()
	p.await()
	if p.board.Empty() {
		p.restoreBoard()
	}
	return p
}

// await gives cards that boot.js has asked for and that are on their way the time to come, so that the page is not drawn twice. It lets
// go of the thread, since what has come cannot be told before.
func (p *page) await() {
	for until := time.Now().Add(awaited); p.browser.Taken() && !p.stream.Settled() && time.Now().Before(until); {
		turn := make(chan struct{})
		dom.After(1, func() { close(turn) })
		<-turn
	}
}

// mount takes over the page that go-app has just drawn.
func (p *page) mount(ctx app.Context) {
	p.ctx = ctx
	p.speed, p.say, p.main = dom.NewSlot("speed"), dom.NewSlot("say"), dom.NewSlot("columns")
	p.clock = p.buildClock()
	for i, s := range tier.All {
		p.lists[i] = list.New(s.Tier, dom.ByID("list-"+s.Class))
		p.lists[i].Marks = p.sel.classes
		p.edges[i] = edge{above: dom.NewSlot("above-" + s.Class), below: dom.NewSlot("below-" + s.Class)}
		p.columns[i] = columnSlots{
			count: dom.NewSlot("count-" + s.Class), dot: dom.NewSlot("dot-" + s.Class), last: dom.NewSlot("last-" + s.Class),
			pill: dom.NewSlot("new-" + s.Class), pillCount: dom.NewSlot("newcount-" + s.Class), about: dom.NewSlot("about-" + s.Class),
			rate: dom.NewSlot("rate-" + s.Class), empty: dom.NewSlot("empty-" + s.Class), state: dom.NewSlot("state-" + s.Class),
			relax: dom.NewSlot("relax-" + s.Class), word: dom.NewSlot("word-" + s.Class), tabCount: dom.NewSlot("tabcount-" + s.Class), more: dom.NewSlot("more-" + s.Class),
		}
	}
	p.drawer = details.Drawer{
		El: dom.ByID("drawer"), Body: dom.ByID("drawer-body"), Board: p.board, Viewer: &p.viewer, ServerTime: p.serverNow,
		Close: func() { p.choose("") }, Jump: p.jump,
	}
	p.mounted = true
	if p.d.query != "" {
		dom.ByID("everything").Set("value", p.d.query)
	}
	p.watch()
	p.usePrefs()
	p.paintPhase(time.Now())
	if p.outdated {
		p.lookForUpdate(time.Now())
	}
	if p.asked {
		p.loadSoon()
	}
}

// stop ends everything newPage and mount began.
func (p *page) stop() {
	p.save(time.Now())
	p.stream.Close()
	if p.mounted {
		p.drawer.Empty()
	}
	for _, f := range p.stops {
		f()
	}
}

// reload starts the page again, with the newest version if one is stored.
func (p *page) reload() { dom.Window.Get("location").Call("reload") }

// setTheme applies and keeps the theme.
func (p *page) setTheme(theme string) {
	dom.Store(themeKey, theme)
	dom.Document.Get("documentElement").Get("dataset").Set("theme", theme)
}

// setPaused stops or resumes a column.
func (p *page) setPaused(t event.Tier, paused bool) {
	p.board.Column(t).SetPaused(paused)
	p.paint(time.Now())
}

// soon changes what is rendered and, once that is drawn, does what follows. What follows is put off only when the change has been
// made: go-app keeps both in queues of their own, and could draw a frame between them.
func (p *page) soon(change, then func()) {
	p.ctx.Dispatch(func(ctx app.Context) {
		change()
		ctx.Defer(func(app.Context) { then() })
	})
}

// setQuery narrows all columns at once.
func (p *page) setQuery(text string) {
	p.board.SetQuery(text)
	dom.Store(queryKey, text)
	if in := dom.ByID("everything"); in.Get("value").String() != text {
		in.Set("value", text)
	}
	for _, l := range p.lists {
		l.Rewind()
	}
	p.paint(time.Now())
}

// save keeps the newest cards for a start without a network, if anything has changed.
func (p *page) save(now time.Time) {
	p.savedAt = now
	rev := p.revision()
	if rev == p.savedRev || !p.wasLive {
		return
	}
	p.savedRev = rev
	dom.Store(boardKey, base64.StdEncoding.EncodeToString(p.board.Snapshot(now)))
}

// revision sums up the columns' revisions.
func (p *page) revision() uint64 {
	var sum uint64
	for _, c := range p.board.Columns() {
		sum += c.Revision()
	}
	return sum
}

// restoreBoard shows the board of the last visit until the server answers.
func (p *page) restoreBoard() {
	raw, err := base64.StdEncoding.DecodeString(dom.Stored(boardKey))
	if err != nil || len(raw) == 0 {
		return
	}
	at, err := p.board.Restore(raw, time.Now())
	if err != nil {
		return // written by another version or damaged: an empty board is right
	}
	p.stampedAt = at
	p.d.loaded = true
}
