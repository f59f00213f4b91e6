package loose

import (
	"time"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/scalar"
)

// Field is one member of an Object.
type Field struct {
	Key   string // as received, without escapes
	Value *fastjson.Value
	Used  bool // whether it was taken; what is not goes into the rest

	hash  uint32   // of the key
	name  uint8    // the key's place in the vocabulary, 0 for none
	clean bool     // whether the key is known to be fit to write as it is
	inner *Object  // the listed fields of an object, made by Object
	owner *Objects // where inner comes from; nil for an object on its own
}

// Hash is Hash of the key.
func (f *Field) Hash() uint32 { return f.hash }

// Plain reports whether the key is known to be fit to write between quotes as it is. It is false for some that are, too.
func (f *Field) Plain() bool { return f.clean }

// Object lists the fields of the object the field holds, once; see Objects.List.
func (f *Field) Object(most int) (*Object, error) {
	if f.inner != nil {
		return f.inner, nil
	}
	o, err := f.owner.List(f.Value, most)
	f.inner = o
	return o, err
}

// In reports whether the field's key is one of the keys.
func (f *Field) In(keys *Keys) bool { return f.name != 0 && keys.set.has(f.name) }

// Number is scalar.Number of the field's value.
func (f *Field) Number() (float64, bool) {
	if f.owner == nil {
		return scalar.Number(f.Value)
	}
	return f.owner.numeral.Number(f.Value)
}

// Time is scalar.Time of the field's value.
func (f *Field) Time() (t time.Time, zoned, ok bool) {
	if f.owner == nil {
		return scalar.Time(f.Value)
	}
	return f.owner.numeral.Time(f.Value)
}

// Object is a JSON object whose fields remember whether they were taken. It is not safe for concurrent use.
type Object struct {
	fields []Field
	seen   [2]uint64            // a bit for each key, by its hash
	names  Set                  // the keys of the vocabulary that are there
	at     [maxNames + 1]uint16 // for each of names, its place among the fields
}

// Fields lists the fields in the order in which they were written. The slice is the object's own.
func (o *Object) Fields() []Field { return o.fields }

// Field returns the field with the key, or nil when there is none or it is null: producers write null for "unknown".
func (o *Object) Field(key string) *Field {
	i := o.index(key)
	if i < 0 || o.fields[i].Value.Type() == fastjson.TypeNull {
		return nil
	}
	return &o.fields[i]
}

// Get is Field for a key of the vocabulary with which the object was listed.
func (o *Object) Get(key Key) *Field { return o.named(key.name) }

// Twin returns the field with the key of f, which may belong to another object.
func (o *Object) Twin(f *Field) *Field {
	if f.name != 0 {
		return o.named(f.name)
	}
	return o.Field(f.Key)
}

// Has reports whether one of the keys is there and not null.
func (o *Object) Has(keys *Keys) bool {
	if !o.names.Meets(keys) {
		return false
	}
	for _, key := range keys.list {
		if o.Get(key) != nil {
			return true
		}
	}
	return false
}

func (o *Object) named(name uint8) *Field {
	if !o.names.has(name) {
		return nil
	}
	f := &o.fields[o.at[name]]
	if f.Value.Type() == fastjson.TypeNull {
		return nil
	}
	return f
}

// Value returns what Field's field holds, or nil; the functions of package scalar take nil for a value that is not there.
func (o *Object) Value(key string) *fastjson.Value {
	if f := o.Field(key); f != nil {
		return f.Value
	}
	return nil
}

func (o *Object) index(key string) int {
	if h := Hash(key); o.seen[h>>31]&(1<<(h>>25&63)) == 0 {
		return -1 // most look-ups are for a key that is not there
	}
	for i := range o.fields {
		if o.fields[i].Key == key {
			return i
		}
	}
	return -1
}
