package operations

import (
	"slices"
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/format"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/operations/numbers"
	"tierboard/app/ui/panel"
	"tierboard/app/ui/spell"
)

// since writes an instant and how long ago it was by the server's clock; "" for none.
func (p *Page) since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return format.Clock(t, p.zone) + ", " + format.Ago(p.health.AsOf.Sub(t))
}

// moment writes an instant: its time, with the day in front when it is not today's.
func (p *Page) moment(t time.Time) string {
	if day := format.DayLabel(t, p.now.AsOf, p.zone); day != "Today" {
		return day + " " + format.Clock(t, p.zone)
	}
	return format.Clock(t, p.zone)
}

// surroundings is what the server stands between: feed, market, archive, producer, sessions.
func (p *Page) surroundings() app.UI {
	h := p.health
	in := &h.Ingest
	state, word, term, moment := "down", "not connected", "Lost", in.DisconnectedSince
	if in.Connected {
		state, word, term, moment = "ok", "connected", "Connected since", in.ConnectedSince
	}
	beat := "none written"
	if in.HeartbeatAgeS != nil {
		beat = format.Ago(spell.Seconds(float64(*in.HeartbeatAgeS)))
		if in.HeartbeatLate {
			beat += ", late"
		}
	}
	is, next := format.Market(h.Clock(), h.AsOf, p.exchange)
	panels := []app.UI{
		panel.New("Feed", state, word, panel.Facts("lines",
			"Transport", spell.Clean(in.Transport, 40), "Channels", format.Count(len(in.Channels)), term, p.since(moment),
			"Last message", p.since(in.LastMessageAt), "Reconnects, 24 h", format.Count(in.Reconnects24h), "Producer's heartbeat", beat),
			panel.Fold("Show the channels", draw.Text("p.muted", spell.Clean(strings.Join(in.Channels, ", "), 2000)))),
		panel.New("Market", "", "", panel.Facts("lines",
			"Calendar", spell.Clean(h.Market.Calendar, 12), "Session", spell.Name(spell.Clean(h.Market.Session, 20)), "Now", is, "Next", next,
			"Exchange's time", format.Clock(h.AsOf, p.exchange))),
	}
	if a := h.Archive; a != nil {
		panels = append(panels, panel.New("Archive", judgement(a.Status), spell.Clean(a.Status, 20), draw.Text("p.muted", spell.Clean(a.Reason, 200)), panel.Facts("lines",
			"Waiting", format.Count(a.Waiting), "Lost", spell.Count(a.Lost), "Last stored", p.since(a.StoredAt))))
	}
	if d := h.Delivery; d != nil {
		panels = append(panels, panel.New("Delivery", judgement(d.Status), spell.Clean(d.Status, 20), draw.Text("p.muted", spell.Clean(d.Reason, 200)), panel.Facts("lines",
			"Failures", format.Count(d.Errors), "Sessions", format.Count(d.Users),
			"Match", spell.Millis(d.MatchMS), "To the socket", spell.Millis(d.DeliverMS))))
	}
	if r := h.Producer; r != nil {
		age := ""
		if r.SampleAgeS != nil {
			age = format.Ago(spell.Seconds(float64(*r.SampleAgeS)))
		}
		panels = append(panels, panel.New("Producer", "", "", panel.Facts("lines",
			"Says of itself", spell.Clean(r.Status, 60), "Said", age, "Session", spell.Clean(r.Session, 40), "Session began", p.since(r.StartedAt))))
	}
	return draw.El("div.panels", panels...)
}

// tally is a table of totals, the largest first, each with its share.
func tally(title, none string, totals map[string]uint64) app.UI {
	keys := numbers.ByCount(totals)
	sum := numbers.Total(totals)
	if len(keys) == 0 {
		return panel.New(title, "", "0", draw.Text("p.muted", none))
	}
	return panel.New(title, "", spell.Count(sum), panel.Grid("", title, []string{"What", "#Total", "#Share"}, 0, len(keys), func(i int) []string {
		n := totals[keys[i]]
		return []string{spell.Name(spell.Clean(keys[i], 40)), spell.Count(n), spell.Percent(float64(n) / float64(max(sum, 1)))}
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
	ours := spell.Name(name)
	for _, pair := range latencyNames {
		if pair[0] == name {
			ours = pair[1]
		}
	}
	if labelled {
		ours += ": " + label
	}
	return spell.Clean(ours, 80)
}

// latencies is the table of times: the stream's in the open, those of the database and of HTTP routes on demand.
func (p *Page) latencies() app.UI {
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
		body = append(body, panel.Fold("Database and HTTP routes", p.latencyTable("Latency of database and HTTP", rest)))
	}
	return panel.New("Latency since the start", "", "", body...)
}

// latencyTable is the histograms of some names in short.
func (p *Page) latencyTable(title string, names []string) app.UI {
	slices.Sort(names)
	return panel.Grid("", title, []string{"What", "#Count", "#Median", "#95 of 100", "#99 of 100"}, 0, len(names), func(i int) []string {
		l := p.now.Histograms[names[i]]
		return []string{latencyName(names[i]), spell.Count(l.Count), spell.Millis(l.P50), spell.Millis(l.P95), spell.Millis(l.P99)}
	})
}

// deadLetterTable lists the messages that are no event. Their text is the producer's: it is shown as text, and clipped.
func (p *Page) deadLetterTable() app.UI {
	l := p.letters
	word := ""
	var body app.UI
	switch {
	case l == nil && p.lettersFresh.Fault != "":
		body = draw.Text("p.muted", p.lettersFresh.Sentence(p.zone))
	case l == nil:
		body = draw.Text("p.muted", "Loading.")
	case len(l.Letters) == 0:
		body = draw.Text("p.muted", "None. Every message so far was understood.")
	default:
		if word = spell.Count(l.Total); uint64(len(l.Letters)) < l.Total {
			word = "the newest " + format.Count(len(l.Letters)) + " of " + word
		}
		titles := []string{"Time", "Channel", "Reason", "What is wrong", "Begins with", "#Bytes"}
		body = panel.Grid("#letters.letters", "Messages that are no event, the newest first", titles, 2, len(l.Letters), func(i int) []string {
			d := &l.Letters[i]
			return []string{p.moment(d.Time), spell.Clean(d.Channel, 60), spell.Name(spell.Clean(d.Reason, 40)), spell.Clean(d.Detail, 200), spell.Clean(d.Head, 512), format.Count(d.Size)}
		})
	}
	return panel.New("Dead letters", "", word, body)
}

// settingsTable is the configuration in force; the server has masked what is secret.
func (p *Page) settingsTable() app.UI {
	list := p.now.Settings
	if len(list) == 0 {
		return panel.New("Configuration in force", "", "", draw.Text("p.muted", "The server does not tell its settings."))
	}
	return panel.New("Configuration in force", "", format.Plural(len(list), "setting"), panel.Fold("Show the settings, secrets masked",
		panel.Grid("#settings-table", "Configuration in force", []string{"Setting", "Value", "From"}, 0, len(list), func(i int) []string {
			return []string{spell.Clean(list[i].Name, 60), spell.Clean(list[i].Value, 200), spell.Clean(list[i].From, 20)}
		})))
}
