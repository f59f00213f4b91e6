package frame

import (
	"slices"
	"testing"

	"tierboard/shared/wire"
)

func TestSealWritesTheHeaderOfEachLength(t *testing.T) {
	for n, head := range map[int][]byte{
		0:       {0x82, 0},
		125:     {0x82, 125},
		126:     {0x82, 126, 0, 126},
		0xffff:  {0x82, 126, 0xff, 0xff},
		0x10000: {0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0},
	} {
		f := seal(make([]byte, headroom+n), wire.MsgPack)
		if len(f.Bytes) != n || len(f.Ready) != n+len(head) || !slices.Equal(f.Ready[:len(head)], head) {
			t.Errorf("%d bytes: header %x of %d, want %x", n, f.Ready[:len(f.Ready)-n], len(f.Ready), head)
		}
	}
	if f := seal(make([]byte, headroom), wire.JSON); f.Ready[0] != 0x81 {
		t.Errorf("JSON begins with %x, want a text message", f.Ready[0])
	}
}

func TestControlIsAnAnswerWithBytesOfItsOwn(t *testing.T) {
	for _, format := range []wire.Format{wire.JSON, wire.MsgPack} {
		f := Control(&wire.Pong{ID: "x"}, format)
		m, err := wire.Decode(slices.Clone(f.Bytes))
		if format == wire.JSON {
			m, err = wire.DecodeJSON(string(f.Bytes))
		}
		if pong, ok := m.(*wire.Pong); err != nil || !ok || pong.ID != "x" || !f.Control || f.Lent {
			t.Errorf("%v: %+v, %v in %+v", format, m, err, f)
		}
		if kept := f.Keep(); &kept.Ready[0] != &f.Ready[0] {
			t.Errorf("%v: an answer was copied", format)
		}
	}
}
