// Package record shows a stored event as a record of an answer, in JSON, NDJSON or CSV: whole or with the fields that a client
// asked for, and without decoding what is encoded already.
package record

import (
	"encoding/json"
	"strconv"
	"time"

	"tierboard/server/query"
	"tierboard/shared/event"
)

// members calls each for the members of a JSON object as package wire writes it: valid, without spaces between. It ends
// early when each returns false, and quietly at anything it does not expect.
func members(object []byte, each func(key string, value []byte) bool) {
	at := 1
	for at < len(object) && object[at] == '"' {
		end := stringEnd(object, at)
		if end >= len(object) || object[end] != ':' {
			return
		}
		key := object[at+1 : end-1]
		from := end + 1
		at = valueEnd(object, from)
		if at > len(object) || !each(string(key), object[from:at]) {
			return
		}
		if at < len(object) && object[at] == ',' {
			at++
		}
	}
}

// stringEnd is the position behind the string that begins at a quote.
func stringEnd(b []byte, at int) int {
	for i := at + 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b) + 1
}

// valueEnd is the position behind the value that begins at a position: where, outside of its own brackets and strings, a
// comma or closing bracket stands.
func valueEnd(b []byte, at int) int {
	depth := 0
	for i := at; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b) + 1
}

// member returns one member of an object, or nil.
func member(object []byte, name string) (value []byte) {
	members(object, func(key string, v []byte) bool {
		if key != name {
			return true
		}
		value = v
		return false
	})
	return value
}

// Text returns the text of an object's member, or "" when there is none.
func Text(object []byte, name string) string { return text(member(object, name)) }

// text returns a JSON string's text, or "".
func text(value []byte) string {
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// Time returns the time of an object's member, or the zero time when there is none.
func Time(object []byte, name string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, Text(object, name))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Key returns the place of a row in an order, read from its body.
func Key(r query.Row, s query.Sort) query.Key {
	e := event.Event{ID: r.ID, ExpiresAt: r.ExpiresAt}
	switch s {
	case query.Surest:
		e.Confidence, _ = strconv.ParseFloat(string(member(r.Body, "confidence")), 64)
	case query.BySymbol:
		e.Symbol = Text(r.Body, "symbol")
	case query.Newest, query.Oldest:
		e.DetectedAt = Time(r.Body, "detected_at")
	case query.Soonest:
	}
	return query.KeyOf(&e, s)
}

// Legs returns the ids of the events a combo is made of, each "" when it is not known.
func Legs(body []byte) (daily, intraday string) {
	members(body, func(key string, value []byte) bool {
		switch key {
		case "daily_context":
			daily = Text(value, "id")
		case "intraday_trigger":
			intraday = Text(value, "id")
		}
		return true
	})
	return daily, intraday
}
