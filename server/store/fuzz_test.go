package store

import (
	"testing"

	"tierboard/shared/wire"
)

// FuzzCursor checks that a cursor is either refused as the cursor or can be asked with.
func FuzzCursor(f *testing.F) {
	for _, sort := range Sorts() {
		c := CursorOf(makeEvent(1, nil), sort)
		f.Add(string(sort), c.Key, c.ID)
	}
	f.Add("-confidence", "NaN", "a")
	f.Add("symbol", "A\x00", "\xff")
	f.Add("-detected_at", "99999999999999999999", "")
	s := openStore(f, Config{DataDir: f.TempDir()})
	f.Fuzz(func(t *testing.T, sort, key, id string) {
		_, err := s.Query(t.Context(), Query{Sort: Sort(sort), After: &Cursor{Key: key, ID: id}})
		if err != nil && !isAnswer(err) {
			t.Errorf("cursor %q %q of %q: %v", key, id, sort, err)
		}
	})
}

// FuzzDecodeBody checks that a stored body that can be read is read the same again.
func FuzzDecodeBody(f *testing.F) {
	f.Add(string(wire.AppendEvent(nil, makeEvent(1, nil), wire.JSON)))
	f.Add("{}")
	f.Add(`{"kind":"pattern"}, {}`)
	f.Add("]")
	f.Fuzz(func(t *testing.T, body string) {
		e, err := decodeBody([]byte(body))
		if err != nil {
			return
		}
		if _, err := decodeBody(wire.AppendEvent(nil, e, wire.JSON)); err != nil {
			t.Errorf("%q was read and written, and cannot be read again: %v", body, err)
		}
	})
}
