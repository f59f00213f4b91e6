package emit

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"tierboard/e2e/peer/job"
	"tierboard/e2e/peer/measure"
	"tierboard/e2e/peer/serve"
	"tierboard/server/load/target"
)

// lookalike talks as emit.py does, which needs programs that no test installs. Its methods are for one test.
type lookalike struct {
	t     *testing.T
	job   *job.Job
	wants []job.Set
	pongs atomic.Int64
	twice int // this event is sent once too often; -1 for none

	mu    sync.Mutex
	conns map[int]*websocket.Conn // guarded by mu, by user
}

func (s *lookalike) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Handler is a Socket.IO server, which pings before it confirms.
func (s *lookalike) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			s.t.Errorf("accept: %v", err)
			return
		}
		defer conn.CloseNow()
		s.say(conn, sentOpened)
		var user struct{ User int }
		hello, ok := strings.CutPrefix(s.hear(conn), "40")
		if err := json.Unmarshal([]byte(hello), &user); !ok || err != nil {
			s.t.Errorf("said hello with %q", hello)
		}
		s.say(conn, "2")
		if pong := s.hear(conn); pong == "3" {
			s.pongs.Add(1)
		}
		s.mu.Lock()
		s.conns[user.User] = conn
		s.mu.Unlock()
		s.say(conn, sentConnected)
		_, _, _ = conn.Read(r.Context()) // until the client is gone
	})
}

func (s *lookalike) say(conn *websocket.Conn, text string) {
	if err := conn.Write(context.Background(), websocket.MessageText, []byte(text)); err != nil {
		s.t.Errorf("write: %v", err)
	}
}

// hear returns the next message, which must be a text: Engine.IO takes no others from a client.
func (s *lookalike) hear(conn *websocket.Conn) string {
	kind, b, err := conn.Read(context.Background())
	if err != nil || kind != websocket.MessageText {
		s.t.Errorf("read %v %q: %v", kind, b, err)
	}
	return string(b)
}

// Publish emits to each who wants the event.
func (s *lookalike) Publish(_ context.Context, _, text []byte) error {
	n, id, err := s.job.Number(text)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for user, wants := range s.wants {
		if wants.Has(n) {
			s.say(s.conns[user], strings.Replace(sentEvent, "ID", string(id), 1))
			if n == s.twice {
				s.say(s.conns[user], strings.Replace(sentEvent, "ID", string(id), 1))
			}
		}
	}
	return nil
}

// run measures the lookalike.
func (s *lookalike) run(t *testing.T) (measure.Reading, error) {
	t.Helper()
	d := Dialect()
	ctx, end := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		// The path of the others' WebSocket is where the server has its handler.
		ended <- errors.Join(serve.Run(ctx, s, in), in.Close())
	}()
	defer func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	lines, addresses := bufio.NewScanner(out), map[string]string{}
	for len(addresses) < 2 && lines.Scan() {
		name, address, _ := strings.Cut(lines.Text(), " ")
		addresses[name] = address
	}
	at, err := target.Open(t.Context(), target.Config{URL: addresses["page"], Redis: addresses["redis"], PID: os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	d.Path = "/ws"
	return measure.Run(t.Context(), measure.Settings{Rate: 100, Stillness: 30e9}, s.job, s.wants, d, at)
}

func TestAClientTalksAsSocketIODoes(t *testing.T) {
	j := job.New(job.NewPlan(1, 50, 200))
	s := &lookalike{t: t, job: j, wants: j.Wants(), twice: -1, conns: map[int]*websocket.Conn{}}
	r, err := s.run(t)
	if err != nil || r.P50 <= 0 || r.FrameEvents != 1 || s.pongs.Load() != 50 {
		t.Errorf("read %+v (%v), %d pings were answered", r, err, s.pongs.Load())
	}
}

func TestAnEventTooManyIsRefused(t *testing.T) {
	j := job.New(job.NewPlan(1, 50, 200))
	s := &lookalike{t: t, job: j, wants: j.Wants(), conns: map[int]*websocket.Conn{}}
	users := 0
	for users == 0 { // an event that somebody wants
		s.twice++
		for _, wants := range s.wants {
			if wants.Has(s.twice) {
				users++
			}
		}
	}
	_, err := s.run(t)
	var refused *measure.RefusedError
	if !errors.As(err, &refused) || strings.Contains(err.Error(), " 0 came twice") || !strings.Contains(err.Error(), " 0 are missing") {
		t.Errorf("an event too many: %v", err)
	}
}

func TestTheServerIsToldTheJob(t *testing.T) {
	j := job.New(job.NewPlan(3, 100, 1000))
	wants := j.Wants()
	it, err := tell(j)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(it)
	if err != nil {
		t.Fatal(err)
	}
	// Read as the server reads it: by these names, and nothing else.
	var read struct {
		Users  int
		Events []int
		Shapes []struct {
			Users []int
			Event map[string]any
		}
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if read.Users != 100 || len(read.Events) != 1000 || len(read.Shapes) != j.Traffic.Shapes() {
		t.Fatalf("%d users, %d events, %d shapes", read.Users, len(read.Events), len(read.Shapes))
	}
	wanted := 0
	for n, shape := range read.Events {
		told := job.NewSet(read.Users)
		if read.Shapes[shape].Users == nil {
			t.Fatalf("event %d has null for its users", n)
		}
		for _, user := range read.Shapes[shape].Users {
			told.Add(user)
			wanted++
		}
		for user := range read.Users {
			if told.Has(user) != wants[user].Has(n) {
				t.Fatalf("event %d goes to user %d: %v, want %v", n, user, told.Has(user), wants[user].Has(n))
			}
		}
		e, of := read.Shapes[shape].Event, j.Traffic.Shape(shape)
		if e["symbol"] != of.Symbol || e["pattern_type"] != of.Pattern || e["confidence"] != of.Confidence || e["tier"] != of.Tier.String() {
			t.Fatalf("event %d says %v, want %+v", n, e, of)
		}
		if id, ok := e["id"].(string); !ok || len(id) != len(j.Traffic.ID(n)) {
			t.Fatalf("event %d has the id %v", n, e["id"])
		}
	}
	if wanted == 0 {
		t.Error("nobody wants anything")
	}
}
