package ui

import (
	"slices"
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/format"
	"tierboard/app/ui/draw"
)

// since writes an instant and how long ago it was by the server's clock; "" for none.
func (p *Operations) since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return format.Clock(t, p.zone) + ", " + format.Ago(p.health.AsOf.Sub(t))
}

// moment writes an instant: its time, with the day in front when it is not today's.
func (p *Operations) moment(t time.Time) string {
	if day := format.DayLabel(t, p.now.AsOf, p.zone); day != "Today" {
		return day + " " + format.Clock(t, p.zone)
	}
	return format.Clock(t, p.zone)
}

// surroundings is what the server stands between: feed, market, archive, producer, sessions.
func (p *Operations) surroundings() app.UI {
	h := p.health
	in := &h.Ingest
	state, word, term, moment := "down", "not connected", "Lost", in.DisconnectedSince
	if in.Connected {
		state, word, term, moment = "ok", "connected", "Connected since", in.ConnectedSince
	}
	beat := "none written"
	if in.HeartbeatAgeS != nil {
		beat = format.Ago(seconds(float64(*in.HeartbeatAgeS)))
		if in.HeartbeatLate {
			beat += ", late"
		}
	}
	is, next := format.Market(h.market(), h.AsOf, p.exchange)
	panels := []app.UI{
		panel("Feed", state, word, facts("lines",
			"Transport", clean(in.Transport, 40), "Channels", format.Count(len(in.Channels)), term, p.since(moment),
			"Last message", p.since(in.LastMessageAt), "Reconnects, 24 h", format.Count(in.Reconnects24h), "Producer's heartbeat", beat),
			fold("Show the channels", draw.Text("p.muted", clean(strings.Join(in.Channels, ", "), 2000)))),
		panel("Market", "", "", facts("lines",
			"Calendar", clean(h.Market.Calendar, 12), "Session", words(clean(h.Market.Session, 20)), "Now", is, "Next", next,
			"Exchange's time", format.Clock(h.AsOf, p.exchange))),
	}
	if a := h.Archive; a != nil {
		panels = append(panels, panel("Archive", judgement(a.Status), clean(a.Status, 20), draw.Text("p.muted", clean(a.Reason, 200)), facts("lines",
			"Waiting", format.Count(a.Waiting), "Lost", count(a.Lost), "Last stored", p.since(a.StoredAt))))
	}
	if d := h.Delivery; d != nil {
		panels = append(panels, panel("Delivery", judgement(d.Status), clean(d.Status, 20), draw.Text("p.muted", clean(d.Reason, 200)), facts("lines",
			"Failures", format.Count(d.Errors), "Sessions", format.Count(d.Users),
			"Match", duration(d.MatchMS), "To the socket", duration(d.DeliverMS))))
	}
	if r := h.Producer; r != nil {
		age := ""
		if r.SampleAgeS != nil {
			age = format.Ago(seconds(float64(*r.SampleAgeS)))
		}
		panels = append(panels, panel("Producer", "", "", facts("lines",
			"Says of itself", clean(r.Status, 60), "Said", age, "Session", clean(r.Session, 40), "Session began", p.since(r.StartedAt))))
	}
	return draw.El("div.panels", panels...)
}

// tally is a table of totals, the largest first, each with its share.
func tally(title, none string, totals map[string]uint64) app.UI {
	keys := byCount(totals)
	sum := total(totals)
	if len(keys) == 0 {
		return panel(title, "", "0", draw.Text("p.muted", none))
	}
	return panel(title, "", count(sum), grid("", title, []string{"What", "#Total", "#Share"}, 0, len(keys), func(i int) []string {
		n := totals[keys[i]]
		return []string{words(clean(keys[i], 40)), count(n), wholePercent(float64(n) / float64(max(sum, 1)))}
	}))
}

// latencyNames are the server's own names for its histograms, in pairs with ours.
var latencyNames = [...][2]string{
	{"ingest_lag", "Producer to us"},
	{"match", "Find who wants an event"},
	{"window_wait", "Wait for company"},
	{"deliver", "Receipt to socket"},
	{"db", "Database"},
	{"http_request", "HTTP"},
}

// latencyName is a histogram's name for people, with its label.
func latencyName(key string) string {
	name, label, labelled := strings.Cut(key, " ")
	ours := words(name)
	for _, pair := range latencyNames {
		if pair[0] == name {
			ours = pair[1]
		}
	}
	if labelled {
		ours += ": " + label
	}
	return clean(ours, 80)
}

// latencies is the table of times: the stream's in the open, those of the database and of HTTP routes on demand.
func (p *Operations) latencies() app.UI {
	var stream, rest []string
	for k := range p.now.Histograms {
		if strings.HasPrefix(k, "http_") || strings.HasPrefix(k, "db") {
			rest = append(rest, k)
		} else {
			stream = append(stream, k)
		}
	}
	body := []app.UI{draw.Text("p.muted", "Nothing was measured yet.")}
	if len(stream) > 0 {
		body[0] = p.latencyTable("Latency of the stream", stream)
	}
	if len(rest) > 0 {
		body = append(body, fold("Database and HTTP routes", p.latencyTable("Latency of database and HTTP", rest)))
	}
	return panel("Latency since the start", "", "", body...)
}

// latencyTable is the histograms of some names in short.
func (p *Operations) latencyTable(title string, names []string) app.UI {
	slices.Sort(names)
	return grid("", title, []string{"What", "#Count", "#Median", "#95 of 100", "#99 of 100"}, 0, len(names), func(i int) []string {
		l := p.now.Histograms[names[i]]
		return []string{latencyName(names[i]), count(l.Count), duration(l.P50), duration(l.P95), duration(l.P99)}
	})
}

// deadLetterTable lists the messages that are no event. Their text is the producer's: it is shown as text, and clipped.
func (p *Operations) deadLetterTable() app.UI {
	l := p.letters
	word := ""
	var body app.UI
	switch {
	case l == nil && p.lettersFresh.fault != "":
		body = draw.Text("p.muted", p.lettersFresh.sentence(p.zone))
	case l == nil:
		body = draw.Text("p.muted", "Loading.")
	case len(l.Letters) == 0:
		body = draw.Text("p.muted", "None. Every message so far was understood.")
	default:
		if word = count(l.Total); uint64(len(l.Letters)) < l.Total {
			word = "the newest " + format.Count(len(l.Letters)) + " of " + word
		}
		titles := []string{"Time", "Channel", "Reason", "What is wrong", "Begins with", "#Bytes"}
		body = grid("#letters.letters", "Messages that are no event, the newest first", titles, 2, len(l.Letters), func(i int) []string {
			d := &l.Letters[i]
			return []string{p.moment(d.Time), clean(d.Channel, 60), words(clean(d.Reason, 40)), clean(d.Detail, 200), clean(d.Head, 512), format.Count(d.Size)}
		})
	}
	return panel("Dead letters", "", word, body)
}

// settingsTable is the configuration in force; the server has masked what is secret.
func (p *Operations) settingsTable() app.UI {
	list := p.now.Settings
	if len(list) == 0 {
		return panel("Configuration in force", "", "", draw.Text("p.muted", "The server does not tell its settings."))
	}
	return panel("Configuration in force", "", format.Plural(len(list), "setting"), fold("Show the settings, secrets masked",
		grid("#settings-table", "Configuration in force", []string{"Setting", "Value", "From"}, 0, len(list), func(i int) []string {
			return []string{clean(list[i].Name, 60), clean(list[i].Value, 200), clean(list[i].From, 20)}
		})))
}
