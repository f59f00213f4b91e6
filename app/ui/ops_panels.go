package ui

import (
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/format"
)

// panel is a titled box of facts with a judgement; state is a dot's class, "" for none.
func panel(title, state, word string, facts ...app.UI) app.UI {
	return app.Section().Class("panel").Aria("label", title).Body(
		app.Div().Class("panel-head").Body(
			app.H2().Text(title),
			app.If(word != "", func() app.UI {
				return app.Span().Class("state").Body(app.Span().Class("dot "+state).Aria("hidden", "true"), app.Text(word))
			}),
		),
		app.Dl().Class("fields").Body(facts...),
	)
}

// entry is a term with its value, in a panel.
func entry(term, value string) []app.UI {
	if value == "" {
		value = "–"
	}
	return []app.UI{app.Dt().Text(term), app.Dd().Text(value)}
}

// entries joins them.
func entries(rows ...[]app.UI) []app.UI {
	var out []app.UI
	for _, r := range rows {
		out = append(out, r...)
	}
	return out
}

// since writes an instant and how long ago it was by the server's clock; "" for none.
func (p *Operations) since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return format.Clock(t, p.zone) + ", " + format.Ago(p.health.AsOf.Sub(t))
}

// surroundings is what the server stands between: feed, market, archive, producer, sessions.
func (p *Operations) surroundings() app.UI {
	h := p.health
	in := &h.Ingest
	state, word := "down", "not connected"
	if in.Connected {
		state, word = "ok", "connected"
	}
	feed := entries(
		entry("Transport", clean(in.Transport, 40)),
		entry("Channels", clean(strings.Join(in.Channels, ", "), 300)),
		entry("Last message", p.since(in.LastMessageAt)),
		entry("Reconnects, 24 h", format.Count(in.Reconnects24h)),
	)
	if in.Connected {
		feed = append(feed, entry("Connected since", p.since(in.ConnectedSince))...)
	} else {
		feed = append(feed, entry("Lost", p.since(in.DisconnectedSince))...)
	}
	beat := "none written"
	if in.HeartbeatAgeS != nil {
		beat = format.Ago(seconds(float64(*in.HeartbeatAgeS)))
		if in.HeartbeatLate {
			beat += ", late"
		}
	}
	feed = append(feed, entry("Producer's heartbeat", beat)...)

	is, next := format.Market(h.market(), h.AsOf, p.exchange)
	panels := []app.UI{
		panel("Feed", state, word, feed...),
		panel("Market", "", "", entries(
			entry("Calendar", clean(h.Market.Calendar, 12)), entry("Session", words(clean(h.Market.Session, 20))), entry("Now", is), entry("Next", next),
			entry("Exchange's time", format.Clock(h.AsOf, p.exchange)),
		)...),
	}
	if a := h.Archive; a != nil {
		panels = append(panels, panel("Archive", map[string]string{"ok": "ok", "degraded": "late", "down": "down"}[a.Status], clean(a.Status, 20), entries(
			entry("Why", clean(a.Reason, 200)), entry("Waiting to be stored", format.Count(a.Waiting)), entry("Lost", count(a.Lost)), entry("Last stored", p.since(a.StoredAt)),
		)...))
	} else {
		panels = append(panels, panel("Archive", "", "", entry("State", "there is none")...))
	}
	if d := h.Delivery; d != nil {
		panels = append(panels, panel("Delivery", map[string]string{"healthy": "ok", "warning": "late", "error": "down"}[d.Status], clean(d.Status, 20), entries(
			entry("Why", clean(d.Reason, 200)), entry("Failures", format.Count(d.Errors)), entry("Sessions", format.Count(d.Users)),
			entry("Match", duration(d.MatchMS)), entry("To the socket", duration(d.DeliverMS)),
		)...))
	}
	if pr := h.Producer; pr != nil {
		age := ""
		if pr.SampleAgeS != nil {
			age = format.Ago(seconds(float64(*pr.SampleAgeS)))
		}
		panels = append(panels, panel("Producer", "", "", entries(
			entry("Says of itself", clean(pr.Status, 60)), entry("Said", age), entry("Session", clean(pr.Session, 40)), entry("Session began", p.since(pr.StartedAt)),
		)...))
	}
	return app.Div().Class("panels").Body(panels...)
}

// tally is a table of totals, the largest first, each with its share as a bar.
func tally(title, id, none string, totals map[string]uint64) app.UI {
	keys := byCount(totals)
	sum := total(totals)
	return app.Section().Class("panel").Aria("label", title).Body(
		app.Div().Class("panel-head").Body(app.H2().Text(title), app.Span().Class("muted").Text(count(sum))),
		app.If(len(keys) == 0, func() app.UI { return app.P().Class("muted").Text(none) }).Else(func() app.UI {
			return plain("table").ID(id).Class("table").Body(
				plain("caption").Class("visually-hidden").Text(title),
				headRow("What", "Share", "Total"),
				plain("tbody").Body(app.Range(keys).Slice(func(i int) app.UI {
					share := 0.0
					if sum > 0 {
						share = float64(totals[keys[i]]) / float64(sum)
					}
					return plain("tr").Body(
						plain("th").Attr("scope", "row").Text(words(clean(keys[i], 40))),
						plain("td").Class("number bar-cell").Body(shareBar(share), app.Span().Text(wholePercent(share))),
						cell(count(totals[keys[i]])),
					)
				})),
			)
		}),
	)
}

// shareBar is a short bar for a table's cell.
func shareBar(share float64) app.UI {
	return drawing("share", 60, 8, "", []app.UI{box("track", 0, 0, 60, 8), box("fill", 0, 0, 60*min(max(share, 0), 1), 8)})
}

// latencyNames are the server's own words for its histograms, and ours. Names in front of a label stand here without it.
var latencyNames = map[string]string{
	"match": "Find who wants an event", "window_wait": "Wait for company", "deliver": "Receipt to socket", "ingest_lag": "Producer to us", "db": "Database",
	"http_request": "HTTP",
}

// latencies is the table of times: the stream's in the open, those of the database and of HTTP routes below a fold.
func (p *Operations) latencies() app.UI {
	var stream, rest []string
	for _, k := range keysOf(p.now.Histograms) {
		if strings.HasPrefix(k, "http_request") || strings.HasPrefix(k, "db") {
			rest = append(rest, k)
		} else {
			stream = append(stream, k)
		}
	}
	body := []app.UI{app.Div().Class("panel-head").Body(app.H2().Text("Latency since the start"))}
	if len(stream) == 0 {
		body = append(body, app.P().Class("muted").Text("Nothing was measured yet."))
	} else {
		body = append(body, scroller("Latency of the stream", p.latencyTable("Latency of the stream", stream)))
	}
	if len(rest) > 0 {
		body = append(body, app.Details().Class("numbers").Body(
			app.Summary().Text("Database and HTTP routes"),
			scroller("Latency of database and HTTP", p.latencyTable("Latency of database and HTTP", rest)),
		))
	}
	return app.Section().Class("panel").Aria("label", "Latency").Body(body...)
}

// latencyTable is the histograms of some names in short.
func (p *Operations) latencyTable(title string, names []string) app.UI {
	return plain("table").Class("table").Body(
		plain("caption").Class("visually-hidden").Text(title),
		headRow("What", "Count", "Median", "95 of 100", "99 of 100"),
		plain("tbody").Body(app.Range(names).Slice(func(i int) app.UI {
			l := p.now.Histograms[names[i]]
			return plain("tr").Body(plain("th").Attr("scope", "row").Text(latencyName(names[i])), cell(count(l.Count)), cell(duration(l.P50)), cell(duration(l.P95)), cell(duration(l.P99)))
		})),
	)
}

// latencyName is a histogram's name for people, with its label.
func latencyName(key string) string {
	name, label, labelled := strings.Cut(key, " ")
	ours, known := latencyNames[name]
	if !known {
		ours = words(name)
	}
	if labelled {
		return clean(ours+": "+label, 80)
	}
	return clean(ours, 80)
}

// deadLetterTable lists the messages that are no event. Their text is the producer's: it is shown as text, and clipped.
func (p *Operations) deadLetterTable() app.UI {
	titles := [...]string{"Time", "Channel", "Reason", "What is wrong", "Begins with"}
	head := app.Div().Class("panel-head").Body(app.H2().Text("Dead letters"), app.Span().Class("muted").ID("letters-total").Text(p.lettersTotal()))
	body := []app.UI{head}
	switch l := p.letters; {
	case l == nil && p.lettersFresh.fault != "":
		body = append(body, app.P().Class("muted").Text(p.lettersFresh.sentence(p.zone)))
	case l == nil:
		body = append(body, app.P().Class("muted").Text("Loading."))
	case len(l.Letters) == 0:
		body = append(body, app.P().Class("muted").Text("None. Every message so far was understood."))
	default:
		body = append(body, scroller("Dead letters", plain("table").ID("letters").Class("table letters").Body(
			plain("caption").Class("visually-hidden").Text("Messages that are no event, the newest first"),
			plain("thead").Body(plain("tr").Body(app.Range(titles[:]).Slice(func(i int) app.UI {
				return plain("th").Attr("scope", "col").Text(titles[i])
			}))),
			plain("tbody").Body(app.Range(l.Letters).Slice(func(i int) app.UI {
				d := &l.Letters[i]
				return plain("tr").Body(
					plain("td").Class("time").Text(format.Clock(d.Time, p.zone)),
					plain("td").Text(clean(d.Channel, 60)),
					plain("th").Attr("scope", "row").Text(words(clean(d.Reason, 40))),
					plain("td").Text(clean(d.Detail, 200)),
					plain("td").Body(plain("code").Text(clean(d.Head, 512)), app.Span().Class("muted").Text(" "+format.Plural(d.Size, "byte"))),
				)
			})),
		)))
	}
	return app.Section().Class("panel").Aria("label", "Dead letters").Body(body...)
}

// lettersTotal says how many of how many are listed.
func (p *Operations) lettersTotal() string {
	if p.letters == nil {
		return ""
	}
	if n := len(p.letters.Letters); uint64(n) < p.letters.Total {
		return "the newest " + format.Count(n) + " of " + count(p.letters.Total)
	}
	return count(p.letters.Total)
}

// settingsTable is the configuration in force; the server has masked what is secret.
func (p *Operations) settingsTable() app.UI {
	list := p.now.Settings
	return app.Section().Class("panel").Aria("label", "Configuration in force").Body(
		app.Div().Class("panel-head").Body(app.H2().Text("Configuration in force"), app.Span().Class("muted").Text(format.Plural(len(list), "setting"))),
		app.If(len(list) == 0, func() app.UI { return app.P().Class("muted").Text("The server does not tell its settings.") }).Else(func() app.UI {
			return app.Details().Class("numbers").Body(
				app.Summary().Text("Show the settings, secrets masked"),
				scroller("Configuration in force", plain("table").ID("settings-table").Class("table").Body(
					plain("caption").Class("visually-hidden").Text("Configuration in force"),
					plain("thead").Body(plain("tr").Body(plain("th").Attr("scope", "col").Text("Setting"), plain("th").Attr("scope", "col").Text("Value"), plain("th").Attr("scope", "col").Text("From"))),
					plain("tbody").Body(app.Range(list).Slice(func(i int) app.UI {
						return plain("tr").Body(plain("th").Attr("scope", "row").Text(clean(list[i].Name, 60)), plain("td").Text(clean(list[i].Value, 200)), plain("td").Text(clean(list[i].From, 20)))
					})),
				)),
			)
		}),
	)
}
