package loose

import (
	"math"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/scalar"
)

// Bounds on what Objects keeps from one text to the next.
const (
	keepObjects = 32  // objects
	keepFields  = 64  // fields of each
	keepKeys    = 512 // keys, each of at most MaxKey bytes
)

// MaxKey is how many bytes of a key are worth keeping: a longer one is not remembered, and is cut where it is written.
const MaxKey = 64

// maxFields is how many fields an object can ever have.
const maxFields = math.MaxUint16

// Objects lists the fields of objects in memory that is used again for the next text: a producer's texts are much alike,
// so that after the first few nothing is allocated. The zero Objects is ready; it is not safe for concurrent use.
type Objects struct {
	// Vocabulary numbers the keys for Object.Get; it never changes. Without one, Get finds nothing.
	Vocabulary *Vocabulary

	list    []*Object
	used    int
	numeral scalar.Numeral     // for a number's characters
	keys    [keepKeys]knownKey // keys seen before, each in one of two places where its hash puts it
}

// knownKey is a key with what is known of it, see Field.
type knownKey struct {
	text  string
	hash  uint32
	name  uint8
	clean bool
}

// Reset takes back all objects, which must no longer be used. What a large text needed is given up. The fields are not cleared: the
// next text of the same shape finds in them what it would write, and a pointer that is not written costs the garbage collector
// nothing. So a kept Objects keeps the memory of parsers that it has seen.
func (a *Objects) Reset() {
	if len(a.list) > keepObjects {
		clear(a.list[keepObjects:])
		a.list = a.list[:keepObjects]
	}
	for _, o := range a.list[:min(a.used, len(a.list))] {
		if cap(o.fields) > keepFields {
			o.fields = nil
		}
		o.fields = o.fields[:0]
	}
	a.used = 0
}

// List lists the fields of v in their order, a repeated key once. It returns nil and no error when v is no object, and ErrTooWide
// when it has more than most fields, or more than 65,535. The object is valid until Reset. A nil a gives an object on its own.
func (a *Objects) List(v *fastjson.Value, most int) (*Object, error) {
	if v == nil || v.Type() != fastjson.TypeObject {
		return nil, nil
	}
	obj := v.GetObject()
	if obj.Len() > min(most, maxFields) {
		return nil, ErrTooWide
	}
	o := a.next(obj.Len())
	obj.Visit(func(key []byte, v *fastjson.Value) {
		k := o.last()
		if k.text != string(key) { // the last text's key in the same place is nearly always the same
			k = a.key(key)
		}
		word, bit := k.hash>>31, uint64(1)<<(k.hash>>25&63)
		if o.seen[word]&bit != 0 && o.index(k.text) >= 0 {
			return
		}
		o.seen[word] |= bit
		if k.name != 0 { // whether it is null is not asked here: the parser would decode the value
			o.names.add(k.name)
			o.at[k.name] = uint16(len(o.fields)) //nolint:gosec // see maxFields
		}
		o.append(k, v, a)
	})
	return o, nil
}

// last returns the key that the next field had in the last text; the empty key if there was none.
func (o *Object) last() knownKey {
	n := len(o.fields)
	if n == cap(o.fields) {
		return knownKey{}
	}
	f := &o.fields[:n+1][n]
	return knownKey{f.Key, f.hash, f.name, f.clean}
}

// append adds a field. It writes only what differs from the last text's field in the same place, see Reset.
func (o *Object) append(k knownKey, v *fastjson.Value, owner *Objects) {
	n := len(o.fields)
	if n == cap(o.fields) {
		o.fields = append(o.fields, Field{})
	}
	o.fields = o.fields[:n+1]
	f := &o.fields[n]
	if f.Key != k.text {
		f.Key = k.text
	}
	if f.Value != v {
		f.Value = v
	}
	if f.owner != owner {
		f.owner = owner
	}
	if f.inner != nil {
		f.inner = nil
	}
	f.hash, f.name, f.clean, f.Used = k.hash, k.name, k.clean, false
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
	o.seen, o.names = [2]uint64{}, Set{}
	return o
}

// key returns a key as a string of its own, with its number.
func (a *Objects) key(key []byte) knownKey {
	h := Hash(key)
	if a == nil || len(key) > MaxKey {
		return knownKey{text: string(key), hash: h}
	}
	first := h >> 23
	other := first ^ 1
	switch {
	case a.keys[first].text == string(key):
		return a.keys[first]
	case a.keys[other].text == string(key):
		return a.keys[other]
	}
	k := knownKey{text: string(key), hash: h, clean: len(key) > 0 && scalar.Verbatim(key, MaxKey)}
	if a.Vocabulary != nil {
		k.name = a.Vocabulary.names[k.text]
	}
	a.keys[first], a.keys[other] = k, a.keys[first]
	return k
}

// Hash tells most keys apart by their length and four of their bytes. The highest bits are the best.
func Hash[T string | []byte](key T) uint32 {
	n := len(key)
	if n == 0 {
		return 0
	}
	const odd = 0x9E3779B1
	h := uint32(key[0]) | uint32(key[n/2])<<8 | uint32(key[n-1])<<16 | uint32(key[n*3/4])<<24
	return (h ^ uint32(n)*0x85EBCA6B) * odd //nolint:gosec // a length
}
