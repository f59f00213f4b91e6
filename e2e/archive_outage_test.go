package e2e_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"tierboard/e2e/stack"
	"tierboard/shared/api"
	"tierboard/shared/wire"
)

// outage is how long TestArchiveOutage keeps the database away, and load how many events a second come meanwhile.
var (
	outage = flag.Duration("outage", 4*time.Second, "how long TestArchiveOutage keeps the database away")
	load   = flag.Int("load", 500, "events a second that TestArchiveOutage publishes")
)

// ask makes a GET request and returns status and body.
func ask(t testing.TB, s *stack.TierboardServer, path string) (int, []byte) {
	t.Helper()
	resp, err := http.Get(s.URL() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// archiveHealth is what the server says about its database.
func archiveHealth(t testing.TB, s *stack.TierboardServer) api.ArchiveHealth {
	t.Helper()
	status, body := ask(t, s, api.PathTiersHealth)
	var h api.TiersHealth
	if err := json.Unmarshal(body, &h); status != http.StatusOK || err != nil || h.Archive == nil {
		t.Fatalf("%d %v %s", status, err, body)
	}
	return *h.Archive
}

// TestArchiveOutage stops the database under load: live clients notice nothing, /readyz stays 200, lists say so, and afterwards
// every event is there once.
func TestArchiveOutage(t *testing.T) {
	r, postgres := stack.Redis(t), stack.Postgres(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()), stack.Env("DATABASE_URL", postgres.URL()), stack.Args("--rate-limit=0"))
	c := dial(t, s, wire.MsgPackProtocol)
	c.subscribe(everything, nil)
	p := newPublisher(t, r.URL())
	n := 0
	// publish keeps up the load for a time. Pacing is all that the clock is for: what is held at the end is a count.
	publish := func(during time.Duration) {
		pace := time.NewTicker(10 * time.Millisecond)
		defer pace.Stop()
		for range during / (10 * time.Millisecond) {
			for range max(*load/100, 1) {
				p.send("intraday", fmt.Sprintf("S%d", n%500), "Doji", float64(n%101)/100, map[string]any{"flow_id": fmt.Sprintf("o-%07d", n), "timeframe": "1min"})
				n++
			}
			<-pace.C
		}
	}
	publish(time.Second)
	postgres.Kill()
	publish(*outage)
	eventually(t, "the report says that the database is away", func() bool { return archiveHealth(t, s).Status == "down" })
	during := n
	c.await("live clients have what came meanwhile", func(fs []received) bool {
		got := 0
		for _, f := range fs {
			if b, ok := f.frame.(*wire.Batch); ok && b.ID == "" {
				got += len(b.Events)
			}
		}
		return got == during
	})
	if status, body := ask(t, s, api.PathReady); status != http.StatusOK {
		t.Errorf("/readyz %d %s", status, body)
	}
	if status, body := ask(t, s, "/api/patterns?sort=symbol"); status != http.StatusServiceUnavailable {
		t.Errorf("a question for the archive: %d %.200s", status, body)
	}
	if status, body := ask(t, s, "/api/patterns/intraday?since=-1s"); status != http.StatusOK && status != http.StatusServiceUnavailable {
		t.Errorf("a question for the newest events: %d %.200s", status, body)
	}
	postgres.Restart()
	publish(time.Second)

	db := openDB(t, "pgx", postgres.URL())
	looks := time.NewTicker(50 * time.Millisecond)
	defer looks.Stop()
	deadline := time.After(patience + 2**outage) // a long outage may take as long to read back
	for waiting := true; waiting && countRows(t, db) < n; {
		select {
		case <-looks.C:
		case <-deadline:
			waiting = false
		}
	}
	eventually(t, "all is well", func() bool { h := archiveHealth(t, s); return h.Status == "ok" && h.Waiting == 0 })
	rows := storedRows(t, db)
	var missing []string
	for i := range n {
		if id := fmt.Sprintf("o-%07d", i); rows[id] == nil {
			missing = append(missing, id)
		}
	}
	if len(rows) != n || len(missing) > 0 {
		t.Errorf("%d rows for %d events; missing %v", len(rows), n, missing[:min(len(missing), 10)])
	}
	if h := archiveHealth(t, s); h.Lost != 0 {
		t.Errorf("%d events were thrown away", h.Lost)
	}
	// The lists see them all, in one piece with what the ring holds.
	var seen []string
	for next := "/api/patterns?sort=detected_at&limit=1000"; next != ""; {
		status, body := ask(t, s, next)
		var l api.PatternList
		if err := json.Unmarshal(body, &l); status != http.StatusOK || err != nil {
			t.Fatalf("%s: %d %v", next, status, err)
		}
		for i := range l.Patterns {
			seen = append(seen, l.Patterns[i].ID)
		}
		next = l.Metadata.NextURL
	}
	slices.Sort(seen)
	if len(seen) != n || len(slices.Compact(seen)) != n {
		t.Errorf("the list has %d events, want %d", len(seen), n)
	}
	t.Logf("%d events, the database away for %v", n, *outage)
}
