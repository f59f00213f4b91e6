package resttest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tierboard/server/query"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// Oracle answers a page from events by looking at each. Everything that answers pages must agree with it.
func Oracle(events []*event.Event, a query.Ask) (rows []query.Row, more bool) {
	var found []*event.Event
	for _, e := range events {
		if a.Match(e) && (a.After == nil || a.Sort.Compare(query.KeyOf(e, a.Sort), *a.After) > 0) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(x, y *event.Event) int { return a.Sort.Compare(query.KeyOf(x, a.Sort), query.KeyOf(y, a.Sort)) })
	for _, e := range found[:min(len(found), a.Limit)] {
		rows = append(rows, rowOf(e))
	}
	return rows, len(found) > a.Limit
}

// rowOf stores an event.
func rowOf(e *event.Event) query.Row {
	return query.Row{ID: e.ID, Body: wire.AppendEvent(nil, e, wire.JSON), ExpiresAt: e.ExpiresAt}
}

// Archive is a source.Archive in memory: a plain scan of what it was given. The zero Archive is empty; any number of goroutines
// may use it.
type Archive struct {
	mu     sync.Mutex // guards everything below
	events []*event.Event
	known  map[string][]api.Outcome
	fault  error
	pages  int
	told   func([]*event.Event)
}

// Store puts events in, and says so.
func (m *Archive) Store(events ...*event.Event) {
	m.StoreQuietly(events...)
	m.mu.Lock()
	told := m.told
	m.mu.Unlock()
	if told != nil { // somebody listens
		told(events)
	}
}

// StoreQuietly puts events in, and does not say so yet.
func (m *Archive) StoreQuietly(events ...*event.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, events...)
}

// Know tells what became of an event.
func (m *Archive) Know(id string, outcomes ...api.Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = map[string][]api.Outcome{}
	}
	m.known[id] = outcomes
}

// Break makes every question end with an error; nil mends it.
func (m *Archive) Break(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = err
}

// Fault is what questions end with; nil if all is well.
func (m *Archive) Fault() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fault
}

// Pages is how many pages were asked for so far.
func (m *Archive) Pages() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pages
}

// Page answers what Oracle does.
func (m *Archive) Page(_ context.Context, a query.Ask) ([]query.Row, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pages++
	if m.fault != nil {
		return nil, false, m.fault
	}
	if a.Limit < 1 || a.Limit > query.MaxLimit {
		return nil, false, fmt.Errorf("limit %d", a.Limit)
	}
	rows, more := Oracle(m.events, a)
	return rows, more, nil
}

// OnStored keeps whom Store tells; there is one.
func (m *Archive) OnStored(do func([]*event.Event)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = do
}

// Event returns one event.
func (m *Archive) Event(_ context.Context, id string) (query.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if e.ID == id && m.fault == nil {
			return rowOf(e), nil
		}
	}
	return query.Row{}, cmp.Or(m.fault, query.ErrNotFound)
}

// Symbols returns symbols that begin with a prefix.
func (m *Archive) Symbols(_ context.Context, prefix string, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, e := range m.events {
		if strings.HasPrefix(e.Symbol, prefix) {
			out = append(out, e.Symbol)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), limit)], m.fault
}

// Outcomes returns what Know was told.
func (m *Archive) Outcomes(_ context.Context, ids []string) (map[string][]api.Outcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string][]api.Outcome{}
	for _, id := range ids {
		if o, ok := m.known[id]; ok {
			out[id] = o
		}
	}
	return out, m.fault
}

// Estimate counts the events within a time.
func (m *Archive) Estimate(_ context.Context, filters []filter.Filter, now time.Time, within time.Duration) (perHour, hours float64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, e := range m.events {
		if filter.Any(filters, e) && e.DetectedAt.After(now.Add(-within)) {
			n++
		}
	}
	return float64(n) / within.Hours(), within.Hours(), m.fault
}
