package loose

import "github.com/valyala/fastjson"

// Bounds on what Objects keeps from one text to the next.
const (
	keepObjects = 32  // objects
	keepFields  = 64  // fields of each
	keepKeys    = 512 // keys, each of at most MaxKey bytes
)

// Objects lists the fields of objects in memory that is used again for the next text: a producer's texts are much alike,
// so that after the first few nothing is allocated. The zero Objects is ready; it is not safe for concurrent use.
type Objects struct {
	list []*Object
	used int
	keys [keepKeys]string // keys seen before, each in one of two places where its hash puts it
}

// Reset takes back all objects, which must no longer be used. What a large text needed is given up.
func (a *Objects) Reset() {
	if len(a.list) > keepObjects {
		clear(a.list[keepObjects:])
		a.list = a.list[:keepObjects]
	}
	for _, o := range a.list[:min(a.used, len(a.list))] {
		if cap(o.fields) > keepFields {
			o.fields = nil
		}
		clear(o.fields) // the values are the parser's
		o.fields = o.fields[:0]
	}
	a.used = 0
}

// List is NewObject in the memory of a. The object is valid until Reset. A nil a gives an object on its own.
func (a *Objects) List(v *fastjson.Value, most int) (*Object, error) {
	if v == nil || v.Type() != fastjson.TypeObject {
		return nil, nil
	}
	obj := v.GetObject()
	if obj.Len() > most {
		return nil, ErrTooWide
	}
	o := a.next(obj.Len())
	obj.Visit(func(key []byte, v *fastjson.Value) {
		h := hash(key)
		k := a.key(key, h)
		word, bit := h>>31, uint64(1)<<(h>>25&63)
		if o.seen[word]&bit != 0 && o.index(k) >= 0 {
			return
		}
		o.seen[word] |= bit
		o.fields = append(o.fields, Field{Key: k, Value: v, owner: a})
	})
	return o, nil
}

// next returns an empty object.
func (a *Objects) next(fields int) *Object {
	if a == nil {
		return &Object{fields: make([]Field, 0, fields)}
	}
	if a.used == len(a.list) {
		a.list = append(a.list, &Object{fields: make([]Field, 0, fields)})
	}
	o := a.list[a.used]
	a.used++
	o.seen = [2]uint64{}
	return o
}

// key returns a key as a string of its own.
func (a *Objects) key(key []byte, h uint32) string {
	if a == nil || len(key) > MaxKey {
		return string(key)
	}
	first := h >> 23
	other := first ^ 1
	switch {
	case a.keys[first] == string(key):
		return a.keys[first]
	case a.keys[other] == string(key):
		return a.keys[other]
	}
	a.keys[first], a.keys[other] = string(key), a.keys[first]
	return a.keys[first]
}

// hash tells most keys apart by their length and four of their bytes. The highest bits are the best.
func hash[T string | []byte](key T) uint32 {
	n := len(key)
	if n == 0 {
		return 0
	}
	const odd = 0x9E3779B1
	h := uint32(key[0]) | uint32(key[n/2])<<8 | uint32(key[n-1])<<16 | uint32(key[n*3/4])<<24
	return (h ^ uint32(n)*0x85EBCA6B) * odd //nolint:gosec // a length
}
