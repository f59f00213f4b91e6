package store

import (
	"testing"

	"tierboard/server/store/ask"
	"tierboard/server/store/connect"
	"tierboard/server/store/model"
)

// FuzzCursor checks that a cursor is either refused as the cursor or can be asked with.
func FuzzCursor(f *testing.F) {
	for _, sort := range ask.Sorts() {
		c := ask.CursorOf(makeEvent(1, nil), sort)
		f.Add(string(sort), c.Key, c.ID)
	}
	f.Add("-confidence", "NaN", "a")
	f.Add("symbol", "A\x00", "\xff")
	f.Add("-detected_at", "99999999999999999999", "")
	s := openStore(f, Config{Place: connect.Place{DataDir: f.TempDir()}})
	f.Fuzz(func(t *testing.T, sort, key, id string) {
		_, err := s.Query(t.Context(), ask.Query{Sort: ask.Sort(sort), After: &ask.Cursor{Key: key, ID: id}})
		if err != nil && !model.IsAnswer(err) {
			t.Errorf("cursor %q %q of %q: %v", key, id, sort, err)
		}
	})
}
