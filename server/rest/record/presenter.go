package record

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/shared/api"
)

// Extras is what a presentation adds to events, by id.
type Extras struct {
	Outcomes map[string][]api.Outcome
	Combos   map[string][]string // of daily and intraday events: combos made of them
}

// Presenter writes events the way a client asked for. It does not change: any number of goroutines may use it.
type Presenter struct {
	// Related and Outcome tell which Extras it shows: the caller looks up no others.
	Related, Outcome bool

	fields map[string]bool // nil for all
	names  []string        // the same in order, or every field
	status bool
	now    time.Time
}

// NewPresenter returns a presenter for the parameters fields and include, which shows the status of events at a moment. Fields
// that are nil are all.
func NewPresenter(fields, include []string, now time.Time) *Presenter {
	p := &Presenter{
		now: now, names: fields,
		status: slices.Contains(include, "status"), Related: slices.Contains(include, "related"), Outcome: slices.Contains(include, "outcome"),
	}
	if fields == nil {
		p.names = slices.DeleteFunc(query.Fields(), func(name string) bool {
			return name == "status" && !p.status || name == "related" && !p.Related || name == "outcome" && !p.Outcome
		})
		return p
	}
	p.fields = make(map[string]bool, len(fields))
	for _, name := range fields {
		p.fields[name] = true
	}
	return p
}

// Append writes one event as JSON.
func (p *Presenter) Append(buf []byte, r query.Row, x Extras) []byte {
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
		buf = answer.Append(append(buf, `,"related":`...), refs)
	}
	if found := x.Outcomes[r.ID]; p.Outcome && len(found) > 0 {
		buf = answer.Append(append(buf, `,"outcome":`...), found)
	}
	return append(buf, '}')
}

// statusOf is the event's status now.
func (p *Presenter) statusOf(r query.Row) string {
	if !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(p.now) {
		return "expired"
	}
	return "active"
}

// refs returns the ids of an event's chain, or nil when they are not asked for or there are none.
func (p *Presenter) refs(r query.Row, x Extras) *api.Refs {
	if !p.Related {
		return nil
	}
	daily, intraday := Legs(r.Body)
	refs := api.Refs{DailyID: daily, IntradayID: intraday, ComboIDs: x.Combos[r.ID]}
	if daily == "" && intraday == "" && len(refs.ComboIDs) == 0 {
		return nil
	}
	return &refs
}

// cells writes one event as a row of CSV: texts as they are, everything else as JSON. Texts that a spreadsheet would take for
// a formula get an apostrophe in front.
func (p *Presenter) cells(line []string, r query.Row, x Extras) []string {
	line = line[:0]
	values := make(map[string][]byte, 32)
	members(p.Append(nil, r, x), func(key string, value []byte) bool {
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
