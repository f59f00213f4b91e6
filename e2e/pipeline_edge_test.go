package e2e_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tierboard/e2e/stack"
	"tierboard/shared/wire"
)

// TestBadRequestsGetErrorsThatNameTheField sends what no well-made client sends. Each gets one error, and the connection
// goes on.
func TestBadRequestsGetErrorsThatNameTheField(t *testing.T) {
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()))
	symbols := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"%c%c%c",`, 'A'+i/676%26, 'A'+i/26%26, 'A'+i%26)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	filtered := func(filters string) string { return `{"type":"subscribe","id":"x","filters":[` + filters + `]}` }
	text, binary := websocket.MessageText, websocket.MessageBinary
	for _, c := range []struct {
		name         string
		protocol     string
		kind         websocket.MessageType
		frame        string
		code, id     string
		detail, more string // both are in the detail
	}{
		{"words", wire.JSONProtocol, text, `hello`, wire.CodeBadFrame, "", "JSON", ""},
		{"a list", wire.JSONProtocol, text, `[1,2]`, wire.CodeBadFrame, "", "map", ""},
		{"broken UTF-8", wire.JSONProtocol, text, "{\"type\":\"\xff\xfe\"}", wire.CodeBadFrame, "", "", ""},
		{"binary garbage on the JSON protocol", wire.JSONProtocol, binary, "\x00\xff\x81\xa4\x92\xc1", wire.CodeBadFrame, "", "MessageBinary", "MessageText"},
		{"good msgpack on the JSON protocol", wire.JSONProtocol, binary, "\x81\xa4type\xa4ping", wire.CodeBadFrame, "", "MessageBinary", ""},
		{"good JSON on the msgpack protocol", wire.MsgPackProtocol, text, `{"type":"ping"}`, wire.CodeBadFrame, "", "MessageText", ""},
		{"garbage on the msgpack protocol", wire.MsgPackProtocol, binary, "\xdf\xff\xff\xff\xff\xc1", wire.CodeBadFrame, "", "map", ""},
		{"deep msgpack", wire.MsgPackProtocol, binary, strings.Repeat("\x91", 50_000), wire.CodeBadFrame, "", "map", ""},
		{"deep JSON", wire.JSONProtocol, text, strings.Repeat(`{"a":`, 10_000), wire.CodeBadFrame, "", "JSON", ""},
		{"no type", wire.JSONProtocol, text, `{"id":"x"}`, wire.CodeBadFrame, "x", "type", ""},
		{"type is a number", wire.JSONProtocol, text, `{"type":7,"id":"x"}`, wire.CodeBadFrame, "x", "type", ""},
		{"id is an object", wire.JSONProtocol, text, `{"type":"subscribe","id":{},"filters":[{}]}`, wire.CodeBadFrame, "", "id", ""},
		{"unknown type", wire.JSONProtocol, text, `{"type":"publish","id":"x"}`, wire.CodeUnknownType, "x", "publish", "subscribe"},
		{"filters are a word", wire.JSONProtocol, text, `{"type":"subscribe","id":"x","filters":"all"}`, wire.CodeBadFilter, "x", "filters", "list"},
		{"no filter", wire.JSONProtocol, text, filtered(``), wire.CodeBadFilter, "x", "filters", "{}"},
		{"filter is a number", wire.JSONProtocol, text, filtered(`{},5`), wire.CodeBadFilter, "x", "filters[1]", "object"},
		{"symbols are a word", wire.JSONProtocol, text, filtered(`{"symbols":"AAPL"}`), wire.CodeBadFilter, "x", "filters[0].symbols", "list"},
		{"a symbol is a number", wire.JSONProtocol, text, filtered(`{"symbols":["A",5]}`), wire.CodeBadFilter, "x", "filters[0].symbols[1]", "word"},
		{"confidence is a word", wire.JSONProtocol, text, filtered(`{"confidence_min":"high"}`), wire.CodeBadFilter, "x", "filters[0].confidence_min", "number"},
		{"confidence in percent", wire.JSONProtocol, text, filtered(`{"confidence_min":85}`), wire.CodeBadFilter, "x", "filters[0].confidence_min", "0 to 1"},
		{"unknown tier", wire.JSONProtocol, text, filtered(`{"tiers":["dayly"]}`), wire.CodeBadFilter, "x", `filters[0].tiers: "dayly"`, ""},
		{"unknown key with a neighbour", wire.JSONProtocol, text, filtered(`{"symbol":["A"]}`), wire.CodeBadFilter, "x", "filters[0].symbol", `did you mean "symbols"?`},
		{"unknown key without one", wire.JSONProtocol, text, filtered(`{"regimes":["bull"]}`), wire.CodeBadFilter, "x", "filters[0].regimes", "no filter key"},
		{"10,000 symbols", wire.JSONProtocol, text, filtered(`{"symbols":[` + symbols(10_000) + `]}`), wire.CodeTooLarge, "x", "filters[0].symbols", "at most 500"},
		{"501 symbols", wire.JSONProtocol, text, filtered(`{"symbols":[` + symbols(501) + `]}`), wire.CodeTooLarge, "x", "filters[0].symbols", "at most 500"},
		{"3 times 400 symbols", wire.JSONProtocol, text, filtered(strings.Repeat(`{"symbols":[`+symbols(400)+`]},`, 3) + `{}`), wire.CodeTooLarge, "x", "filters", "at most 1000"},
		{"17 filters", wire.JSONProtocol, text, filtered(strings.Repeat(`{},`, 16) + `{}`), wire.CodeTooLarge, "x", "filters", "at most 16"},
		{"resume is a word", wire.JSONProtocol, text, `{"type":"subscribe","id":"x","filters":[{}],"resume":"now"}`, wire.CodeBadFrame, "x", "resume", ""},
		{"resume before the beginning", wire.JSONProtocol, text, `{"type":"subscribe","id":"x","filters":[{}],"resume":{"epoch":"e","seq":-1}}`, wire.CodeBadFrame, "x", "resume.seq", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := dial(t, s, c.protocol)
			l.write(c.kind, []byte(c.frame))
			l.await("an error", func([]received) bool { _, ok := l.last().frame.(*wire.Error); return ok })
			e, _ := l.last().frame.(*wire.Error)
			if e.Code != c.code || e.ID != c.id || !strings.Contains(e.Detail, c.detail) || !strings.Contains(e.Detail, c.more) {
				t.Errorf("%+v, want %s for %q with %q and %q", e, c.code, c.id, c.detail, c.more)
			}
			l.send(map[string]any{"type": "ping", "id": "7"})
			l.await("a pong", func([]received) bool { p, ok := l.last().frame.(*wire.Pong); return ok && p.ID == "7" })
		})
	}

	t.Run("500 symbols are allowed", func(t *testing.T) {
		l := dial(t, s, wire.JSONProtocol)
		l.write(text, []byte(filtered(`{"symbols":[`+symbols(500)+`]}`)))
		l.await("the acknowledgement", func([]received) bool { b, ok := l.last().frame.(*wire.Batch); return ok && b.Reset })
	})
	t.Run("repeated bad frames close with 1008", func(t *testing.T) {
		l := dial(t, s, wire.JSONProtocol)
		for range 5 {
			l.write(binary, []byte("\x00\xff"))
		}
		if code := l.ended(); code != websocket.StatusPolicyViolation {
			t.Errorf("closed with %v: %v", code, l.err)
		}
		if e, ok := l.last().frame.(*wire.Error); !ok || e.Code != wire.CodeBadFrame {
			t.Errorf("last frame %v, want the reason", l.last().plain)
		}
	})
	t.Run("a frame above 64 KB closes with 1009", func(t *testing.T) {
		l := dial(t, s, wire.JSONProtocol)
		l.write(text, []byte(filtered(`{"symbols":["`+strings.Repeat("A", wire.MaxRequest)+`"]}`)))
		if code := l.ended(); code != websocket.StatusMessageTooBig {
			t.Errorf("closed with %v: %v", code, l.err)
		}
	})
	eventually(t, "no session is left behind", func() bool { return metric(t, s, "tierboard_sessions") == 0 })
}

// rawStream shakes hands for the live stream on a bare connection, which then does what libraries do not.
func rawStream(t testing.TB, s *stack.TierboardServer) *net.TCPConn {
	t.Helper()
	conn := rawDial(t, s)
	host := strings.TrimPrefix(s.URL(), "http://")
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", host)
	status, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(status, " 101 ") {
		t.Fatalf("handshake: %q, %v", status, err)
	}
	return conn
}

func rawDial(t testing.TB, s *stack.TierboardServer) *net.TCPConn {
	t.Helper()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialTimeout("tcp", u.Host, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		t.Fatalf("%T", conn)
	}
	return tcp
}

// TestHalfOpenConnectionsEnd leaves connections in the middle of something.
func TestHalfOpenConnectionsEnd(t *testing.T) {
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()))
	witness := dial(t, s, wire.JSONProtocol)
	witness.subscribe(everything, nil)
	const closeWrite, reset, nothing = 0, 1, 2
	for _, c := range []struct {
		name   string
		sent   string // behind the handshake
		ending int
	}{
		{"shut down for writing", "", closeWrite},
		{"shut down within a frame", "\x81\xfd", closeWrite},
		{"shut down before the end of what a frame announced", "\x81\x90\x01\x02\x03\x04abc", closeWrite},
		{"reset within a frame", "\x81\x90\x01\x02\x03\x04abc", reset},
		{"frame without a mask", "\x81\x02{}", nothing},
		{"reserved opcode", "\x83\x80\x01\x02\x03\x04", nothing},
		{"endless frame announced", "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", closeWrite},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := rawStream(t, s)
			eventually(t, "the session counts", func() bool { return metric(t, s, "tierboard_sessions") == 2 })
			if _, err := io.WriteString(conn, c.sent); err != nil {
				t.Fatal(err)
			}
			switch c.ending {
			case closeWrite:
				_ = conn.CloseWrite()
			case reset:
				_ = conn.SetLinger(0)
				_ = conn.Close()
			}
			if c.ending != reset {
				if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("the server holds on to the connection")
				}
			}
			eventually(t, "the session is gone", func() bool { return metric(t, s, "tierboard_sessions") == 1 })
		})
	}
	t.Run("half a handshake", func(t *testing.T) {
		conn := rawDial(t, s)
		if _, err := io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpg"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("the server holds on to the connection: %v", err)
		}
	})
	p := newPublisher(t, r.URL())
	p.detection("daily", "STILL", "Bull_Flag", 0.8)
	witness.awaitEvent("STILL")
}

// TestStopSaysByeAndEndsWell stops a server that has a listener in each protocol and one that never answers.
func TestStopSaysByeAndEndsWell(t *testing.T) {
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()), stack.Args("--drain=2s"))
	p := newPublisher(t, r.URL())
	clients := []*stream{dial(t, s, wire.JSONProtocol), dial(t, s, wire.MsgPackProtocol)}
	for _, c := range clients {
		c.subscribe(everything, nil)
	}
	rawStream(t, s) // neither reads nor closes

	// While the server drains it says so, and delivers on. A goroutine looks, as stopping keeps this one.
	probe := s.URL() + "/readyz"
	drained := make(chan error, 1)
	go func() {
		for end := time.Now().Add(patience); time.Now().Before(end); {
			resp, err := http.Get(probe)
			if err != nil {
				drained <- fmt.Errorf("gone without having drained: %w", err)
				return
			}
			b, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusServiceUnavailable {
				continue
			}
			if word := strings.TrimSpace(string(b)); word != "draining" {
				drained <- fmt.Errorf("/readyz says %q", word)
				return
			}
			drained <- p.c.Publish(context.Background(), "tickstock.events.patterns",
				`{"symbol":"LATE","pattern":"Doji","tier":"daily","confidence":0.7,"event_id":"late"}`).Err()
			return
		}
		drained <- errors.New("/readyz never answered 503")
	}()
	s.Stop() // fails the test unless the status is 0
	if err := <-drained; err != nil {
		t.Error(err)
	}
	for _, c := range clients {
		if code := c.ended(); code != websocket.StatusGoingAway {
			t.Errorf("closed with %v: %v", code, c.err)
		}
		if b, ok := c.last().frame.(*wire.Bye); !ok || b.ReconnectMS < 0 || b.ReconnectMS > 1000 {
			t.Errorf("last frame %v, want bye with at most a second", c.last().plain)
		}
		if es := c.live(); len(es) != 1 || es[0].ID != "late" {
			t.Errorf("%d events, want the one of the drain", len(es))
		}
	}
	if resp, err := http.Get(probe); err == nil {
		_ = resp.Body.Close()
		t.Errorf("it still answers: %s", resp.Status)
	}
}

// TestEdgeIsClosedToStrangers asks as other sites' pages and scanners do.
func TestEdgeIsClosedToStrangers(t *testing.T) {
	s := stack.Server(t)
	host := strings.TrimPrefix(s.URL(), "http://")
	upgrade := func(origin string) map[string]string {
		h := map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		}
		if origin != "" {
			h["Origin"] = origin
		}
		return h
	}
	for _, c := range []struct {
		name, method, path, host string
		head                     map[string]string
		status                   int
	}{
		{"stream from no page", "GET", "/ws", host, upgrade(""), 101},
		{"stream from the own page", "GET", "/ws", host, upgrade("http://" + host), 101},
		{"stream from a foreign page", "GET", "/ws", host, upgrade("https://evil.example"), 403},
		{"stream from a page without origin", "GET", "/ws", host, upgrade("null"), 403},
		{"stream from a neighbour on this machine", "GET", "/ws", host, upgrade("http://127.0.0.1:1"), 403},
		{"stream under a foreign name", "GET", "/ws", "evil.example", upgrade("http://evil.example"), 421},
		{"stream without a handshake", "GET", "/ws", host, nil, 426},
		{"page", "GET", "/", host, nil, 200},
		{"page as localhost", "GET", "/", "localhost", nil, 200},
		{"page under a foreign name", "GET", "/", "evil.example", nil, 421},
		{"page under a name that begins like ours", "GET", "/", "127.0.0.1.evil.example", nil, 421},
		{"probe under a foreign name", "GET", "/readyz", "evil.example", nil, 421},
		{"metrics under a foreign name", "GET", "/metrics", "evil.example", nil, 421},
		{"robots", "GET", "/robots.txt", host, nil, 200},
		{"site map", "GET", "/sitemap.xml", host, nil, 404},
		{"post to the page", "POST", "/", host, nil, 405},
		{"put to a probe", "PUT", "/readyz", host, nil, 405},
		{"delete robots", "DELETE", "/robots.txt", host, nil, 405},
		{"unknown path", "GET", "/nothing/here", host, nil, 404},
		{"unknown file", "GET", "/web/nothing.js", host, nil, 404},
		{"git", "GET", "/.git/config", host, nil, 404},
		{"way out", "GET", "/web/..%2f..%2fgo.mod", host, nil, 404},
		{"profiles", "GET", "/debug/pprof/heap", host, nil, 404},
		{"dead letters", "GET", "/dead-letters", host, nil, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp := try(t, c.method, s.URL()+c.path, c.host, c.head)
			if resp.StatusCode != c.status {
				t.Errorf("%s %s as %s: %s, want %d", c.method, c.path, c.host, resp.Status, c.status)
			}
			if resp.StatusCode == http.StatusSwitchingProtocols {
				return
			}
			csp := resp.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "'unsafe-inline'") {
				t.Errorf("Content-Security-Policy: %q", csp)
			}
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"} {
				if got := resp.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if resp.Header.Get("Referrer-Policy") == "" || resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers %v", resp.Header)
			}
			if c.status == http.StatusMethodNotAllowed && !strings.Contains(resp.Header.Get("Allow"), "GET") {
				t.Errorf("Allow: %q", resp.Header.Get("Allow"))
			}
		})
	}
	if resp := try(t, "GET", s.AdminURL()+"/debug/pprof/", "evil.example", nil); resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("admin under a foreign name: %s", resp.Status)
	}
}
