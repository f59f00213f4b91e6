//go:build js

package history

import (
	"encoding/json"

	"tierboard/app/fetch"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// Read reads a page of events and hands them over with the cursor of the next page, or says what went wrong.
func Read(path string, then func(events []*event.Event, cursor, fault string)) {
	fetch.Do("GET", path, "", "", func(a fetch.Answer) {
		if !a.OK() {
			then(nil, "", "Older events cannot be read now.")
			return
		}
		var got struct {
			Patterns []json.RawMessage
			Metadata struct {
				NextCursor string `json:"next_cursor"`
			}
		}
		if json.Unmarshal([]byte(a.Body), &got) != nil {
			then(nil, "", "The server's answer cannot be read.")
			return
		}
		var events []*event.Event
		for _, raw := range got.Patterns {
			if e, err := wire.DecodeEventJSON(string(raw)); err == nil {
				events = append(events, e)
			}
		}
		then(events, got.Metadata.NextCursor, "")
	})
}

// PagePath is where the page behind a cursor is read.
func PagePath(class, cursor string) string { return "/api/patterns/" + class + "?cursor=" + cursor }

// Rates reads how often each tier's patterns came true; then is not called when that cannot be told.
func Rates(then func(rates []Rate)) {
	fetch.Do("GET", "/api/patterns/performance?horizon=1d", "", "", func(a fetch.Answer) {
		var got struct{ Tiers []Rate }
		if a.OK() && json.Unmarshal([]byte(a.Body), &got) == nil {
			then(got.Tiers)
		}
	})
}
