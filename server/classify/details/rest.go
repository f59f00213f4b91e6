// Package details writes what is left of somebody's JSON object when all that is understood has been taken: one flat object,
// strict, of bounded size and nesting, with our own remarks in front. Of two fields that want the same key both are kept.
package details

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/loose"
	"tierboard/server/classify/scalar"
)

// Bounds on what Rest writes, besides loose.MaxKey.
const (
	MaxString = 4 << 10 // bytes of a text
	MaxNest   = 6       // levels of a value, so that it fits into a frame together with what encloses it
)

// Rest collects fields into one flat JSON object of bounded size. The zero Rest is empty and ready.
type Rest struct {
	fields []member
	notes  []member // our own; the newest one goes first
	text   []byte   // of all members as they came, each a comma, the key, a colon and the value
	behind int      // where in text the fields end and the notes begin
	spare  []byte   // for a value whose key is taken
	seen   uint64   // a bit for each key, by its hash
	untidy bool     // text cannot be copied as it is: a key was changed or has escapes, or a field came after a note
	cut    bool
}

// member is one field; from and to bound its encoded value in the text.
type member struct {
	key      string
	from, to int
}

// Reset empties the Rest and keeps its memory, unless a large object needed it.
func (r *Rest) Reset() {
	const keepMembers, keepBytes = 128, 32 << 10
	if cap(r.fields) > keepMembers || cap(r.text) > keepBytes || cap(r.spare) > keepBytes {
		*r = Rest{}
		return
	}
	r.fields, r.notes, r.text, r.spare = r.fields[:0], r.notes[:0], r.text[:0], r.spare[:0]
	r.behind, r.seen, r.untidy, r.cut = 0, 0, false, false
}

// value returns the encoded value of a member.
func (r *Rest) value(m *member) []byte { return r.text[m.from:m.to] }

// Add writes a field under key. When the key is taken by another value the field goes under parent_key, and when that
// is taken too, parent_key_2 and so on; a field with the same value is not written twice. An empty parent counts as "outer".
// A null is left out: it says nothing.
func (r *Rest) Add(parent, key string, v *fastjson.Value) {
	if v.Type() == fastjson.TypeNull {
		return
	}
	key = cleanKey(key)
	h := loose.Hash(key)
	if taken := r.find(key, h); taken != nil {
		r.addBeside(taken, parent, key, v)
		return
	}
	start := len(r.text)
	r.finish(key, h, start, r.begin(key), v)
}

// AddField is Add for a field.
func (r *Rest) AddField(parent string, f *loose.Field) {
	h := f.Hash()
	if !f.Plain() || f.Value.Type() == fastjson.TypeNull || r.find(f.Key, h) != nil {
		r.Add(parent, f.Key, f.Value)
		return
	}
	start := len(r.text)
	r.text = append(append(append(r.text, ',', '"'), f.Key...), '"', ':')
	r.finish(f.Key, h, start, len(r.text), f.Value)
}

// finish writes a field's value, which goes to from, or takes back what is behind start if nothing of the value can be kept.
func (r *Rest) finish(key string, h uint32, start, from int, v *fastjson.Value) {
	b, cut := appendValue(r.text, v, 1)
	r.cut = r.cut || cut
	if b == nil {
		r.text = r.text[:start]
		return
	}
	r.text = b
	r.field(key, h, from)
}

// addBeside is Add for a key that a member has.
func (r *Rest) addBeside(taken *member, parent, key string, v *fastjson.Value) {
	b, cut := appendValue(r.spare[:0], v, 1)
	r.cut = r.cut || cut
	if b == nil {
		return
	}
	r.spare = b
	if parent == "" {
		parent = "outer"
	}
	alias := cleanKey(parent + "_" + key)
	for n := 1; taken != nil; n++ {
		if bytes.Equal(r.value(taken), r.spare) {
			return
		}
		if key = alias; n > 1 {
			key += "_" + strconv.Itoa(n)
		}
		taken = r.find(key, loose.Hash(key))
	}
	from := r.begin(key)
	r.text = append(r.text, r.spare...)
	r.field(key, loose.Hash(key), from)
}

// begin writes a key and returns where its value goes.
func (r *Rest) begin(key string) (from int) {
	start := len(r.text)
	r.text = append(scalar.AppendString(append(r.text, ','), key), ':')
	r.untidy = r.untidy || len(r.text)-start != lead(key)
	return len(r.text)
}

// lead is how many bytes go before a value whose key has no escapes.
func lead(key string) int { return len(`,"":`) + len(key) }

// field keeps what was written behind from as a field; h is the key's hash.
func (r *Rest) field(key string, h uint32, from int) {
	r.fields = appendMember(r.fields, key, from, len(r.text))
	r.seen |= bit(h)
	r.untidy = r.untidy || len(r.notes) > 0
	r.behind = len(r.text)
}

// appendMember adds a member. The key is written only if it differs from the last text's in the same place, as in Objects.
func appendMember(list []member, key string, from, to int) []member {
	n := len(list)
	if n == cap(list) {
		list = append(list, member{})
	}
	list = list[:n+1]
	if list[n].key != key {
		list[n].key = key
	}
	list[n].from, list[n].to = from, to
	return list
}

// bit is the bit of a key in Rest.seen, by its hash.
func bit(h uint32) uint64 { return 1 << (h >> 26) }

// find returns the member with the key, which has the hash, or nil.
func (r *Rest) find(key string, h uint32) *member {
	if r.seen&bit(h) == 0 {
		return nil
	}
	for _, list := range [...][]member{r.notes, r.fields} {
		for i := range list {
			if list[i].key == key {
				return &list[i]
			}
		}
	}
	return nil
}

// Note puts a remark of our own in front: text is cleaned and written as a string. It takes the key from a field
// that has it, which moves to "producer_" and the key.
func (r *Rest) Note(key, text string) {
	r.free(key)
	from := r.begin(key)
	s, _ := scalar.Clean(text, MaxString)
	r.text = scalar.AppendString(r.text, s)
	r.note(key, from)
}

// NoteTrue puts a remark of our own in front: key is true.
func (r *Rest) NoteTrue(key string) {
	r.free(key)
	from := r.begin(key)
	r.text = append(r.text, "true"...)
	r.note(key, from)
}

// note keeps what was written behind from as a remark.
func (r *Rest) note(key string, from int) {
	r.notes = appendMember(r.notes, key, from, len(r.text))
	r.seen |= bit(loose.Hash(key))
}

// free makes room for a key of our own.
func (r *Rest) free(key string) {
	h := loose.Hash(key)
	for m := r.find(key, h); m != nil; m = r.find(key, h) {
		m.key = "producer_" + key
		r.seen |= bit(loose.Hash(m.key))
		r.untidy = true
	}
}

// Cut reports whether something was shortened or left out so far.
func (r *Rest) Cut() bool { return r.cut }

// JSON returns the object as compact JSON of at most most bytes, or "" when it is empty. Over the bound the largest
// fields are left out, and the flag tells that something is missing from it. When anything was left out or
// shortened the object says so itself: "details_cut" is true. Nothing may be added afterwards.
func (r *Rest) JSON(most int) (text string, cut bool) {
	const mark = "details_cut"
	r.free(mark)
	size := len("{}") + (&member{key: mark, to: len("true")}).size()
	if !r.untidy && size+len(r.text) <= most { // nearly always: what was written is in order and fits
		if r.cut {
			r.NoteTrue(mark)
		}
		return r.copied(), r.cut
	}
	members := make([]member, 0, len(r.notes)+len(r.fields)+1)
	for _, m := range slices.Backward(r.notes) {
		members = append(members, m)
	}
	members = append(members, r.fields...)
	for i := range members {
		size += members[i].size()
	}
	if size > most {
		r.cut = true
		bySize := slices.Clone(members)
		slices.SortStableFunc(bySize, func(a, b member) int { return b.size() - a.size() })
		gone := make(map[string]bool)
		for i := range bySize {
			if size <= most {
				break
			}
			gone[bySize[i].key] = true
			size -= bySize[i].size()
		}
		members = slices.DeleteFunc(members, func(m member) bool { return gone[m.key] })
	}
	if r.cut {
		r.NoteTrue(mark)
		members = slices.Insert(members, 0, r.notes[len(r.notes)-1])
	}
	if len(members) == 0 {
		return "", r.cut
	}
	b := make([]byte, 0, size)
	for i := range members {
		b = append(scalar.AppendString(append(b, "{,"[min(i, 1)]), members[i].key), ':')
		b = append(b, r.value(&members[i])...)
	}
	return string(append(b, '}')), r.cut
}

// copied returns the object when its members are written as they have to be.
func (r *Rest) copied() string {
	if len(r.text) == 0 {
		return ""
	}
	var b strings.Builder
	b.Grow(len(r.text) + len("}"))
	b.WriteByte('{')
	for i := len(r.notes) - 1; i >= 0; i-- {
		m := &r.notes[i]
		b.Write(r.text[m.from-lead(m.key)+skip(&b) : m.to])
	}
	if r.behind > 0 {
		b.Write(r.text[skip(&b):r.behind])
	}
	b.WriteByte('}')
	return b.String()
}

// skip is how much of a member's text is not wanted: the comma of the first one.
func skip(b *strings.Builder) int {
	if b.Len() == len("{") {
		return len(",")
	}
	return 0
}

// size is at least what the member takes in the object, its comma included.
func (m *member) size() int {
	const escape = len(`\u003c`) - 1
	n := len(m.key) + m.to - m.from + len(`"":,`)
	for i := range len(m.key) {
		switch m.key[i] {
		case '"', '\\', '<', '>', '&':
			n += escape
		}
	}
	return n
}

// cleanKey makes a key fit to write; one of nothing but control characters becomes "_".
func cleanKey(key string) string {
	if k, _ := scalar.Clean(key, loose.MaxKey); k != "" {
		return k
	}
	return "_"
}
