package session

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"tierboard/server/hub"
)

// FuzzSocket sends any bytes after the handshake, in two packets, and hangs up. Whatever they are, the server sends nothing
// but whole frames, ends the session, and keeps nothing of it.
func FuzzSocket(f *testing.F) {
	ask := masked(1, `{"type":"subscribe","id":"main","filters":[{"symbols":["AAPL"]}]}`)
	for _, seed := range []string{
		"", "\x81", ask, ask + masked(8, "\x03\xe8"), masked(9, "hi"), masked(10, ""), masked(10, "")[:3], masked(1, "{"), masked(2, "\x81"),
		masked(8, "\x03"), masked(8, "\x00\x01"), "\x81\x05hello", "\x01\x80\x00\x00\x00\x00" + masked(0, ""), "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
		"\xf1\x80\x00\x00\x00\x00", "\x8b\x80\x00\x00\x00\x00", "\x89\xfe\x01\x00\x00\x00\x00\x00", masked(1, `{"type":"subscribe","id":1}`),
		"GET / HTTP/1.1\r\n\r\n", ask + ask + ask, masked(10, "") + ask[:20],
	} {
		f.Add([]byte(seed), uint8(3))
	}
	r := start(f, func(c *hub.Config) { c.Ring = 16 }, func(c *Config) { c.WriteTimeout = time.Second })
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		b := (&rig{TB: t, hub: r.hub, handler: r.handler, m: r.m, server: r.server}).bare("")
		at := min(int(cut), len(in))
		_, err := b.Write(in[:at]) // it may hang up before we do
		if err == nil {
			_, _ = b.Write(in[at:])
		}
		if tcp, ok := b.Conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		got, _ := io.ReadAll(b.in)
		whole(t, got)
		_ = b.Close()
		b.eventually("the session is gone", func() bool { return r.hub.Stats().Sessions == 0 })
	})
}

// whole fails unless the bytes are unmasked frames, each within the next, of which only the last may have been cut off, when
// the server was disconnected.
func whole(t *testing.T, b []byte) {
	t.Helper()
	for len(b) > 0 {
		if b[0]&0x70 != 0 || b[0]&0x80 == 0 || !bytes.Contains([]byte{1, 2, 8, 9, 10}, []byte{b[0] & 0x0f}) {
			t.Fatalf("a frame begins with %x", b[:min(8, len(b))])
		}
		n, head := 0, 2
		switch {
		case len(b) < 4:
			return
		case b[1] == 126:
			n, head = int(b[2])<<8|int(b[3]), 4
		case b[1] > 126:
			t.Fatalf("length %x of a short answer", b[1])
		default:
			n = int(b[1])
		}
		if len(b) < head+n {
			return
		}
		b = b[head+n:]
	}
}
