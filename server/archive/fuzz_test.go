package archive

import (
	"os"
	"path/filepath"
	"testing"

	"tierboard/shared/event"
)

// FuzzReadLines checks that any file is read to its end, each line once.
func FuzzReadLines(f *testing.F) {
	f.Add([]byte(`{"type":"batch","events":[]}` + "\n"))
	f.Add([]byte("\n\n{}\n" + `{"type":"pong"}` + "\n{\"type\":\"batch\",\"events\":[{\"kind\":\"pat"))
	f.Add([]byte{0xff, '\n', 0})
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		at := int64(0)
		if err := readLines(path, 0, func(_ []*event.Event, upTo int64) bool {
			if upTo <= at {
				t.Fatalf("from %d to %d", at, upTo)
			}
			at = upTo
			return true
		}, func([]byte) {}); err != nil || at != int64(len(content)) {
			t.Errorf("read up to %d of %d and %v", at, len(content), err)
		}
	})
}
