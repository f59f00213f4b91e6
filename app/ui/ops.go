package ui

import (
	"strconv"
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/fetch"
	"tierboard/app/format"
	"tierboard/shared/api"
)

// operationsEvery is how often the operations page asks.
const operationsEvery = 2 * time.Second

// mostLetters is how many dead letters the page asks for.
const mostLetters = 50

// Operations is the operator's page: what the server does, drawn live. The zero Operations renders the page before anything has
// loaded.
type Operations struct {
	app.Compo

	watcher  *watcher // nil on the server and before mounting
	zone     format.Zone
	exchange format.Zone

	fresh   freshness
	now     *operations
	history samples

	healthFresh freshness
	health      *tiersHealth

	lettersFresh freshness
	letters      *deadLetters
	lettersOf    string // what the letters shown belong to, see lettersKey
}

// OnNav names the page.
func (p *Operations) OnNav(ctx app.Context) { ctx.Page().SetTitle("Operations · Tierboard") }

// OnMount asks for the numbers, again and again while the page can be seen.
func (p *Operations) OnMount(ctx app.Context) {
	p.zone, p.exchange = enterPage()
	p.watcher = startWatcher(operationsEvery, p.paths, func(path string, a fetch.Answer) {
		ctx.Dispatch(func(app.Context) { p.take(path, a, time.Now()) })
	})
}

// OnDismount stops asking.
func (p *Operations) OnDismount() { p.watcher.stop() }

// retry asks again. Handlers keep the values they were made with, and the first are made before there is a watcher.
func (p *Operations) retry() { p.watcher.ask() }

// lettersPath is where the dead letters are.
func lettersPath() string { return api.PathDeadLetters + "?limit=" + strconv.Itoa(mostLetters) }

// lettersKey changes when there may be other dead letters: with each reject, and when the server starts again.
func (p *Operations) lettersKey() string {
	if p.now == nil {
		return ""
	}
	return p.now.Hub.Epoch + " " + strconv.FormatUint(total(p.now.Rejects), 10)
}

// paths are the documents to ask for. Dead letters are long and seldom new, so they are asked for when the rejects have grown.
func (p *Operations) paths() []string {
	out := []string{api.PathOps, api.PathTiersHealth}
	if p.letters == nil || p.lettersFresh.fault != "" || p.lettersOf != p.lettersKey() {
		out = append(out, lettersPath())
	}
	return out
}

// take takes an answer in.
func (p *Operations) take(path string, a fetch.Answer, now time.Time) {
	switch path {
	case api.PathOps:
		if o := new(operations); p.fresh.answered(a, now, o) {
			p.now = o
			p.history.add(o)
		}
	case api.PathTiersHealth:
		if h := new(tiersHealth); p.healthFresh.answered(a, now, h) {
			p.health = h
		}
	default:
		if l := new(deadLetters); p.lettersFresh.answered(a, now, l) {
			p.letters, p.lettersOf = l, p.lettersKey()
		}
	}
}

// Render draws the page.
func (p *Operations) Render() app.UI {
	fresh := &p.fresh
	if fresh.fault == "" && p.healthFresh.fault != "" {
		fresh = &p.healthFresh
	}
	class := "sheet"
	if fresh.fault != "" && p.now != nil {
		class += " waiting"
	}
	return app.Div().ID("page").Class("page").Body(
		pageTop(pathOperations, p.now != nil && p.now.demo()),
		fresh.noticeOf(p.zone, p.retry),
		app.Main().ID("sheet").Class(class).TabIndex(0).Aria("labelledby", "sheet-title").Body(
			app.Div().Class("sheet-head").Body(
				app.Div().Body(
					app.H1().ID("sheet-title").Text("Operations"),
					app.P().ID("sheet-about").Class("muted").Text(p.about()),
				),
				app.Div().Class("spring"),
				p.overall(),
			),
			app.If(p.now == nil, func() app.UI { return p.fresh.instead("server's numbers", p.zone, p.retry) }).
				ElseSlice(p.body),
		),
	)
}

// about says which server this is.
func (p *Operations) about() string {
	if p.now == nil {
		return "What the server does, as it does it."
	}
	var parts []string
	if p.now.Version != "" {
		parts = append(parts, "Version "+clean(p.now.Version, 40))
	}
	if !p.now.StartedAt.IsZero() {
		parts = append(parts, "up "+format.Span(p.now.AsOf.Sub(p.now.StartedAt)))
	}
	return strings.Join(append(parts, "numbers of "+format.Clock(p.now.AsOf, p.zone)+" "+format.ZoneName(p.now.AsOf, p.zone)), ", ")
}

// overall is the judgement on the whole, with its first cause.
func (p *Operations) overall() app.UI {
	if p.health == nil {
		return app.P().Class("overall")
	}
	state := map[string]string{"ok": "ok", "degraded": "late", "down": "down"}[p.health.Status]
	text := words(clean(p.health.Status, 20))
	if p.health.Reason != "" {
		text += ": " + clean(p.health.Reason, 160)
	}
	return app.P().Class("overall").Body(app.Span().Class("dot "+state).Aria("hidden", "true"), app.Span().Text(text))
}

// body is everything below the head.
func (p *Operations) body() []app.UI {
	parts := []app.UI{p.tiles()}
	if p.health != nil {
		parts = append(parts, p.tiers(), p.surroundings())
	} else if p.healthFresh.fault != "" {
		parts = append(parts, p.healthFresh.instead("tiers' health", p.zone, p.retry))
	}
	return append(parts,
		app.Div().Class("panels").Body(
			tally("Messages read, by result", "messages", "Nothing was read yet.", p.now.Messages),
			tally("Rejects, by reason", "rejects", "Nothing was rejected.", p.now.Rejects),
			tally("Sessions closed, by reason", "closed", "No session has ended. Slow ones would stand here as too slow.", p.now.Closed),
		),
		p.latencies(),
		p.deadLetterTable(),
		p.settingsTable(),
	)
}

// tile is a number with its last two minutes.
func tile(title, value, about string, points []point) app.UI {
	return app.Div().Class("tile").Body(
		app.H2().Text(title),
		app.P().Class("value").Text(value),
		sparkline(points, sampleSpan.Seconds(), sampleGap.Seconds()),
		app.P().Class("muted").Text(about),
	)
}

// tiles are the numbers that move.
func (p *Operations) tiles() app.UI {
	h := &p.now.Hub
	gauge := func(title string, now int, about string, value func(*sample) float64) app.UI {
		return tile(title, format.Count(now), about, p.history.gauge(value))
	}
	rate := func(title, about string, of func(*sample) uint64) app.UI {
		points := p.history.rate(of)
		value := "…" // one answer is no rate yet
		if v, ok := latest(points); ok {
			value = perSecond(v) + "/s"
			about = "peak " + perSecond(highest(points)) + "/s; " + about
		}
		return tile(title, value, about, points)
	}
	return app.Div().Class("tiles").ID("tiles").Body(
		gauge("Sessions", h.Sessions, format.Plural(h.Subscriptions, "subscription")+", "+format.Plural(h.Cohorts, "cohort")+", "+
			format.Plural(p.now.Streams, "event stream"), func(s *sample) float64 { return s.sessions }),
		rate("Events accepted", count(h.Seq)+" in all, "+count(h.Duplicates)+" copies refused", func(s *sample) uint64 { return s.seq }),
		rate("Events delivered", count(h.Delivered)+" of "+count(h.Matched)+" matched", func(s *sample) uint64 { return s.delivered }),
		rate("Messages read", count(total(p.now.Messages))+" in all, "+count(total(p.now.Rejects))+" rejected", func(s *sample) uint64 { return s.messages }),
		rate("Events held back", count(h.Suppressed)+" by the limit of "+format.Count(h.RateLimit)+"/s, "+count(h.Dropped)+" for lagging sessions", func(s *sample) uint64 { return s.heldBack }),
		gauge("Waiting for delivery", h.Inbox, "window "+duration(h.WindowMS), func(s *sample) float64 { return s.inbox }),
	)
}

// tiers is one card a tier.
func (p *Operations) tiers() app.UI {
	return app.Div().Class("cards").Body(app.Range(styles[:]).Slice(func(i int) app.UI {
		s := styles[i]
		t := p.health.Tiers[s.class]
		if t == nil {
			t = &tierHealth{}
		}
		status := format.Status(t.Status)
		reason := clean(t.Reason, 200)
		if reason == "" {
			reason = format.StatusMeaning(t.Status)
		}
		parts := []app.UI{
			app.Div().Class("panel-head").Body(
				app.H2().Body(app.Span().Class("i "+s.icon).Aria("hidden", "true"), app.Text(s.title)),
				app.Span().Class("state").Body(app.Span().Class("dot "+status).Aria("hidden", "true"), app.Text(status)),
			),
			app.P().Class("muted").Text(reason),
		}
		facts := []app.UI{}
		if t.AgeS != nil {
			facts = append(facts, fact("Last event", format.Ago(seconds(float64(*t.AgeS)))))
		} else {
			facts = append(facts, fact("Last event", "none yet"))
		}
		if t.Rate != nil {
			facts = append(facts, fact("Last minute", format.Count(t.Rate.PerMin)), fact("Last hour", format.Count(t.Rate.PerHour)))
		}
		if t.Counters != nil {
			facts = append(facts, fact("Accepted", count(t.Counters.Accepted)))
		}
		limit := "no limit now"
		if t.StaleAfterS != nil {
			limit = format.Span(seconds(float64(*t.StaleAfterS)))
		}
		facts = append(facts, fact("Stale after", limit))
		parts = append(parts, app.Dl().Class("counts").Body(facts...))
		if t.DeliverMS != nil {
			parts = append(parts, app.H3().Text("Delivery, from receipt to socket"), latencyFacts(t.DeliverMS))
		}
		return app.Section().Class("panel tier-card "+s.class).Aria("label", s.title).Body(parts...)
	}))
}
