// Package operations draws the operator's page: what the server does, live.
package operations

import (
	"strconv"
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/fetch"
	"tierboard/app/format"
	"tierboard/app/ui/chart"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/operations/numbers"
	"tierboard/app/ui/panel"
	"tierboard/app/ui/sheet"
	"tierboard/app/ui/spell"
	"tierboard/app/ui/tier"
	"tierboard/shared/api"
)

// operationsEvery is how often the operations page asks.
const operationsEvery = 2 * time.Second

// mostLetters is how many dead letters the page asks for.
const mostLetters = 50

// Page is the operator's page: what the server does, drawn live. The zero Page renders the page before anything has
// loaded.
type Page struct {
	app.Compo

	watcher  *sheet.Watcher // nil on the server and before mounting
	zone     format.Zone
	exchange format.Zone

	fresh   sheet.Freshness
	now     *numbers.Operations
	history numbers.Samples

	healthFresh sheet.Freshness
	health      *numbers.TiersHealth

	lettersFresh sheet.Freshness
	letters      *numbers.DeadLetters
	lettersOf    string // what the letters shown belong to, see lettersKey
}

// OnNav names the page.
func (p *Page) OnNav(ctx app.Context) { ctx.Page().SetTitle("Operations · Tierboard") }

// OnMount asks for the numbers, again and again while the page can be seen.
func (p *Page) OnMount(ctx app.Context) {
	p.zone, p.exchange = sheet.Enter()
	p.watcher = sheet.Watch(operationsEvery, p.paths, func(path string, a fetch.Answer) {
		ctx.Dispatch(func(app.Context) { p.take(path, a, time.Now()) })
	})
}

// OnDismount stops asking.
func (p *Page) OnDismount() { p.watcher.Stop() }

// retry asks again. Handlers keep the values they were made with, and the first are made before there is a watcher.
func (p *Page) retry() { p.watcher.Ask() }

// lettersPath is where the dead letters are.
func lettersPath() string { return api.PathDeadLetters + "?limit=" + strconv.Itoa(mostLetters) }

// lettersKey changes when there may be other dead letters: with each reject, and when the server starts again.
func (p *Page) lettersKey() string {
	if p.now == nil {
		return ""
	}
	return p.now.Hub.Epoch + " " + strconv.FormatUint(numbers.Total(p.now.Rejects), 10)
}

// paths are the documents to ask for. Dead letters are long and seldom new, so they are asked for when the rejects have grown.
func (p *Page) paths() []string {
	out := []string{api.PathOps, api.PathTiersHealth}
	if p.letters == nil || p.lettersFresh.Fault != "" || p.lettersOf != p.lettersKey() {
		out = append(out, lettersPath())
	}
	return out
}

// take takes an answer in.
func (p *Page) take(path string, a fetch.Answer, now time.Time) {
	switch path {
	case api.PathOps:
		if o := new(numbers.Operations); p.fresh.Answered(a, now, o) {
			p.now = o
			p.history.Add(o)
		}
	case api.PathTiersHealth:
		if h := new(numbers.TiersHealth); p.healthFresh.Answered(a, now, h) {
			p.health = h
		}
	default:
		if l := new(numbers.DeadLetters); p.lettersFresh.Answered(a, now, l) {
			p.letters, p.lettersOf = l, p.lettersKey()
		}
	}
}

// Render draws the page.
func (p *Page) Render() app.UI {
	fresh := p.fresh
	if fresh.Fault == "" && !fresh.At.IsZero() {
		fresh.Fault, fresh.Request = p.healthFresh.Fault, p.healthFresh.Request
	}
	return fresh.Page(sheet.PathOperations, "Operations", p.about(), p.now != nil && p.now.Settings.Demo(), false, p.zone, p.retry, []app.UI{p.overall()}, p.body)
}

// about says which server this is.
func (p *Page) about() string {
	if p.now == nil {
		return "What the server does, as it does it."
	}
	var parts []string
	if p.now.Version != "" {
		parts = append(parts, "Version "+spell.Clean(p.now.Version, 40))
	}
	if !p.now.StartedAt.IsZero() {
		parts = append(parts, "up "+format.Span(p.now.AsOf.Sub(p.now.StartedAt)))
	}
	return strings.Join(append(parts, "numbers of "+format.Clock(p.now.AsOf, p.zone)+" "+format.ZoneName(p.now.AsOf, p.zone)), ", ")
}

// overall is the judgement on the whole, with its first cause.
func (p *Page) overall() app.UI {
	if p.health == nil {
		return draw.El("p.overall")
	}
	text := spell.Name(spell.Clean(p.health.Status, 20))
	if p.health.Reason != "" {
		text += ": " + spell.Clean(p.health.Reason, 160)
	}
	return draw.El("p.overall", draw.Mark("span.dot."+judgement(p.health.Status)), draw.Text("span", text))
}

// judgement is the dot of a status: of the whole, of the archive or of delivery.
func judgement(status string) string {
	switch status {
	case "ok", "healthy":
		return "ok"
	case "degraded", "warning":
		return "late"
	case "down", "error":
		return "down"
	}
	return "unknown"
}

// body is everything below the head.
func (p *Page) body() []app.UI {
	var tiers, around app.UI = draw.El("div"), draw.El("div")
	if p.health != nil {
		tiers, around = p.tiers(), p.surroundings()
	}
	return []app.UI{
		p.tiles(), tiers, around,
		draw.El("div.panels",
			tally("Messages read, by result", "Nothing was read yet.", p.now.Messages),
			tally("Rejects, by reason", "Nothing was rejected.", p.now.Rejects),
			tally("Sessions closed, by reason", "No session has ended. Those too slow to keep up would stand here.", p.now.Closed),
		),
		p.latencies(), p.deadLetterTable(), p.settingsTable(),
	}
}

// tile is a number with its last two minutes.
func tile(title, value, about string, points []chart.Point) app.UI {
	return draw.El("div.tile", draw.Text("h2", title), draw.Text("p.value", value), chart.Sparkline(points, numbers.SampleSpan.Seconds(), numbers.SampleGap.Seconds()), draw.Text("p.muted", about))
}

// gauge is a tile with a number that goes up and down.
func (p *Page) gauge(which int, title string, now int, about string) app.UI {
	return tile(title, format.Count(now), about, p.history.Gauge(which))
}

// rate is a tile with what a total grows by.
func (p *Page) rate(which int, title, about string) app.UI {
	points := p.history.Rate(which)
	value := "…" // one answer is no rate yet
	if v, ok := numbers.Latest(points); ok {
		value, about = spell.PerSecond(v)+"/s", "peak "+spell.PerSecond(numbers.Highest(points))+"/s; "+about
	}
	return tile(title, value, about, points)
}

// tiles are the numbers that move.
func (p *Page) tiles() app.UI {
	h := &p.now.Hub
	return draw.El("div#tiles.tiles",
		p.gauge(numbers.SessionCount, "Sessions", h.Sessions, format.Plural(h.Subscriptions, "subscription")+", "+format.Plural(h.Cohorts, "cohort")+", "+format.Plural(p.now.Streams, "event stream")),
		p.rate(numbers.AcceptedTotal, "Events accepted", spell.Count(h.Seq)+" in all, "+spell.Count(h.Duplicates)+" copies refused"),
		p.rate(numbers.DeliveredTotal, "Events delivered", spell.Count(h.Delivered)+" of "+spell.Count(h.Matched)+" matched"),
		p.rate(numbers.MessageTotal, "Messages read", spell.Count(numbers.Total(p.now.Messages))+" in all, "+spell.Count(numbers.Total(p.now.Rejects))+" rejected"),
		p.rate(numbers.HeldBackTotal, "Events held back", spell.Count(h.Suppressed)+" by the limit of "+format.Count(h.RateLimit)+"/s, "+spell.Count(h.Dropped)+" for lagging sessions"),
		p.gauge(numbers.InboxCount, "Waiting for delivery", h.Inbox, "window "+spell.Millis(h.WindowMS)),
	)
}

// tiers is one card a tier.
func (p *Page) tiers() app.UI {
	var cards []app.UI
	for _, s := range tier.All {
		t := p.health.Tiers[s.Class]
		if t == nil {
			t = &numbers.TierHealth{}
		}
		reason := spell.Clean(t.Reason, 200)
		if reason == "" {
			reason = format.StatusMeaning(t.Status)
		}
		pairs := []string{"Last event", "none yet", "Stale after", "no limit now"}
		if t.AgeS != nil {
			pairs[1] = format.Ago(spell.Seconds(float64(*t.AgeS)))
		}
		if t.StaleAfterS != nil {
			pairs[3] = format.Span(spell.Seconds(float64(*t.StaleAfterS)))
		}
		if t.Rate != nil {
			pairs = append(pairs, "Last minute", format.Count(t.Rate.PerMin), "Last hour", format.Count(t.Rate.PerHour))
		}
		if t.Counters != nil {
			pairs = append(pairs, "Accepted", spell.Count(t.Counters.Accepted))
		}
		parts := []app.UI{draw.Text("p.muted", reason), panel.Facts("counts", pairs...)}
		if t.DeliverMS != nil {
			parts = append(parts, panel.Delivery(t.DeliverMS)...)
		}
		status := format.Status(t.Status)
		cards = append(cards, panel.OfTier(s, draw.El("span.state", draw.Mark("span.dot."+status), app.Text(status)), parts))
	}
	return draw.El("div.cards", cards...)
}
