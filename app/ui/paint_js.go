//go:build js

package ui

import (
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/tier"
	"tierboard/app/ui/wording"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// paint brings everything that follows the stream up to date. Nobody sees a hidden page, so it is left as it is until it
// is shown again; the board goes on meanwhile.
func (p *page) paint(now time.Time) {
	if !p.mounted || dom.Hidden() {
		return
	}
	p.viewer.Skew = p.serverNow(now).Sub(now)
	busy := p.arrivals.perSecond(now) > calmRate
	for i := range tier.All {
		p.lists[i].Busy = busy
		p.paintColumn(i, now)
	}
	if now.Sub(p.statedAt) >= stateEach {
		p.paintState(now)
	}
}

// paintColumn writes one column's cards, if they changed, and its header.
func (p *page) paintColumn(i int, now time.Time) {
	c, s := p.board.Column(tier.All[i].Tier), &p.columns[i]
	if rev := c.Revision(); rev != s.revision || p.lists[i].Behind(c.Shown()) {
		s.revision = rev
		p.lists[i].Show(c.Shown(), &p.viewer, now)
	}
	shown, of := c.Count()
	s.count.Set(strconv.Itoa(shown))
	s.tabCount.Set(strconv.Itoa(shown))
	pending := c.Pending()
	s.pill.Hide(pending == 0)
	if pending > 0 {
		s.pillCount.Set(strconv.Itoa(pending) + " new")
	}
	switch {
	case pending > 0:
		s.about.Set("")
	case !c.Filter().IsZero() || p.d.query != "":
		s.about.Set(strconv.Itoa(shown) + " of " + strconv.Itoa(of) + " shown")
	default:
		s.about.Set(wording.PerMinute(c.Rate(now)))
	}
	p.paintEmpty(i, c)
}

// paintEmpty says why a column has no cards, when the next are to be expected, and what would show some.
func (p *page) paintEmpty(i int, c *board.Column) {
	s := &p.columns[i]
	if len(c.Shown()) > 0 || !p.d.loaded {
		s.empty.SetClass("empty last")
		s.empty.Set(s.idle)
		s.relax.Hide(true)
		return
	}
	s.empty.SetClass("empty")
	s.empty.Set(wording.Empty(tier.All[i], c, p.d.query, p.market(), p.serverNow(time.Now())))
	offer := wording.Relax(c, p.d.query)
	s.relax.Set(offer)
	s.relax.Hide(c.Pending() > 0 || offer == "")
}

// market is what the server last told of the exchange; nil while that is unknown.
func (p *page) market() *wire.Market {
	if p.status == nil {
		return nil
	}
	return p.status.Market
}

// relax does what the button of an empty column says.
func (p *page) relax(i int) {
	f, c := p.d.columns[i].filter, p.board.Column(tier.All[i].Tier)
	if least, more := c.Relaxed(); more > 0 {
		f.MinConfidence = least
		p.d.setFilter(i, f)
		return
	}
	if p.d.query != "" && c.Total() > 0 {
		p.d.setQuery("")
		return
	}
	p.d.setFilter(i, board.ColumnFilter{})
}

// paintState writes the freshness of each tier, the clock and the delay.
func (p *page) paintState(now time.Time) {
	p.statedAt = now
	for i, st := range tier.All {
		c, s := p.board.Column(st.Tier), &p.columns[i]
		state, reason := p.tierState(st.Tier)
		s.dot.SetClass("dot " + state)
		s.idle = ""
		if state == "idle" {
			s.idle = wording.Idle(st, c.LastEventAt(), p.market(), p.serverNow(now), p.viewer.Exchange)
		}
		s.last.Set(p.lastWords(c, now))
		bad := ""
		word := format.Status(state)
		if state == "late" || state == "stale" || state == "down" {
			bad = " bad"
		}
		s.word.Set(word)
		s.word.SetClass("word" + bad)
		s.state.SetClass("tierstat " + st.Class + " " + state)
		title := st.Title + ": " + word
		if reason == "" {
			reason = format.StatusMeaning(state)
		}
		if reason != "" {
			title += ". " + reason
		}
		s.state.SetTitle(title)
		s.rate.Set(p.headerRight(i, now))
	}
	p.paintClock(now)
	if l := p.stream.Latency(now); l.N > 0 {
		p.speed.Set(format.Millis(l.P50))
	}
}

// tierState is what the header says of a tier: what the server told, or down while there is no server to tell.
func (p *page) tierState(t event.Tier) (state, reason string) {
	if !p.live() {
		return "down", "not connected"
	}
	if p.status == nil {
		return "idle", ""
	}
	ts := p.status.Tiers[t.String()]
	if ts.State == "" {
		return "idle", ""
	}
	return ts.State, ts.Reason
}

// lastWords says when a column last heard something.
func (p *page) lastWords(c *board.Column, now time.Time) string {
	at := c.LastEventAt()
	if at.IsZero() {
		return "nothing yet"
	}
	if c.Tier() == event.Daily && now.Sub(at) > time.Hour {
		return format.OfflineSince(at, now, p.viewer.Exchange)
	}
	return format.Ago(p.serverNow(now).Sub(at))
}

// buildClock fills the clock's paragraph, which go-app left empty.
func (p *page) buildClock() clockSlots {
	root := dom.ByID("clock")
	part := func(tag, class string) *dom.Slot {
		e := dom.Document.Call("createElement", tag)
		e.Set("className", class)
		root.Call("appendChild", e)
		return dom.SlotOf(e, class)
	}
	return clockSlots{
		root: dom.SlotOf(root, ""), dot: part("span", "dot"), market: part("span", ""), now: part("b", ""), next: part("span", "faint"),
	}
}

// paintClock writes the exchange's time and what its session is.
func (p *page) paintClock(now time.Time) {
	at := p.serverNow(now)
	p.clock.now.Set(format.Clock(at, p.viewer.Exchange) + " " + format.ZoneName(at, p.viewer.Exchange))
	m := p.market()
	if m == nil {
		p.clock.market.Set("")
		p.clock.next.Set("")
		return
	}
	open := ""
	if m.Session == string(event.Regular) {
		open = " open"
	}
	p.clock.dot.SetClass("dot" + open)
	is, next := format.Market(m, at, p.viewer.Exchange)
	p.clock.market.Set(is)
	p.clock.next.Set(next)
}

// tick runs each second: ages, rates, the clock, what is to be said aloud, and the savings.
func (p *page) tick(now time.Time) {
	if now.Sub(p.savedAt) > savedEvery {
		p.save(now)
	}
	if now.Sub(p.checkedAt) > updateEvery {
		p.lookForUpdate(now)
	}
	p.paintNotice(now)
	p.garbage.look()
	if dom.Hidden() {
		return
	}
	for _, l := range p.lists {
		l.Measure()
	}
	p.statedAt = time.Time{}
	p.paint(now)
	fresh := now.Sub(p.redrawnAt) > time.Minute // what is left of an expiry and which day is today change without an event
	if fresh {
		p.redrawnAt = now
	}
	for i, l := range p.lists {
		if fresh {
			l.Redraw()
			l.Show(p.board.Column(tier.All[i].Tier).Shown(), &p.viewer, now)
		}
		l.Tick(&p.viewer, now)
		l.Number(len(p.board.Column(tier.All[i].Tier).Shown()))
	}
	p.paintEdges()
	for i := range tier.All {
		p.paintMore(i)
	}
	if p.live() && now.Sub(p.ratesAt) > time.Minute {
		p.ratesAt = now
		p.loadRates()
	}
	p.announce(now)
	p.completePickers()
	if p.wanted != "" && p.board.Find(p.wanted) != nil {
		p.jump(p.wanted, p.board.Find(p.wanted).Event.Tier)
		p.wanted = ""
	}
}

// completePickers offers patterns that the name table does not know, once the feed has brought them.
func (p *page) completePickers() {
	for i, s := range tier.All {
		if !p.d.columns[i].open || !p.drawn[i] {
			continue // nobody looks at its pickers, or they are still to come
		}
		if seen := p.board.Column(s.Tier).SymbolsSeen(); len(seen) != p.columns[i].symbols {
			p.columns[i].symbols = len(seen)
			list := dom.ByID("seen-" + s.Class)
			list.Call("replaceChildren")
			for _, c := range seen[:min(len(seen), 200)] {
				o := dom.Document.Call("createElement", "option")
				o.Set("value", c.Value)
				list.Call("appendChild", o)
			}
		}
		if seen := p.unknownPatterns(s.Tier); len(seen) != len(p.d.columns[i].seen) {
			p.ctx.Dispatch(func(app.Context) { p.d.columns[i].seen = seen })
		}
	}
}

// announce tells a screen reader what has come, one sentence a tier and at most one each ten seconds.
func (p *page) announce(now time.Time) {
	for i, n := range p.unsaid {
		if n == 0 || now.Sub(p.saidAt[i]) < announceEach {
			continue
		}
		p.saidAt[i], p.unsaid[i] = now, 0
		p.say.Set(format.Plural(n, "new "+tier.All[i].Class+" pattern"))
		return
	}
}

// notify shows a notice through go-app, if it is not the one shown.
func (p *page) notify(n notice) {
	was := p.d.notice
	if was.text == n.text && was.tone == n.tone && was.action == n.action && (was.drop == nil) == (n.drop == nil) {
		return
	}
	p.ctx.Dispatch(func(app.Context) { p.d.notice = n })
}
