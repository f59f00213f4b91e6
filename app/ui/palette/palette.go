// Package palette finds symbols, patterns and commands by what somebody types.
package palette

import (
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/ui/draw"
	"tierboard/app/ui/sheet"
	"tierboard/app/ui/tier"
	"tierboard/shared/pattern"
)

// command is one line of the palette: what it does is in its id, which the page carries out.
type command struct {
	id    string // "theme:light", "symbol:AAPL", "pattern:intraday:volume_spike", "pause", …
	title string
	note  string // what kind of thing it is
}

// paletteRows is how many lines the palette shows.
const paletteRows = 12

// fixedCommands are there whatever the feed brings.
var fixedCommands = []command{
	{"pause", "Pause or resume all columns", "action"},
	{"release", "Show what is waiting", "action"},
	{"clear", "Remove all filters", "action"},
	{"share", "Copy a link to this view", "action"},
	{"export:csv", "Export what is shown as CSV", "action"},
	{"export:json", "Export what is shown as JSON", "action"},
	{"export:ndjson", "Export what is shown as NDJSON", "action"},
	{"settings", "Settings", "action"},
	{"setup", "Set up the board", "action"},
	{"library", "Views, watchlists, subscriptions", "action"},
	{"help", "Keyboard", "action"},
	{"page:" + sheet.PathPerformance, "Performance", "page"},
	{"page:" + sheet.PathOperations, "Operations", "page"},
	{"theme:dark", "Dark theme", "setting"},
	{"theme:light", "Light theme", "setting"},
	{"theme:system", "Theme as the system", "setting"},
	{"density:", "Comfortable cards", "setting"},
	{"density:compact", "Compact cards", "setting"},
	{"density:rows", "One line a card", "setting"},
	{"zone:", "Times of the exchange", "setting"},
	{"zone:local", "Local times", "setting"},
	{"zone:utc", "UTC times", "setting"},
}

// patternCommands offer to narrow a tier to one of its patterns.
func patternCommands() []command {
	var out []command
	for _, n := range pattern.Known() {
		for _, t := range n.Tiers {
			out = append(out, command{"pattern:" + t.String() + ":" + n.Slug, n.Label, "only this in " + tier.All[int(t)-1].Title})
		}
	}
	return out
}

// symbolCommand offers to narrow every column to a symbol.
func symbolCommand(symbol string) command {
	return command{"symbol:" + symbol, symbol, "only this symbol"}
}

// search returns the commands whose title has every word of the query, those that begin with it first. Symbols must begin with
// the query: nobody looks for the middle of a ticker.
func search(query string, symbols []string) []command {
	q := strings.ToLower(strings.TrimSpace(query))
	var begin, rest []command
	for _, s := range symbols {
		if q != "" && strings.HasPrefix(strings.ToLower(s), q) {
			begin = append(begin, symbolCommand(s))
		}
	}
	all := append(append([]command{}, fixedCommands...), patternCommands()...)
	for _, c := range all {
		title := strings.ToLower(c.title)
		switch {
		case strings.HasPrefix(title, q):
			begin = append(begin, c)
		case hasWords(title+" "+c.note, q):
			rest = append(rest, c)
		}
	}
	begin = append(begin, rest...)
	return begin[:min(len(begin), paletteRows)]
}

// hasWords reports whether text has every word of the query.
func hasWords(text, query string) bool {
	for w := range strings.FieldsSeq(query) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// Palette is the dialog that finds commands. The zero Palette is closed; its two functions are set before it is opened.
type Palette struct {
	Symbols func() []string // those that the board knows
	Run     func(id string) // carries out a command; the dialog is closed then

	found []command // the matches
	at    int       // of the marked one
}

// Draw draws the dialog without its matches: those are written when it is open.
func (p *Palette) Draw() app.UI {
	return app.Dialog().ID("palette").Class("dialog palette").Aria("label", "Find a symbol, a pattern or a command").Body(
		app.Input().ID("palette-query").Type("text").Placeholder("Symbol, pattern or command").AutoComplete(false).Spellcheck(false).
			Role("combobox").Aria("expanded", "true").Aria("controls", "palette-list").Aria("label", "Symbol, pattern or command").MaxLength(64).
			OnInput(func(ctx app.Context, _ app.Event) { p.find(ctx.JSSrc().Get("value").String()) }),
		draw.El("ul#palette-list.palette-list").Role("listbox").Aria("label", "Matches"),
	)
}

// find lists what matches the query.
func (p *Palette) find(query string) {
	p.found, p.at = search(query, p.Symbols()), 0
	p.paint()
}

// Key moves through the matches and carries the chosen one out; it reports whether the key was one of its own.
func (p *Palette) Key(name string) bool {
	switch name {
	case "ArrowDown":
		p.at = min(p.at+1, max(len(p.found)-1, 0))
	case "ArrowUp":
		p.at = max(p.at-1, 0)
	case "Enter":
		if p.at < len(p.found) {
			p.run(p.found[p.at].id)
		}
		return true
	default:
		return false
	}
	p.paint()
	return true
}

// run closes the dialog and has a command carried out.
func (p *Palette) run(id string) {
	p.close()
	p.Run(id)
}
