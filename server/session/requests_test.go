package session

import (
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tierboard/server/hub"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

func TestBothFormatsCarryTheSameConversation(t *testing.T) {
	for _, protocol := range []string{wire.MsgPackProtocol, wire.JSONProtocol, "", "chat"} {
		t.Run(protocol, func(t *testing.T) {
			still := func(c *hub.Config) { c.WindowMax = c.WindowMin } // else it grows on a busy machine
			r := start(t, still, func(c *Config) {
				c.Build, c.Demo = "abc", true
				c.Status = func() *wire.Status { return &wire.Status{Ingest: "connected"} }
			})
			c := r.dial(protocol, nil)
			w, ok := c.read().(*wire.Welcome)
			if !ok || w.Protocol != wire.Protocol || w.Epoch != r.hub.Epoch() || w.WindowMS != 10 || w.RateLimit != 100 || w.Build != "abc" || !w.Demo {
				t.Errorf("welcome %+v", w)
			}
			if s, ok := c.read().(*wire.Status); !ok || s.Ingest != "connected" {
				t.Errorf("status %+v, want it right after welcome", s)
			}
			c.send(wire.Request{Type: "subscribe", ID: "main", Filters: []filter.Filter{{Symbols: []string{"AAPL"}}}})
			if ack, ok := c.read().(*wire.Subscribed); !ok || ack.ID != "main" || ack.Resumed || len(ack.Filters) != 1 {
				t.Errorf("acknowledgement %+v", ack)
			}
			if b, ok := c.read().(*wire.Batch); !ok || b.ID != "main" || !b.Reset || len(b.Events) != 0 {
				t.Errorf("snapshot %+v, want an empty one that resets", b)
			}
			r.publish(nil)
			if b, ok := c.read().(*wire.Batch); !ok || b.ID != "" || b.Seq != 1 || len(b.Events) != 1 || b.Events[0].ID != "e1" {
				t.Errorf("batch %+v, want the event", b)
			}
			c.send(wire.Request{Type: "ping", ID: "7"})
			if p, ok := c.read().(*wire.Pong); !ok || p.ID != "7" {
				t.Errorf("pong %+v", p)
			}
			c.send(wire.Request{Type: "unsubscribe", ID: "main"})
			if u, ok := c.read().(*wire.Unsubscribed); !ok || u.ID != "main" || u.Seq != 1 {
				t.Errorf("unsubscribed %+v", u)
			}
			r.publish(nil)
			c.send(wire.Request{Type: "ping"})
			if p, ok := c.read().(*wire.Pong); !ok {
				t.Errorf("%+v after unsubscribe, want only the pong", p)
			}
		})
	}
}

func TestBadInputGetsAnErrorThatNamesTheField(t *testing.T) {
	many := strings.Repeat(`"A",`, 600) + `"A"`
	cases := []struct{ name, in, code, id, detail string }{
		{"not JSON", `hello`, wire.CodeBadFrame, "", "JSON"},
		{"not an object", `[1,2]`, wire.CodeBadFrame, "", "map"},
		{"null", `null`, wire.CodeBadFrame, "", "map"},
		{"empty", ``, wire.CodeBadFrame, "", "JSON"},
		{"two values", `{"type":"ping"}{}`, wire.CodeBadFrame, "", "JSON"},
		{"too deep", strings.Repeat("[", 500), wire.CodeBadFrame, "", "JSON"},
		{"no type", `{"id":"x"}`, wire.CodeBadFrame, "x", "type"},
		{"type is a number", `{"type":5}`, wire.CodeBadFrame, "", "type"},
		{"unknown type", `{"type":"publish","id":"x"}`, wire.CodeUnknownType, "x", "publish"},
		{"no id", `{"type":"subscribe","filters":[{}]}`, wire.CodeBadFrame, "", "id"},
		{"id is a number", `{"type":"subscribe","id":7,"filters":[{}]}`, wire.CodeBadFrame, "", "id"},
		{"id is a list", `{"type":"subscribe","id":[],"filters":[{}]}`, wire.CodeBadFrame, "", "id"},
		{"id is spaces", `{"type":"subscribe","id":"  ","filters":[{}]}`, wire.CodeBadFrame, "", "id"},
		{"id too long", `{"type":"ping","id":"` + strings.Repeat("x", 65) + `"}`, wire.CodeBadFrame, "", "id"},
		{"no filters", `{"type":"subscribe","id":"x"}`, wire.CodeBadFilter, "x", "filters"},
		{"filters null", `{"type":"subscribe","id":"x","filters":null}`, wire.CodeBadFilter, "x", "filters"},
		{"filters text", `{"type":"subscribe","id":"x","filters":"all"}`, wire.CodeBadFilter, "x", "filters"},
		{"filters number", `{"type":"subscribe","id":"x","filters":3}`, wire.CodeBadFilter, "x", "filters"},
		{"unknown tier", `{"type":"subscribe","id":"x","filters":[{"tiers":["dayly"]}]}`, wire.CodeBadFilter, "x", "filters[0].tiers"},
		{"confidence below 0", `{"type":"subscribe","id":"x","filters":[{"confidence_min":-1}]}`, wire.CodeBadFilter, "x", "confidence_min"},
		{"confidence above 1", `{"type":"subscribe","id":"x","filters":[{},{"confidence_min":2.0}]}`, wire.CodeBadFilter, "x", "filters[1].confidence_min"},
		{"unknown key", `{"type":"subscribe","id":"x","filters":[{"symbol":["A"]}]}`, wire.CodeBadFilter, "x", "symbol"},
		{"too many symbols", `{"type":"subscribe","id":"x","filters":[{"symbols":[` + many + `]}]}`, wire.CodeTooLarge, "x", "symbols"},
		{"bad resume", `{"type":"subscribe","id":"x","filters":[{}],"resume":{"epoch":"e","seq":-4}}`, wire.CodeBadFrame, "x", "resume.seq"},
	}
	r := start(t, nil, nil)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := r.ready("")
			l.text(c.in)
			e, ok := l.read().(*wire.Error)
			if !ok || e.Code != c.code || e.ID != c.id || !strings.Contains(e.Detail, c.detail) {
				t.Fatalf("%+v, want code %s, id %q and a detail with %q", e, c.code, c.id, c.detail)
			}
			l.send(wire.Request{Type: "ping", ID: "still here"})
			if p, ok := l.read().(*wire.Pong); !ok || p.ID != "still here" {
				t.Errorf("the session did not survive: %+v", p)
			}
		})
	}
}

func TestFramesOfTheOtherKindAreBad(t *testing.T) {
	r := start(t, nil, nil)
	for protocol, kind := range map[string]websocket.MessageType{wire.MsgPackProtocol: websocket.MessageText, wire.JSONProtocol: websocket.MessageBinary} {
		c := r.ready(protocol)
		c.write(kind, (&wire.Request{Type: "ping"}).Append(nil, wire.JSON))
		if e, ok := c.read().(*wire.Error); !ok || e.Code != wire.CodeBadFrame {
			t.Errorf("%s: %+v, want bad_frame", protocol, e)
		}
	}
}

func TestRepeatedBadFramesCloseWithPolicy(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.RequestsPerSecond = 1000 })
	t.Run("five in a row", func(t *testing.T) {
		c := r.ready("")
		for range badInARow {
			c.text("{")
		}
		for i := range badInARow {
			if e, ok := c.read().(*wire.Error); !ok || e.Code != wire.CodeBadFrame {
				t.Fatalf("frame %d: %+v, want the error before the close", i, e)
			}
		}
		if code := c.closed(); code != websocket.StatusPolicyViolation {
			t.Errorf("closed with %v, want 1008", code)
		}
	})
	t.Run("ten in a minute", func(t *testing.T) {
		c := r.ready("")
		for i := range badAMinute {
			if i > 0 {
				c.send(wire.Request{Type: "ping"})
				if _, ok := c.read().(*wire.Pong); !ok {
					t.Fatal("no pong")
				}
			}
			c.text("{")
			if _, ok := c.read().(*wire.Error); !ok {
				t.Fatal("no error frame")
			}
		}
		if code := c.closed(); code != websocket.StatusPolicyViolation {
			t.Errorf("closed with %v, want 1008", code)
		}
	})
	r.eventually("both are counted", func() bool { return counter(r.m, "bad_frames") == 2 })
}

func TestBadFramesAreForgottenAfterAMinute(t *testing.T) {
	var b badFrames
	now := time.Unix(0, 0)
	for i := range 100 {
		b.row = 0
		if b.add(now.Add(time.Duration(i) * 7 * time.Second)) {
			t.Fatalf("frame %d ended the connection at nine a minute", i)
		}
	}
}

func TestOversizeFrameCloses(t *testing.T) {
	r := start(t, nil, nil)
	c := r.ready("")
	c.text(`{"type":"ping","id":"` + strings.Repeat("x", wire.MaxRequest) + `"}`)
	if code := c.closed(); code != websocket.StatusMessageTooBig {
		t.Errorf("closed with %v, want 1009", code)
	}
}

func TestTooManySubscriptions(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.MaxSubscriptions = 2 })
	c := r.ready(wire.MsgPackProtocol)
	c.subscribe("a", filter.Filter{})
	c.subscribe("b", filter.Filter{})
	c.subscribe("a", filter.Filter{Symbols: []string{"X"}}) // a swap is not one more
	c.send(wire.Request{Type: "subscribe", ID: "c", Filters: []filter.Filter{{}}})
	if e, ok := c.read().(*wire.Error); !ok || e.Code != wire.CodeTooMany || e.ID != "c" {
		t.Errorf("%+v, want too_many", e)
	}
	c.send(wire.Request{Type: "unsubscribe", ID: "a"})
	if _, ok := c.read().(*wire.Unsubscribed); !ok {
		t.Error("no confirmation")
	}
	c.subscribe("c", filter.Filter{})
	if s := r.hub.Stats(); s.Sessions != 1 || s.Subscriptions != 2 {
		t.Errorf("stats %+v, want 1 session with 2 subscriptions", s)
	}
}

func TestTooManyRequests(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.RequestsPerSecond = 5 })
	c := r.ready("")
	const sent = 14
	for range sent {
		c.send(wire.Request{Type: "ping"})
	}
	pongs, limited := 0, 0
	for range sent {
		switch f := c.read().(type) {
		case *wire.Pong:
			pongs++
		case *wire.Error:
			if f.Code != wire.CodeRateLimited {
				t.Fatalf("%+v, want rate_limited", f)
			}
			limited++
		}
	}
	if pongs < 10 || limited == 0 {
		t.Errorf("%d answered and %d refused of %d, want at least two seconds' worth answered and some refused", pongs, limited, sent)
	}
}

func TestBucket(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBucket(10, now)
	for i := range 20 {
		if w := b.take(now); w != 0 {
			t.Fatalf("request %d of the burst waits %v", i, w)
		}
	}
	if w := b.take(now); w != 100*time.Millisecond {
		t.Errorf("the next one waits %v, want 100ms", w)
	}
	if w := b.take(now.Add(100 * time.Millisecond)); w != 0 {
		t.Errorf("after the wait it waits %v more", w)
	}
	if w := b.take(now); w == 0 { // a clock that went back gives nothing
		t.Error("a clock that went back paid for a request")
	}
}
