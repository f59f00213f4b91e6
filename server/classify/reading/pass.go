// Package reading has what all readers of a text share, whatever it turns out to be: what is known around the text, the keys of
// producers, how a time, an id and a session are read, and what becomes of fields that nobody took.
//
// # Times
//
// Epoch seconds, epoch milliseconds and ISO 8601 are read; without a zone they are UTC. A time before 2000 or too far in the future is
// none.
//
// # Ids
//
// An id of the producer's is kept as it is, unless it is a number, which would meet those of another counter. Where there is no id
// one is derived from what the event says, so that the same detection has the same id wherever and however often it arrives.
package reading

import (
	"errors"
	"fmt"
	"time"

	"tierboard/server/classify/details"
	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/scalar"
	"tierboard/server/classify/spelling"
	"tierboard/shared/event"
)

// Largest is beyond any price, volume or ratio that means something; what is larger stays in the details.
const Largest = 1e15

// errTime is a time that cannot be read or is absurd.
var errTime = errors.New("cannot be read as a time between 2000 and a day from now")

// year2000 is the earliest time that is believed.
var year2000 = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// Pass is one text on its way through its readers. It is not safe for concurrent use.
type Pass struct {
	Channel  string
	Received time.Time    // UTC, in whole milliseconds
	Out      found.Result // what was found so far

	// What is the same for all texts.
	MaxFields  int                                                  // the largest number of fields in an object that is searched
	MaxDetails int                                                  // the size of an event's details in bytes
	MaxAhead   time.Duration                                        // how long after Received a detection may lie
	SessionOf  func(time.Time) (session event.Session, date string) // the exchange calendar

	// Memory that is used again for the next text.
	Patterns spelling.Patterns
	Symbols  spelling.Symbols
	Objects  loose.Objects // all objects that are searched
	Rest     details.Rest  // what nobody took of the detection being read
}

// NewPass returns a Pass for texts with these bounds and this calendar, whose Channel and Received are to be set for each text.
func NewPass(maxFields, maxDetails int, maxAhead time.Duration, sessionOf func(time.Time) (event.Session, string)) Pass {
	return Pass{
		MaxFields: maxFields, MaxDetails: maxDetails, MaxAhead: maxAhead, SessionOf: sessionOf,
		Patterns: make(spelling.Patterns), Symbols: make(spelling.Symbols), Objects: loose.Objects{Vocabulary: &vocabulary},
	}
}

// Reset forgets the text and keeps the memory for the next one.
func (p *Pass) Reset() {
	p.Channel, p.Out = "", found.Result{}
	p.Objects.Reset()
	p.Rest.Reset()
}

// Reject makes a Reject of the text. The format and its arguments make the detail, which names the field.
func (p *Pass) Reject(reason found.Reason, format string, args ...any) *found.Reject {
	return found.NewReject(p.Channel, reason, fmt.Sprintf(format, args...))
}

// Moment reads a field's time, which must lie between 2000 and latest, and flags one without a zone. The error tells what is wrong
// with the value, and not which field it is; see BadTime.
func (p *Pass) Moment(f *loose.Field, latest time.Time) (at time.Time, zoned bool, err error) {
	at, zoned, ok := f.Time()
	if !ok || at.Before(year2000) || at.After(latest) {
		return time.Time{}, false, errTime
	}
	if !zoned {
		p.Out.Flags |= found.ZoneAssumed
	}
	return at, zoned, nil
}

// BadTime makes the Reject of a field whose time Moment refused with the error.
func (p *Pass) BadTime(f *loose.Field, err error) *found.Reject {
	return p.Reject(found.BadTime, "%s: %s %v", f.Key, f.Value.MarshalTo(nil), err)
}

// TooWide makes the Reject of a text with an envelope of more than MaxFields fields.
func (p *Pass) TooWide() *found.Reject {
	return p.Reject(found.TooWide, "envelope: more than %d fields", p.MaxFields)
}

// Latest is the latest detection time that is believed.
func (p *Pass) Latest() time.Time { return p.Received.Add(p.MaxAhead) }

// OptionalTime takes the best time of the keys that can be read; zero if there is none. One that cannot be read stays in the details
// and is flagged.
func (p *Pass) OptionalTime(s *layers.Stack, latest time.Time, keys *loose.Keys) time.Time {
	var at time.Time
	s.Each(false, keys, func(f *loose.Field) bool {
		m, _, err := p.Moment(f, latest)
		if err != nil {
			p.Out.Flags |= found.BadExtra
			return false
		}
		at = m
		return true
	})
	return at
}

// Confidence reads a confidence: 0 to 1, or above 1 up to 100 for a percentage, which percent tells. ok is false for anything else.
func Confidence(f *loose.Field) (x float64, percent, ok bool) {
	x, ok = f.Number()
	switch {
	case !ok || x < 0 || x > 100:
		return 0, false, false
	case x > 1:
		return x / 100, true, true
	}
	return x + 0, false, true // + 0 turns -0 into 0
}

// NoteSession remembers the streaming session the text belongs to, and returns it; "" if the text names none.
func (p *Pass) NoteSession(s *layers.Stack) string {
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
		p.Out.SessionID = id
	}
	return id
}
