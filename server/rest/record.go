package rest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"tierboard/server/query"
	"tierboard/shared/api"
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

// text returns a JSON string's text, or "".
func text(value []byte) string {
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// stamp returns a JSON string's time, or the zero time.
func stamp(value []byte) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text(value))
	if err != nil {
		return time.Time{}
	}
	return t
}

// keyOf returns the place of a row in an order, read from its body.
func keyOf(r query.Row, s query.Sort) query.Key {
	e := event.Event{ID: r.ID, ExpiresAt: r.ExpiresAt}
	switch s {
	case query.Surest:
		e.Confidence, _ = strconv.ParseFloat(string(member(r.Body, "confidence")), 64)
	case query.BySymbol:
		e.Symbol = text(member(r.Body, "symbol"))
	case query.Newest, query.Oldest:
		e.DetectedAt = stamp(member(r.Body, "detected_at"))
	case query.Soonest:
	}
	return query.KeyOf(&e, s)
}

// extras is what a presentation adds to events, by id.
type extras struct {
	outcomes map[string][]api.Outcome
	combos   map[string][]string // of daily and intraday events: combos made of them
}

// presenter writes events the way a client asked for.
type presenter struct {
	fields  map[string]bool // nil for all
	names   []string        // the same in order, or every field
	status  bool
	related bool
	outcome bool
	now     time.Time
}

// newPresenter returns a presenter for the parameters fields and include.
func newPresenter(fields, include []string, now time.Time) *presenter {
	p := &presenter{
		now: now, names: fields,
		status: slices.Contains(include, "status"), related: slices.Contains(include, "related"), outcome: slices.Contains(include, "outcome"),
	}
	if fields == nil {
		p.names = slices.DeleteFunc(query.Fields(), func(name string) bool {
			return name == "status" && !p.status || name == "related" && !p.related || name == "outcome" && !p.outcome
		})
		return p
	}
	p.fields = make(map[string]bool, len(fields))
	for _, name := range fields {
		p.fields[name] = true
	}
	return p
}

// append writes one event as JSON.
func (p *presenter) append(buf []byte, r query.Row, x extras) []byte {
	if p.fields == nil {
		buf = append(buf, r.Body[:len(r.Body)-1]...)
	} else {
		buf = append(buf, '{')
		first := true
		members(r.Body, func(key string, value []byte) bool {
			if !p.fields[key] {
				return true
			}
			if !first {
				buf = append(buf, ',')
			}
			first = false
			buf = append(append(append(append(buf, '"'), key...), '"', ':'), value...)
			return true
		})
	}
	if p.status {
		buf = append(append(append(buf, `,"status":"`...), p.statusOf(r)...), '"')
	}
	if refs := p.refs(r, x); refs != nil {
		buf = appendJSON(append(buf, `,"related":`...), refs)
	}
	if found := x.outcomes[r.ID]; p.outcome && len(found) > 0 {
		buf = appendJSON(append(buf, `,"outcome":`...), found)
	}
	return append(buf, '}')
}

// statusOf is the event's status now.
func (p *presenter) statusOf(r query.Row) string {
	if !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(p.now) {
		return "expired"
	}
	return "active"
}

// refs returns the ids of an event's chain, or nil when they are not asked for or there are none.
func (p *presenter) refs(r query.Row, x extras) *api.Refs {
	if !p.related {
		return nil
	}
	daily, intraday := legs(r.Body)
	refs := api.Refs{DailyID: daily, IntradayID: intraday, ComboIDs: x.combos[r.ID]}
	if daily == "" && intraday == "" && len(refs.ComboIDs) == 0 {
		return nil
	}
	return &refs
}

// legs returns the ids of the events a combo is made of.
func legs(body []byte) (daily, intraday string) {
	members(body, func(key string, value []byte) bool {
		switch key {
		case "daily_context":
			daily = text(member(value, "id"))
		case "intraday_trigger":
			intraday = text(member(value, "id"))
		}
		return true
	})
	return daily, intraday
}

// appendJSON appends a value that always marshals.
func appendJSON(buf []byte, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(buf, b...)
}

// cells writes one event as a row of CSV: texts as they are, everything else as JSON. Texts that a spreadsheet would take for
// a formula get an apostrophe in front.
func (p *presenter) cells(line []string, r query.Row, x extras) []string {
	line = line[:0]
	values := make(map[string][]byte, 32)
	members(p.append(nil, r, x), func(key string, value []byte) bool {
		values[key] = value
		return true
	})
	for _, name := range p.names {
		value := values[name]
		if bytes.HasPrefix(value, []byte{'"'}) {
			line = append(line, harmless(text(value)))
			continue
		}
		line = append(line, string(value))
	}
	return line
}

// harmless puts an apostrophe in front of what a spreadsheet would take for a formula.
func harmless(cell string) string {
	if cell != "" && strings.IndexByte("=+-@\t\r\n", cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}
