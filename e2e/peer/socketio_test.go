package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"tierboard/server/load/swarm"
	"tierboard/server/load/target"
)

// What Flask-SocketIO 5.3.2 was seen to send.
const (
	sentOpened    = `0{"sid":"CHUrspHf153g0bxXAAAA","upgrades":[],"pingTimeout":20000,"pingInterval":25000}`
	sentConnected = `40{"sid":"sK0X4NBsJ45M7FWtAAAB"}`
	sentEvent     = `42["pattern_alert",{"kind":"pattern","id":"ID","seq":1,"daily_context":{"id":"inner"}}]`
)

func TestReadPacket(t *testing.T) {
	for text, want := range map[string]struct {
		kind packet
		id   string
	}{
		sentOpened:    {opened, ""},
		sentConnected: {connected, ""},
		sentEvent:     {emitted, "ID"},
		"2":           {pinged, ""},
	} {
		if kind, id, err := readPacket([]byte(text)); err != nil || kind != want.kind || string(id) != want.id {
			t.Errorf("%s: read %v %q (%v), want %v", text, kind, id, err, want)
		}
	}
	for _, text := range []string{
		``, `1`, `3`, `2probe`, `41`, `44/other,"Unable to connect"`, `44{"message":"no"}`, `42["other",{"id":"ID"}]`,
		`42["pattern_alert",{}]`, `42["pattern_alert",{"id":"ID`, `451-["pattern_alert",{"id":"ID"}]`,
	} {
		if kind, id, err := readPacket([]byte(text)); err == nil {
			t.Errorf("%s: read %v %q, want an error", text, kind, id)
		}
	}
}

func FuzzReadPacket(f *testing.F) {
	for _, text := range []string{sentOpened, sentConnected, sentEvent, "2", "41", `42["pattern_alert",{"id":"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, id, err := readPacket(b)
		if err != nil && id != nil || err == nil && kind != emitted && id != nil || len(id) > len(b) {
			t.Errorf("%q: read %v %q, %v", b, kind, id, err)
		}
	})
}

func TestAClientTalksAsSocketIODoes(t *testing.T) {
	s := settings{users: 3, rate: 10, length: 2e9, seed: 1}
	j := newJob(planOf(&s))
	var answers atomic.Int64
	var serving sync.WaitGroup // the server forgets a connection that has become a WebSocket
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serving.Add(1)
		defer serving.Done()
		if r.URL.String() != "/socket.io/?EIO=4&transport=websocket" {
			t.Errorf("asked for %s", r.URL)
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer conn.CloseNow()
		say := func(text string) {
			if err := conn.Write(r.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Errorf("write: %v", err)
			}
		}
		hear := func() string {
			_, b, err := conn.Read(r.Context())
			if err != nil {
				t.Errorf("read: %v", err)
			}
			return string(b)
		}
		say(sentOpened)
		var user struct{ User int }
		hello, ok := strings.CutPrefix(hear(), "40")
		if err := json.Unmarshal([]byte(hello), &user); !ok || err != nil {
			t.Errorf("said hello with %q", hello)
		}
		// Each gets two events, and one of them twice, before the server confirms.
		for _, n := range []int{user.User, user.User + 3, user.User} {
			say(strings.Replace(sentEvent, "ID", j.traffic.ID(n), 1))
		}
		say("2")
		if pong := hear(); pong != "3" {
			t.Errorf("answered a ping with %q", pong)
		}
		answers.Add(1)
		say(sentConnected)
		_, _, _ = conn.Read(r.Context()) // until the client is gone
	}))
	defer server.Close()
	m := &measurement{settings: &s, job: j, dialect: replaced(), sent: make([]atomic.Int64, j.events), target: &target.Target{}}
	var err error
	if m.swarm, err = swarm.New(swarm.Config{Addr: strings.TrimPrefix(server.URL, "http://"), Path: m.dialect.path, Protocol: m.dialect.protocol}); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.swarm.Run(ctx) }()
	if err := m.open(t.Context()); err != nil {
		t.Error(err)
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	serving.Wait()
	if answers.Load() != 3 || m.delivered.Load() != 9 || m.frames.Load() != 9 {
		t.Errorf("%d pings were answered, %d events in %d frames counted; want 3, 9 and 9", answers.Load(), m.delivered.Load(), m.frames.Load())
	}
	for user, c := range m.connections {
		if c.fault != "" || c.twice != 1 || !c.got.has(user) || !c.got.has(user+3) || c.got.minus(newSet(j.events)) != 2 {
			t.Errorf("user %d got %b, %d twice, %s", user, c.got, c.twice, c.fault)
		}
	}
}

func TestARefusalOfSocketIOIsTold(t *testing.T) {
	m := &measurement{dialect: replaced()}
	c := &connection{of: m, user: 7, ready: make(chan struct{}), open: true}
	c.Frame(nil, []byte(`44{"message":"no"}`))
	<-c.ready
	if !strings.Contains(c.fault, "connection 7") || !strings.Contains(c.fault, "44{") {
		t.Errorf("a refusal gives %q", c.fault)
	}
}

func TestEmitsAreTheJob(t *testing.T) {
	b := newEmitBench(settings{emitUsers: 100, rate: 500, length: 2e9, seed: 3, window: 1e8}, io.Discard)
	told, err := newEmits(newJob(b.job.plan))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	// Read as the server reads it: by these names, and nothing else.
	var job struct {
		Users  int
		Events []int
		Shapes []struct {
			Users []int
			Event map[string]any
		}
	}
	if err := json.Unmarshal(text, &job); err != nil {
		t.Fatal(err)
	}
	if job.Users != 100 || len(job.Events) != 1000 || len(job.Shapes) != b.job.traffic.Shapes() {
		t.Fatalf("%d users, %d events, %d shapes", job.Users, len(job.Events), len(job.Shapes))
	}
	wanted := 0
	for n, shape := range job.Events {
		wants := newSet(job.Users)
		if job.Shapes[shape].Users == nil {
			t.Fatalf("event %d has null for its users", n)
		}
		for _, user := range job.Shapes[shape].Users {
			wants.add(user)
			wanted++
		}
		for user := range job.Users {
			if wants.has(user) != b.wants[user].has(n) {
				t.Fatalf("event %d goes to user %d: %v, want %v", n, user, wants.has(user), b.wants[user].has(n))
			}
		}
		e, of := job.Shapes[shape].Event, b.job.traffic.Shape(shape)
		if e["symbol"] != of.Symbol || e["pattern_type"] != of.Pattern || e["confidence"] != of.Confidence || e["tier"] != of.Tier.String() {
			t.Fatalf("event %d says %v, want %+v", n, e, of)
		}
		if id, ok := e["id"].(string); !ok || len(id) != idLen {
			t.Fatalf("event %d has the id %v", n, e["id"])
		}
	}
	if wanted == 0 {
		t.Error("nobody wants anything")
	}
}
