package loose

// maxNames is how many different keys a Vocabulary can hold.
const maxNames = 255

// Vocabulary numbers the keys that a package looks up, so that a look-up in an object of Objects needs neither a hash nor a
// comparison. Fill it with Keys while the package's variables are made; from then on it is safe for concurrent use. The zero
// Vocabulary is empty and ready.
type Vocabulary struct {
	names map[string]uint8
}

// Keys is a list of keys to look for, best first, and what tells quickly that an object has none of them.
type Keys struct {
	list []Key
	set  Set
}

// Key is one key of a Vocabulary.
type Key struct {
	text string
	name uint8 // from 1
}

// Keys returns a list of keys. It panics when there are too many different ones: they are the program's own.
func (v *Vocabulary) Keys(keys ...string) Keys {
	var ks Keys
	for _, text := range keys {
		key := v.Key(text)
		ks.list = append(ks.list, key)
		ks.set.add(key.name)
	}
	return ks
}

// Key returns one key; see Keys.
func (v *Vocabulary) Key(text string) Key {
	if v.names == nil {
		v.names = make(map[string]uint8)
	}
	name := v.names[text]
	if name == 0 {
		if len(v.names) == maxNames {
			panic("loose: too many different keys")
		}
		name = uint8(len(v.names) + 1) //nolint:gosec // at most maxNames
		v.names[text] = name
	}
	return Key{text, name}
}

// List returns the keys, best first. The slice is the list's own.
func (k *Keys) List() []Key { return k.list }

// String returns the key as it is written.
func (k Key) String() string { return k.text }

// Set tells which keys of a Vocabulary some objects have, null or not. The zero Set is empty.
type Set [maxNames/64 + 1]uint64

// Add adds the keys of an object; those that were there already go into twice too.
func (s *Set) Add(o *Object, twice *Set) {
	for i := range s {
		twice[i] |= s[i] & o.names[i]
		s[i] |= o.names[i]
	}
}

// Has reports whether the key is there, even if it is null.
func (s *Set) Has(key Key) bool { return s.has(key.name) }

// HasKeyOf reports whether the field's key is there, even if it is null; true for a key outside of the vocabulary, which nobody
// knows.
func (s *Set) HasKeyOf(f *Field) bool { return f.name == 0 || s.has(f.name) }

// Meets reports whether one of the keys is there, even if it is null.
func (s *Set) Meets(keys *Keys) bool {
	t := &keys.set
	return s[0]&t[0]|s[1]&t[1]|s[2]&t[2]|s[3]&t[3] != 0
}

func (s *Set) add(name uint8)      { s[name>>6] |= 1 << (name & 63) }
func (s *Set) has(name uint8) bool { return s[name>>6]&(1<<(name&63)) != 0 }
