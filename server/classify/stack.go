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

// stack is an object with the envelopes around it. In all searches the innermost field wins.
type stack struct {
	layers []*loose.Object // outermost first
	batch  int             // how many of the layers belong to the batch around an entry
	side   []*loose.Object // objects beside the detection, innermost first
	keys   loose.Set       // the keys that layers and side objects have, and maybe more
	twice  loose.Set       // those that more than one of them has, and maybe more
	frozen [][]bool        // marks of the batch's layers before the first entry
}

// push adds objects as the innermost layers.
func (s *stack) push(layers ...*loose.Object) {
	s.layers = append(s.layers, layers...)
	for _, o := range layers {
		s.keys.Add(o, &s.twice)
	}
}

// reset empties the stack and keeps its memory.
func (s *stack) reset() {
	s.layers, s.side, s.frozen = s.layers[:0], s.side[:0], s.frozen[:0]
	s.batch, s.keys, s.twice = 0, loose.Set{}, loose.Set{}
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
func (s *stack) peek(keys *loose.Keys) *loose.Field {
	if !s.keys.Meets(keys) {
		return nil // most look-ups are for what is not there
	}
	for _, key := range keys.List() {
		if !s.keys.Has(key) {
			continue
		}
		if f := s.peekOne(key); f != nil {
			return f
		}
	}
	return nil
}

// peekOne is peek for one key.
func (s *stack) peekOne(key loose.Key) *loose.Field {
	for _, layer := range slices.Backward(s.layers) {
		if f := layer.Get(key); f != nil {
			return f
		}
	}
	return nil
}

// each calls use with the fields of the layers that have one of the keys, best first, then with those of the side objects
// when wide is set, until use takes one. The one it takes is marked, and so are its equals.
func (s *stack) each(wide bool, keys *loose.Keys, use func(*loose.Field) bool) {
	if !s.keys.Meets(keys) {
		return // most look-ups are for what is not there
	}
	for _, key := range keys.List() {
		if s.keys.Has(key) && s.eachOne(wide, key, use) {
			return
		}
	}
}

// eachOne is each for one key; it reports whether use took a field.
func (s *stack) eachOne(wide bool, key loose.Key, use func(*loose.Field) bool) bool {
	for _, layer := range slices.Backward(s.layers) {
		if f := layer.Get(key); f != nil && use(f) {
			s.mark(f)
			return true
		}
	}
	if !wide {
		return false
	}
	for _, o := range s.side {
		if f := o.Get(key); f != nil && use(f) {
			s.mark(f)
			return true
		}
	}
	return false
}

// mark marks a field and the fields of the same name and value around it: they are told once.
func (s *stack) mark(f *loose.Field) {
	f.Used = true
	if !s.twice.HasKeyOf(f) {
		return
	}
	for _, group := range [...][]*loose.Object{s.layers, s.side} {
		for _, o := range group {
			if twin := o.Twin(f); twin != nil && !twin.Used && loose.Same(twin.Value, f.Value) {
				twin.Used = true
			}
		}
	}
}

// number takes the best number within the bounds; wide searches side objects too.
func (s *stack) number(wide bool, lo, hi float64, keys *loose.Keys) event.Number {
	var n event.Number
	s.each(wide, keys, func(f *loose.Field) bool {
		x, ok := f.Number()
		if !ok || x < lo || x > hi {
			return false
		}
		n = event.Num(x)
		return true
	})
	return n
}

// text takes the layers' best non-empty text, cut to most bytes.
func (s *stack) text(most int, keys *loose.Keys) string {
	var text string
	s.each(false, keys, func(f *loose.Field) bool {
		text, _ = loose.Text(f.Value, most)
		return text != ""
	})
	return text
}

// has reports whether a layer has one of the keys, whatever it holds.
func (s *stack) has(keys *loose.Keys) bool { return s.peek(keys) != nil }

// open adds envelopes to the stack as long as something is missing and an envelope supplies it. A nil missing opens every
// envelope there is.
func (s *stack) open(keys *loose.Keys, most int, missing func() []*loose.Keys) error {
	for range maxEnvelopes {
		var lacks []*loose.Keys
		if missing != nil {
			if lacks = missing(); len(lacks) == 0 {
				break
			}
		}
		top := s.layers[len(s.layers)-1]
		var next *loose.Object
		for _, key := range keys.List() {
			f := top.Get(key)
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
		s.push(next)
	}
	return nil
}

// supplies reports whether obj, or an envelope inside it, has a field that is missing.
func supplies(obj *fastjson.Object, lacks []*loose.Keys, depth int) bool {
	for _, keys := range lacks {
		for _, key := range keys.List() {
			if v := obj.Get(key.String()); v != nil && v.Type() != fastjson.TypeNull {
				return true
			}
		}
	}
	if depth == 1 {
		return false
	}
	for _, key := range envelopes.List() {
		if v := obj.Get(key.String()); v != nil && v.Type() == fastjson.TypeObject && supplies(v.GetObject(), lacks, depth-1) {
			return true
		}
	}
	return false
}

// openSide lists the objects beside the detection. One with too many fields stays closed and goes into the details whole.
func (s *stack) openSide(most int, keys *loose.Keys) {
	for i := len(s.layers) - 1; i >= s.batch; i-- {
		for _, key := range keys.List() {
			f := s.layers[i].Get(key)
			if f == nil || f.Used {
				continue
			}
			if o, err := f.Object(most); o != nil && err == nil {
				s.side = append(s.side, o)
				s.keys.Add(o, &s.twice)
			}
		}
	}
}

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
		t.out.Flags |= ZoneAssumed
	}
	return at, zoned, nil
}

// latest is the latest detection time that is believed.
func (t *text) latest() time.Time { return t.received.Add(t.c.cfg.MaxAhead) }

// optionalTime takes the best time of the keys that can be read; one that cannot stays in the details and is flagged.
func (t *text) optionalTime(s *stack, latest time.Time, keys *loose.Keys) time.Time {
	var at time.Time
	s.each(false, keys, func(f *loose.Field) bool {
		m, _, err := t.moment(f, latest)
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
	if !s.keys.Meets(&sessionIDKeys) {
		return id
	}
	// It stays in the details too, hence no mark.
	if f := s.peek(&sessionIDKeys); f != nil {
		id, _ = loose.Text(f.Value, event.MaxID)
	}
	for _, o := range s.side {
		if f := o.Get(sessionIDKeys.List()[0]); f != nil && id == "" {
			id, _ = loose.Text(f.Value, event.MaxID)
		}
	}
	if id != "" {
		t.out.SessionID = id
	}
	return id
}
