//go:build js

package ui

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/live"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/share"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
)

// restoreQuery takes over a text that narrows all columns, while the page starts.
func (p *page) restoreQuery(text string) {
	p.d.query = text
	p.board.SetQuery(text)
}

// storeFilters keeps the columns' filters for the next visit.
func (p *page) storeFilters() {
	var fs [3]board.ColumnFilter
	for i := range fs {
		fs[i] = p.d.columns[i].filter
	}
	if b, err := json.Marshal(fs); err == nil {
		dom.Store(filtersKey, string(b))
	}
	p.storeSubscription()
}

// storeSubscription lets boot.js ask for the right cards at the next visit.
func (p *page) storeSubscription() {
	config := live.Config{Filters: p.board.OwnFilters()}
	if request := base64.StdEncoding.EncodeToString(config.Subscription()); request != dom.Stored(subscribeKey) {
		dom.Store(subscribeKey, request)
	}
}

// restoreFilters takes over the filters of the last visit; what cannot be read is ignored.
func (p *page) restoreFilters() {
	defer p.storeSubscription()
	if text := dom.Stored(queryKey); text != "" && len(text) <= 4*share.MaxQuery {
		p.restoreQuery(text)
	}
	var fs [3]board.ColumnFilter
	if json.Unmarshal([]byte(dom.Stored(filtersKey)), &fs) != nil {
		return
	}
	for i, f := range fs {
		if f.IsZero() || len(f.Symbols) > 2000 || len(f.Pattern) > 2000 || len(f.Watched) > 20_000 || f.MinConfidence < 0 || f.MinConfidence > 0.95 {
			continue
		}
		p.d.columns[i].filter = f
		p.board.SetFilter(tier.All[i].Tier, f)
	}
}

// setFilter narrows a column at once and tells the server when the typing has stopped.
func (p *page) setFilter(t event.Tier, f board.ColumnFilter) {
	p.board.SetFilter(t, f)
	i := tier.Position(t)
	p.lists[i].Rewind()
	p.syncInputs(i, f)
	p.storeFilters()
	if p.resend != nil {
		p.resend()
	}
	p.resend = dom.After(debounce, func() {
		p.resend = nil
		p.stream.SetFilters(p.board.Filters())
	})
	p.paint(time.Now())
}

// fillFilters sets the inputs of a filter row once it has been drawn.
func (p *page) fillFilters(i int) {
	p.ctx.Defer(func(app.Context) {
		p.drawn[i] = true
		p.syncInputs(i, p.d.columns[i].filter)
		p.syncOrder(i)
	})
}

// syncOrder makes the picker of a column's order show the one in force.
func (p *page) syncOrder(i int) {
	if p.drawn[i] {
		dom.ByID("order-"+tier.All[i].Class).Set("selectedIndex", int(p.d.prefs.Orders[i]))
	}
}

// syncInputs makes the inputs show a filter that something else than typing has set.
func (p *page) syncInputs(i int, f board.ColumnFilter) {
	if !p.drawn[i] {
		return // they are filled when they are drawn
	}
	class := tier.All[i].Class
	if in := dom.ByID("symbols-" + class); f.Symbols == "" {
		in.Set("value", "")
	} else if !dom.Document.Get("activeElement").Equal(in) {
		in.Set("value", strings.Trim(f.Symbols, ", "))
	}
	for _, id := range []string{"pattern-", "without-", "watch-"} { // they say what was picked on their first option
		dom.ByID(id+class).Set("selectedIndex", 0)
	}
	dom.ByID("confidence-"+class).Set("value", strconv.Itoa(int(f.MinConfidence*100+0.5)))
	pick := func(id string, choices []draw.Choice, value string) {
		for n, c := range choices {
			if c.Value == value {
				dom.ByID(id+"-"+class).Set("selectedIndex", n)
			}
		}
	}
	pick("direction", directionChoices, string(f.Direction))
	pick("priority", priorityChoices, f.MinPriority.String())
	pick("timeframe", timeframeChoices, f.Timeframe)
	pick("session", sessionChoices, string(f.Session))
}
