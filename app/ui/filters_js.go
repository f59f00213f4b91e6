//go:build js

package ui

import (
	"encoding/base64"
	"encoding/json"

	"tierboard/app/board"
	"tierboard/app/live"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/tier"
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
	if text := dom.Stored(queryKey); text != "" && len(text) <= 4*maxQuery {
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
