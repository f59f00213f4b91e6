// Package layers searches an object together with the envelopes around it and the objects beside it. A producer that wraps its
// detections tells things about them at every layer; what is told twice is to be taken once.
package layers

import (
	"slices"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/loose"
	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
)

// MaxEnvelopes is how many envelopes are opened around a detection.
const MaxEnvelopes = 4

// Stack is an object with the envelopes around it. In all searches the innermost field wins, and a null is not there. The zero Stack
// is empty. It is not safe for concurrent use, and valid as long as its objects are.
type Stack struct {
	Layers []*loose.Object // outermost first
	Batch  int             // how many of the layers belong to the batch around an entry
	Side   []*loose.Object // objects beside the detection, innermost first
	keys   loose.Set       // the keys that layers and side objects have, and maybe more
	twice  loose.Set       // those that more than one of them has, and maybe more
	frozen [][]bool        // marks of the batch's layers before the first entry
}

// Push adds objects as the innermost layers.
func (s *Stack) Push(layers ...*loose.Object) {
	s.Layers = append(s.Layers, layers...)
	for _, o := range layers {
		s.keys.Add(o, &s.twice)
	}
}

// Reset empties the stack and keeps its memory.
func (s *Stack) Reset() {
	s.Layers, s.Side, s.frozen = s.Layers[:0], s.Side[:0], s.frozen[:0]
	s.Batch, s.keys, s.twice = 0, loose.Set{}, loose.Set{}
}

// Own returns the stack without the layers of the batch around it.
func (s *Stack) Own() Stack {
	return Stack{Layers: s.Layers[s.Batch:], Side: s.Side, keys: s.keys, twice: s.twice}
}

// Meets reports whether a layer or a side object may have one of the keys.
func (s *Stack) Meets(keys *loose.Keys) bool { return s.keys.Meets(keys) }

// Freeze remembers the marks, for Restore.
func (s *Stack) Freeze() {
	s.frozen = s.frozen[:0]
	for _, layer := range s.Layers {
		marks := make([]bool, len(layer.Fields()))
		for i, f := range layer.Fields() {
			marks[i] = f.Used
		}
		s.frozen = append(s.frozen, marks)
	}
}

// Restore sets the marks back to what they were at Freeze, so that every entry of a batch finds its envelope fresh.
func (s *Stack) Restore() {
	for n, layer := range s.Layers {
		for i := range layer.Fields() {
			layer.Fields()[i].Used = s.frozen[n][i]
		}
	}
}

// Peek returns the innermost field with one of the keys, an earlier key before a later one; nil if there is none.
func (s *Stack) Peek(keys *loose.Keys) *loose.Field {
	if !s.keys.Meets(keys) {
		return nil // most look-ups are for what is not there
	}
	for _, key := range keys.List() {
		if !s.keys.Has(key) {
			continue
		}
		if f := s.PeekOne(key); f != nil {
			return f
		}
	}
	return nil
}

// PeekOne is Peek for one key.
func (s *Stack) PeekOne(key loose.Key) *loose.Field {
	for _, layer := range slices.Backward(s.Layers) {
		if f := layer.Get(key); f != nil {
			return f
		}
	}
	return nil
}

// Each calls use with the fields of the layers that have one of the keys, best first, then with those of the side objects
// when wide is set, until use takes one. The one it takes is marked, and so are its equals.
func (s *Stack) Each(wide bool, keys *loose.Keys, use func(*loose.Field) bool) {
	if !s.keys.Meets(keys) {
		return // most look-ups are for what is not there
	}
	for _, key := range keys.List() {
		if s.keys.Has(key) && s.EachOne(wide, key, use) {
			return
		}
	}
}

// EachOne is Each for one key; it reports whether use took a field.
func (s *Stack) EachOne(wide bool, key loose.Key, use func(*loose.Field) bool) bool {
	for _, layer := range slices.Backward(s.Layers) {
		if f := layer.Get(key); f != nil && use(f) {
			s.Mark(f)
			return true
		}
	}
	if !wide {
		return false
	}
	for _, o := range s.Side {
		if f := o.Get(key); f != nil && use(f) {
			s.Mark(f)
			return true
		}
	}
	return false
}

// Mark marks a field and the fields of the same name and value around it: they are told once.
func (s *Stack) Mark(f *loose.Field) {
	f.Used = true
	if !s.twice.HasKeyOf(f) {
		return
	}
	for _, group := range [...][]*loose.Object{s.Layers, s.Side} {
		for _, o := range group {
			if twin := o.Twin(f); twin != nil && !twin.Used && scalar.Same(twin.Value, f.Value) {
				twin.Used = true
			}
		}
	}
}

// Number takes the best number within the bounds; wide searches side objects too.
func (s *Stack) Number(wide bool, lo, hi float64, keys *loose.Keys) event.Number {
	var n event.Number
	s.Each(wide, keys, func(f *loose.Field) bool {
		x, ok := f.Number()
		if !ok || x < lo || x > hi {
			return false
		}
		n = event.Num(x)
		return true
	})
	return n
}

// Text takes the layers' best non-empty text, cut to most bytes.
func (s *Stack) Text(most int, keys *loose.Keys) string {
	var text string
	s.Each(false, keys, func(f *loose.Field) bool {
		text, _ = scalar.Text(f.Value, most)
		return text != ""
	})
	return text
}

// Has reports whether a layer has one of the keys, whatever it holds.
func (s *Stack) Has(keys *loose.Keys) bool { return s.Peek(keys) != nil }

// Open adds envelopes to the stack as long as something is missing and an envelope supplies it. A nil missing opens every
// envelope there is.
func (s *Stack) Open(keys *loose.Keys, most int, missing func() []*loose.Keys) error {
	for range MaxEnvelopes {
		var lacks []*loose.Keys
		if missing != nil {
			if lacks = missing(); len(lacks) == 0 {
				break
			}
		}
		top := s.Layers[len(s.Layers)-1]
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
			if missing == nil || supplies(f.Value.GetObject(), keys, lacks, MaxEnvelopes) {
				f.Used = true
				next = o
				break
			}
		}
		if next == nil {
			break
		}
		s.Push(next)
	}
	return nil
}

// supplies reports whether obj, or one of the envelopes inside it, has a field that is missing.
func supplies(obj *fastjson.Object, envelopes *loose.Keys, lacks []*loose.Keys, depth int) bool {
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
		if v := obj.Get(key.String()); v != nil && v.Type() == fastjson.TypeObject && supplies(v.GetObject(), envelopes, lacks, depth-1) {
			return true
		}
	}
	return false
}

// OpenSide lists the objects beside the detection. One with too many fields stays closed and goes into the details whole.
func (s *Stack) OpenSide(most int, keys *loose.Keys) {
	for i := len(s.Layers) - 1; i >= s.Batch; i-- {
		for _, key := range keys.List() {
			f := s.Layers[i].Get(key)
			if f == nil || f.Used {
				continue
			}
			if o, err := f.Object(most); o != nil && err == nil {
				s.Side = append(s.Side, o)
				s.keys.Add(o, &s.twice)
			}
		}
	}
}

// Outermost returns the outermost field with one of the keys.
func (s *Stack) Outermost(keys *loose.Keys) *loose.Field {
	if !s.keys.Meets(keys) {
		return nil
	}
	for _, layer := range s.Layers {
		for _, key := range keys.List() {
			if f := layer.Get(key); f != nil {
				return f
			}
		}
	}
	return nil
}
