package classify

import (
	"errors"
	"time"

	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
)

// errTime is a time that cannot be read or is absurd.
var errTime = errors.New("cannot be read as a time between 2000 and a day from now")

// year2000 is the earliest time that is believed.
var year2000 = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// moment reads a field's time, which must lie between 2000 and latest, and flags one without a zone.
func (t *text) moment(f *loose.Field, latest time.Time) (at time.Time, zoned bool, err error) {
	at, zoned, ok := f.Time()
	if !ok || at.Before(year2000) || at.After(latest) {
		return time.Time{}, false, errTime
	}
	if !zoned {
		t.out.Flags |= found.ZoneAssumed
	}
	return at, zoned, nil
}

// latest is the latest detection time that is believed.
func (t *text) latest() time.Time { return t.received.Add(t.c.cfg.MaxAhead) }

// optionalTime takes the best time of the keys that can be read; one that cannot stays in the details and is flagged.
func (t *text) optionalTime(s *layers.Stack, latest time.Time, keys *loose.Keys) time.Time {
	var at time.Time
	s.Each(false, keys, func(f *loose.Field) bool {
		m, _, err := t.moment(f, latest)
		if err != nil {
			t.out.Flags |= found.BadExtra
			return false
		}
		at = m
		return true
	})
	return at
}

// noteSession remembers the streaming session the text belongs to.
func (t *text) noteSession(s *layers.Stack) string {
	id := ""
	if !s.Meets(&sessionIDKeys) {
		return id
	}
	// It stays in the details too, hence no mark.
	if f := s.Peek(&sessionIDKeys); f != nil {
		id, _ = scalar.Text(f.Value, event.MaxID)
	}
	for _, o := range s.Side {
		if f := o.Get(sessionIDKeys.List()[0]); f != nil && id == "" {
			id, _ = scalar.Text(f.Value, event.MaxID)
		}
	}
	if id != "" {
		t.out.SessionID = id
	}
	return id
}
