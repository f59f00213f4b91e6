package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fataler is what checks need of a test; rapid's and the standard library's both have it.
type fataler interface{ Fatalf(string, ...any) }

// checkFrame holds what is promised of everything Decode reads: no panic, little memory, and what came out is written and
// read again as the same.
func checkFrame(t fataler, s sample, b []byte, f Format) {
	m, err := s.decode(b, f)
	if err != nil {
		if err != ErrSyntax { //nolint:errorlint // promised to be this very error
			t.Fatalf("got %v, want ErrSyntax", err)
		}
		return
	}
	for word, format := range formats {
		again := s.with(m).append(nil, format)
		back, err := s.decode(again, format)
		if err != nil {
			t.Fatalf("%s: %+v is written as %q, which is refused", word, m, again)
		}
		if diff := cmp.Diff(s.with(m).append(nil, MsgPack), s.with(back).append(nil, MsgPack)); diff != "" {
			t.Fatalf("%s: %+v is read back as %+v:\n%s", word, m, back, diff)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range samples() {
		if s.request == nil {
			f.Add(s.append(nil, MsgPack))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkFrame(t, sample{frame: &Pong{}}, b, MsgPack)
		checkReserved(t, "the input", b, 512<<10)
	})
}

func FuzzDecodeJSON(f *testing.F) {
	for _, s := range samples() {
		if s.request == nil {
			f.Add(string(s.append(nil, JSON)))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkFrame(t, sample{frame: &Pong{}}, []byte(text), JSON)
	})
}

func FuzzDecodeEvent(f *testing.F) {
	for _, e := range allEvents() {
		f.Add(AppendEvent(nil, e, MsgPack))
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkFrame(t, sample{}, b, MsgPack) })
}
