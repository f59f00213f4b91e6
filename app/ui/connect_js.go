//go:build js

package ui

import (
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/format"
	"tierboard/app/live"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/tier"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// connect makes the stream and starts it; from here on everything is told by its hooks.
func (p *page) connect() {
	p.browser = live.NewBrowser(api.PathWebSocket, nil) // no crash hook: a panic ends the program, and boot.js says so
	config := live.Config{Filters: p.board.Filters(), Hooks: live.Hooks{
		OnWelcome:    p.onWelcome,
		OnSubscribed: p.onSubscribed,
		OnBatch:      p.onBatch,
		OnStatus:     p.onStatus,
		OnGap:        func(g *wire.Gap) { p.gap = g },
		OnError:      func(e *wire.Error) { p.refused = e },
		OnState:      p.onState,
	}}
	p.browser.Take(config.Subscription())
	stream, err := live.New(config, p.browser)
	if err != nil {
		panic(err) // a configuration written above
	}
	p.stream = stream
	p.stream.Start()
}

// live reports whether the server is talking to us.
func (p *page) live() bool { return p.state.Phase == live.Live }

// serverNow is the server's clock, as well as it is known.
func (p *page) serverNow(now time.Time) time.Time { return p.stream.ServerTime(now) }

func (p *page) onWelcome(w *wire.Welcome) {
	if w.Epoch != p.epoch {
		p.epoch = w.Epoch
		p.board.Forget()
	}
	if w.Demo != p.d.demo {
		p.redraw(func() { p.d.demo = w.Demo })
	}
	p.outdated = w.Build != "" && w.Build != app.Getenv("GOAPP_VERSION")
	if p.outdated && p.mounted {
		p.lookForUpdate(time.Now()) // the server was replaced: fetch what belongs to it
	}
}

func (p *page) onSubscribed(s *wire.Subscribed) {
	p.refused, p.filledAt = nil, time.Now()
	if !p.asked {
		p.asked = true
		if p.mounted {
			p.loadSoon()
		}
	}
	if s.Resumed && s.Replayed > 0 {
		p.caughtUp, p.caughtUpAt = s.Replayed, time.Now()
	}
}

// loadSoon reads what is kept on the server, once the cards are painted.
func (p *page) loadSoon() { dom.After(50, func() { p.d.library.Load(true) }) }

// onBatch is the hot path: it runs inside the socket's own event, so that the cards are in the DOM before the browser paints
// its next frame.
func (p *page) onBatch(b *wire.Batch) {
	now := time.Now()
	changes := p.board.Apply(b, now)
	if b.Reset {
		p.stampedAt = time.Time{}
	}
	for i, s := range tier.All {
		change := changes.Column(s.Tier)
		if b.ID == "" {
			p.unsaid[i] += change.Added
			p.arrivals.add(change.Added, now)
		}
	}
	if p.stream.Filling() && now.Sub(p.filledAt) < fillEach {
		return // what follows at once will stand above these cards
	}
	p.filledAt = now
	if b.Suppressed > 0 { // the server tells this about once a second
		p.suppressed, p.received, p.suppressedAt = b.Suppressed, p.arrivals.perSecond(now), now
	}
	p.paint(now)
	p.ready()
	if b.ID == "" {
		p.alert(b.Events)
	}
}

func (p *page) onStatus(s *wire.Status) {
	p.status = s
	p.ready()
	if p.mounted && !dom.Hidden() {
		p.paintState(time.Now())
	}
}

func (p *page) onState(s live.State) {
	p.state = s
	now := time.Now()
	if s.Phase == live.Live {
		p.wasLive, p.liveSince = true, now
	} else if p.lostAt.Before(p.liveSince) || p.lostAt.IsZero() {
		p.lostAt = now
	}
	if p.mounted {
		p.paintPhase(now)
	}
}

// paintPhase shows what the connection is doing.
func (p *page) paintPhase(now time.Time) {
	class := "columns"
	if !p.live() {
		class += " waiting"
	}
	p.main.SetClass(class)
	p.paintNotice(now)
	if !dom.Hidden() {
		p.paintState(now)
	}
}

// ready removes the loading shapes once there is something to show instead.
func (p *page) ready() {
	if p.d.loaded {
		return
	}
	if !p.mounted {
		p.d.loaded = true // what is not rendered yet will be right at once
		return
	}
	p.soon(func() { p.d.loaded = true }, func() { p.paint(time.Now()) })
}

// redraw changes what go-app renders; what it has not rendered yet will be right at once.
func (p *page) redraw(change func()) {
	if !p.mounted {
		change()
		return
	}
	p.dispatch(change)
}

// lookForUpdate asks the browser whether the server has a newer version of the page.
func (p *page) lookForUpdate(now time.Time) {
	p.checkedAt = now
	p.ctx.Async(app.TryUpdate)
}

// paintNotice shows the one thing a person should know now.
func (p *page) paintNotice(now time.Time) {
	p.notify(p.noticeNow(now))
}

// noticeNow picks the most important notice; the zero notice if all is well.
func (p *page) noticeNow(now time.Time) notice {
	retry := func() { p.stream.Retry() }
	switch p.state.Phase {
	case live.Stopped:
		return notice{text: "The server refused the connection: " + stopReason(p.state), tone: "bad", action: "Try again", act: retry}
	case live.Offline:
		return notice{text: "Offline. " + p.lastKnown(now), tone: "bad", action: "Retry now", act: retry}
	case live.Waiting:
		left := int(p.state.Until.Sub(now).Seconds() + 0.999)
		text := "Reconnecting… next try in " + strconv.Itoa(max(left, 0)) + " s. " + p.lastKnown(now)
		return notice{text: text, tone: "bad", action: "Retry now", act: retry}
	case live.Connecting, live.Idle:
		if (p.wasLive || !p.stampedAt.IsZero()) && now.Sub(p.lostAt) > time.Second {
			return notice{text: "Reconnecting… " + p.lastKnown(now), tone: "bad"}
		}
		return notice{}
	case live.Live:
	}
	switch {
	case p.updateReady:
		return notice{text: "A new version of Tierboard is ready.", tone: "good", action: "Reload", act: p.reload}
	case p.status != nil && p.status.Ingest == "down":
		return notice{text: "The server has lost its feed (Redis) and keeps trying. Nothing new arrives until then.", tone: "bad"}
	case p.refused != nil:
		return notice{text: "The server refused these filters: " + p.refused.Detail, tone: "bad", action: "Dismiss", act: func() { p.refused = nil; p.paintNotice(time.Now()) }}
	case p.gap != nil:
		return p.gapNotice()
	case now.Sub(p.suppressedAt) < 5*time.Second:
		return notice{text: "Showing " + strconv.Itoa(p.received) + " of " + strconv.Itoa(p.received+p.suppressed) + " events: more arrive than are sent.", action: "Tighten filters", act: p.tighten}
	case now.Sub(p.toldAt) < 4*time.Second:
		return notice{text: p.told, tone: "good"}
	case now.Sub(p.caughtUpAt) < 4*time.Second:
		return notice{text: "Caught up: " + format.Plural(p.caughtUp, "event") + ".", tone: "good"}
	}
	return notice{}
}

// tighten opens the filter of the column that gets the most.
func (p *page) tighten() {
	now := time.Now()
	busiest := 0
	for i := range tier.All {
		if p.rate(i, now) > p.rate(busiest, now) {
			busiest = i
		}
	}
	p.showTab(tier.All[busiest].Tier)
	p.soon(func() { p.d.openFilters(busiest, true) }, func() { dom.ByID("symbols-" + tier.All[busiest].Class).Call("focus") })
}

// rate is how many events a column got in the last minute.
func (p *page) rate(i int, now time.Time) int { return p.board.Column(tier.All[i].Tier).Rate(now) }

// stopReason words why the server does not want us.
func stopReason(s live.State) string {
	switch s.Code {
	case wire.CloseSignIn:
		return "sign in first."
	case wire.CloseNotAllowed:
		return "this account may not read the stream."
	case wire.ClosePolicy, wire.CloseTooBig:
		return "it did not understand this page. Reload it."
	case wire.CloseGoingAway, wire.CloseTooMany, wire.CloseTooSlow: // a Stream tries again after these
	}
	return s.Reason
}

// lastKnown says how old what is on the screen is.
func (p *page) lastKnown(now time.Time) string {
	at := p.stampedAt
	if at.IsZero() && p.wasLive {
		at = p.lostAt
	}
	if at.IsZero() {
		return ""
	}
	return "Last known " + format.OfflineSince(at, now, p.viewer.Exchange) + "."
}

// gapSpan words the time of a gap as exactly as it is known.
func (p *page) gapSpan() string {
	if p.gap.From.IsZero() || p.gap.To.IsZero() {
		return "while the connection was lost"
	}
	return format.Clock(p.gap.From, p.viewer.Exchange) + "–" + format.Clock(p.gap.To, p.viewer.Exchange)
}

// unknownPatterns keeps the pattern pickers complete with names that only the feed knows.
func (p *page) unknownPatterns(t event.Tier) []string {
	known := map[string]bool{}
	for _, n := range tier.Patterns(t) {
		known[n.Slug] = true
	}
	var out []string
	for _, c := range p.board.Column(t).PatternsSeen() {
		if !known[c.Value] && len(out) < 100 {
			out = append(out, c.Value)
		}
	}
	return out
}
