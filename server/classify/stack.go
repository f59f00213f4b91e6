package classify

import (
	"errors"
	"slices"
	"time"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/loose"
	"tierboard/shared/event"
)

// maxEnvelopes is how many envelopes are opened around a detection.
const maxEnvelopes = 4

// envelopes are the fields in which a detection may be nested, in the order in which they are tried.
var envelopes = []string{"data", "detection", "payload", "pattern_data", "event", "event_data"}

// sideKeys are objects beside the detection whose fields belong to it.
var sideKeys = []string{"metadata", "indicators", "pattern_data"}

// stack is an object with the envelopes around it. In all searches the innermost field wins.
type stack struct {
	layers []*loose.Object // outermost first
	batch  int             // how many of the layers belong to the batch around an entry
	side   []*loose.Object // objects beside the detection, innermost first
	frozen [][]bool        // marks of the batch's layers before the first entry
}

// reset empties the stack and keeps its memory.
func (s *stack) reset() {
	clear(s.layers)
	clear(s.side)
	*s = stack{layers: s.layers[:0], side: s.side[:0]}
}

// freeze remembers the marks, for restore.
func (s *stack) freeze() {
	s.frozen = s.frozen[:0]
	for _, layer := range s.layers {
		marks := make([]bool, len(layer.Fields()))
		for i, f := range layer.Fields() {
			marks[i] = f.Used
		}
		s.frozen = append(s.frozen, marks)
	}
}

// restore sets the marks back to what they were at freeze, so that every entry of a batch finds its envelope fresh.
func (s *stack) restore() {
	for n, layer := range s.layers {
		for i := range layer.Fields() {
			layer.Fields()[i].Used = s.frozen[n][i]
		}
	}
}

// peek returns the innermost field with one of the keys, an earlier key before a later one; nil if there is none.
func (s *stack) peek(keys ...string) *loose.Field {
	for _, key := range keys {
		for _, layer := range slices.Backward(s.layers) {
			if f := layer.Field(key); f != nil {
				return f
			}
		}
	}
	return nil
}

// each calls use with the fields of the layers that have one of the keys, best first, then with those of the side objects
// when wide is set, until use takes one. The one it takes is marked, and so are its equals.
func (s *stack) each(wide bool, keys []string, use func(*fastjson.Value) bool) {
	for _, key := range keys {
		for _, layer := range slices.Backward(s.layers) {
			if f := layer.Field(key); f != nil && use(f.Value) {
				s.mark(f)
				return
			}
		}
		if !wide {
			continue
		}
		for _, o := range s.side {
			if f := o.Field(key); f != nil && use(f.Value) {
				s.mark(f)
				return
			}
		}
	}
}

// mark marks a field and the fields of the same name and value around it: they are told once.
func (s *stack) mark(f *loose.Field) {
	f.Used = true
	for _, group := range [...][]*loose.Object{s.layers, s.side} {
		for _, o := range group {
			if twin := o.Field(f.Key); twin != nil && !twin.Used && loose.Same(twin.Value, f.Value) {
				twin.Used = true
			}
		}
	}
}

// number takes the best number within the bounds; wide searches side objects too.
func (s *stack) number(wide bool, lo, hi float64, keys ...string) event.Number {
	var n event.Number
	s.each(wide, keys, func(v *fastjson.Value) bool {
		x, ok := loose.Number(v)
		if !ok || x < lo || x > hi {
			return false
		}
		n = event.Num(x)
		return true
	})
	return n
}

// text takes the layers' best non-empty text, cut to most bytes.
func (s *stack) text(most int, keys ...string) string {
	var text string
	s.each(false, keys, func(v *fastjson.Value) bool {
		text, _ = loose.Text(v, most)
		return text != ""
	})
	return text
}

// has reports whether a layer has one of the keys, whatever it holds.
func (s *stack) has(keys ...string) bool { return s.peek(keys...) != nil }

// open adds envelopes to the stack as long as something is missing and an envelope supplies it. A nil missing opens every
// envelope there is.
func (s *stack) open(keys []string, most int, missing func() [][]string) error {
	for range maxEnvelopes {
		var lacks [][]string
		if missing != nil {
			if lacks = missing(); len(lacks) == 0 {
				break
			}
		}
		top := s.layers[len(s.layers)-1]
		var next *loose.Object
		for _, key := range keys {
			f := top.Field(key)
			if f == nil || f.Value.Type() != fastjson.TypeObject {
				continue
			}
			o, err := f.Object(most)
			if err != nil {
				return err
			}
			if missing == nil || supplies(f.Value.GetObject(), lacks, maxEnvelopes) {
				f.Used = true
				next = o
				break
			}
		}
		if next == nil {
			break
		}
		s.layers = append(s.layers, next)
	}
	return nil
}

// supplies reports whether obj, or an envelope inside it, has a field that is missing.
func supplies(obj *fastjson.Object, lacks [][]string, depth int) bool {
	for _, keys := range lacks {
		for _, key := range keys {
			if v := obj.Get(key); v != nil && v.Type() != fastjson.TypeNull {
				return true
			}
		}
	}
	if depth == 1 {
		return false
	}
	for _, key := range envelopes {
		if v := obj.Get(key); v != nil && v.Type() == fastjson.TypeObject && supplies(v.GetObject(), lacks, depth-1) {
			return true
		}
	}
	return false
}

// openSide lists the objects beside the detection. One with too many fields stays closed and goes into the details whole.
func (s *stack) openSide(most int, keys ...string) {
	for i := len(s.layers) - 1; i >= s.batch; i-- {
		for _, key := range keys {
			f := s.layers[i].Field(key)
			if f == nil || f.Used {
				continue
			}
			if o, err := f.Object(most); o != nil && err == nil {
				s.side = append(s.side, o)
			}
		}
	}
}

// The names of times.
var (
	detectedKeys  = []string{"detected_at", "detection_timestamp", "detection_time"}
	publishedKeys = []string{"published_at", "batch_timestamp"}
	timestampKeys = []string{"timestamp"}
	expiryKeys    = []string{"expires_at", "expiration_timestamp", "expiration_date"}
)

// errTime is a time that cannot be read or is absurd.
var errTime = errors.New("cannot be read as a time between 2000 and a day from now")

// year2000 is the earliest time that is believed.
var year2000 = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// moment reads a field's time, which must lie between 2000 and latest, and flags one without a zone.
func (t *text) moment(v *fastjson.Value, latest time.Time) (at time.Time, zoned bool, err error) {
	at, zoned, ok := loose.Time(v)
	if !ok || at.Before(year2000) || at.After(latest) {
		return time.Time{}, false, errTime
	}
	if !zoned {
		t.out.Flags |= ZoneAssumed
	}
	return at, zoned, nil
}

// latest is the latest detection time that is believed.
func (t *text) latest() time.Time { return t.received.Add(t.c.cfg.MaxAhead) }

// optionalTime takes the best time of the keys that can be read; one that cannot stays in the details and is flagged.
func (t *text) optionalTime(s *stack, latest time.Time, keys ...string) time.Time {
	var at time.Time
	s.each(false, keys, func(v *fastjson.Value) bool {
		m, _, err := t.moment(v, latest)
		if err != nil {
			t.out.Flags |= BadExtra
			return false
		}
		at = m
		return true
	})
	return at
}

// noteSession remembers the streaming session the text belongs to.
func (t *text) noteSession(s *stack) string {
	id := ""
	// It stays in the details too, hence no mark.
	if f := s.peek("session_id"); f != nil {
		id, _ = loose.Text(f.Value, event.MaxID)
	}
	for _, o := range s.side {
		if f := o.Field("session_id"); f != nil && id == "" {
			id, _ = loose.Text(f.Value, event.MaxID)
		}
	}
	if id != "" {
		t.out.SessionID = id
	}
	return id
}
