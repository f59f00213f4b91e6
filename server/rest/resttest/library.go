package resttest

import (
	"context"
	"slices"
	"sync"
	"time"

	"tierboard/server/query"
	"tierboard/server/rest/shelf"
)

// Library is a shelf.Library in memory. The zero Library is empty; any number of goroutines may use it.
type Library struct {
	mu      sync.Mutex               // guards everything below
	entries map[string][]shelf.Entry // by user and shelf
	fault   error
	good    int // calls that do not end with fault yet
}

// Break makes every call end with an error; nil mends it.
func (m *Library) Break(err error) { m.BreakAfter(0, err) }

// BreakAfter makes every call but the next few end with an error.
func (m *Library) BreakAfter(calls int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.good, m.fault = calls, err
}

// Clear forgets everything.
func (m *Library) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = nil
}

// asked counts a call and returns what it ends with. The caller holds the mutex.
func (m *Library) asked() error {
	if m.good--; m.good >= 0 {
		return nil
	}
	return m.fault
}

// Entries returns a user's entries.
func (m *Library) Entries(_ context.Context, user, name string) ([]shelf.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.asked(); err != nil {
		return nil, err
	}
	return slices.Clone(m.entries[user+"/"+name]), nil
}

// Entry returns one entry.
func (m *Library) Entry(_ context.Context, user, name, id string) (shelf.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.asked(); err != nil {
		return shelf.Entry{}, err
	}
	for _, e := range m.entries[user+"/"+name] {
		if e.ID == id {
			return e, nil
		}
	}
	return shelf.Entry{}, query.ErrNotFound
}

// Add keeps a new entry.
func (m *Library) Add(_ context.Context, user, name string, e shelf.Entry) (shelf.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.asked(); err != nil {
		return shelf.Entry{}, err
	}
	key := user + "/" + name
	for _, other := range m.entries[key] {
		if other.ID == e.ID {
			return shelf.Entry{}, query.ErrConflict
		}
	}
	e.Version, e.CreatedAt, e.UpdatedAt = 1, Friday, Friday
	if m.entries == nil {
		m.entries = map[string][]shelf.Entry{}
	}
	m.entries[key] = append(m.entries[key], e)
	return e, nil
}

// Change replaces an entry.
func (m *Library) Change(_ context.Context, user, name string, e shelf.Entry) (shelf.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.asked(); err != nil {
		return shelf.Entry{}, err
	}
	for i, old := range m.entries[user+"/"+name] {
		if old.ID != e.ID {
			continue
		}
		if old.Version != e.Version {
			return shelf.Entry{}, query.ErrChanged
		}
		e.Version, e.CreatedAt, e.UpdatedAt = old.Version+1, old.CreatedAt, Friday.Add(time.Minute)
		m.entries[user+"/"+name][i] = e
		return e, nil
	}
	return shelf.Entry{}, query.ErrNotFound
}

// Remove forgets an entry.
func (m *Library) Remove(_ context.Context, user, name, id string, version int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.asked(); err != nil {
		return err
	}
	key := user + "/" + name
	for i, e := range m.entries[key] {
		switch {
		case e.ID != id:
		case version != 0 && e.Version != version:
			return query.ErrChanged
		default:
			m.entries[key] = slices.Delete(m.entries[key], i, i+1)
			return nil
		}
	}
	return query.ErrNotFound
}
