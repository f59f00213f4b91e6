// Package share takes the board elsewhere: as a link that shows the same, or as a file of what is shown.
package share

import (
	"net/url"
	"strconv"
	"strings"

	"tierboard/app/board"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
)

// Query writes what a link has to carry so that somebody else sees the same: the query, each column's filter, and the selected
// event.
func Query(filters [3]board.ColumnFilter, orders [3]board.Order, query, selected string) string {
	q := url.Values{}
	if query != "" {
		q.Set("q", query)
	}
	for i, s := range tier.All {
		f := filters[i]
		set := func(name, value string) {
			if value != "" {
				q.Set(s.Class+"."+name, value)
			}
		}
		set("symbols", strings.TrimSpace(f.Symbols))
		set("pattern", f.Pattern)
		if len(f.Watched) <= maxShared { // somebody else does not have the list, so the link brings its symbols
			set("watchlist", f.Watchlist)
			set("watched", f.Watched)
			if f.Without {
				set("without", "1")
			}
		}
		if f.MinConfidence > 0 {
			set("confidence", strconv.FormatFloat(f.MinConfidence, 'g', -1, 64))
		}
		set("direction", string(f.Direction))
		set("session", string(f.Session))
		set("timeframe", f.Timeframe)
		if f.MinPriority > event.Low {
			set("priority", f.MinPriority.String())
		}
		if orders[i] != board.ByTime {
			set("sort", strconv.Itoa(int(orders[i])))
		}
	}
	if selected != "" {
		q.Set("event", selected)
	}
	return q.Encode()
}

// Read reads a link's query. found is false when it says nothing about the board; values that cannot be used are left out.
func Read(link string) (filters [3]board.ColumnFilter, orders [3]board.Order, query, selected string, found bool) {
	q, err := url.ParseQuery(link)
	if err != nil {
		return
	}
	if query = q.Get("q"); len(query) > 4*MaxQuery {
		query = ""
	}
	found = query != ""
	for i, s := range tier.All {
		f := &filters[i]
		get := func(name string) string {
			v := q.Get(s.Class + "." + name)
			if v == "" || len(v) > maxShared {
				return ""
			}
			found = true
			return v
		}
		f.Symbols = get("symbols")
		f.Pattern = get("pattern")
		f.Watchlist, f.Watched, f.Without = get("watchlist"), get("watched"), get("without") != ""
		if c, err := strconv.ParseFloat(get("confidence"), 64); err == nil && c > 0 && c <= 1 {
			f.MinConfidence = c
		}
		f.Direction, _ = event.ParseDirection(get("direction"))
		f.Session, _ = event.ParseSession(get("session"))
		f.Timeframe = get("timeframe")
		f.MinPriority, _ = event.ParsePriority(get("priority"))
		if o, err := strconv.Atoi(get("sort")); err == nil && o >= 0 && o <= int(board.ByExpiry) {
			orders[i] = board.Order(o)
		}
	}
	if selected = q.Get("event"); selected != "" {
		found = true
	}
	return filters, orders, query, selected, found
}

// maxShared bounds one value of a link, in bytes.
const maxShared = 2000

// MaxQuery bounds the text that narrows all columns, in characters.
const MaxQuery = 200
