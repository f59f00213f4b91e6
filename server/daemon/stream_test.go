package daemon

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tierboard/e2e/stack"
	"tierboard/server/config"
	"tierboard/server/daemon/keeper"
	"tierboard/server/metrics"
	"tierboard/server/store"
	"tierboard/server/store/ask"
	"tierboard/server/store/list"
)

// stream is the key that producers of these tests add to.
const stream = "tickstock:patterns:log"

// noon is about an hour ago: detections of one server have times of their own, so that none is taken for a copy.
var noon = time.Now().Add(-time.Hour).Truncate(time.Second)

// seen returns a detection with an id and a time of its own.
func seen(i int) string {
	at := float64(noon.Add(time.Duration(i)*time.Millisecond).UnixMilli()) / 1000
	return fmt.Sprintf(`{"event_type":"pattern_detected","source":"test","timestamp":%.3f,"data":{"detection_id":"d-%05d",
		"symbol":"AAPL","pattern":"Bull_Flag","tier":"intraday","confidence":0.9,"timestamp":%[1]f}}`, at, i)
}

// add adds detections to the stream.
func add(t *testing.T, client *redis.Client, from, upTo int) {
	t.Helper()
	pipe := client.Pipeline()
	for i := from; i < upTo; i++ {
		pipe.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, Values: []string{"channel", "tickstock.events.patterns", "payload", seen(i)}})
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// number reads a metric at a server's page address, 0 when it is not there.
func number(t *testing.T, page, name string) int {
	t.Helper()
	_, body := (&running{t: t}).get(page + "/metrics")
	for line := range strings.Lines(body) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "tierboard_"+name+" "); ok {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return int(n)
		}
	}
	return 0
}

// archiveOf opens the archive of a directory, beside the server that writes it.
func archiveOf(t *testing.T, dir string) *store.Store {
	t.Helper()
	cfg := store.DefaultConfig()
	cfg.DataDir = dir
	s, err := store.Open(t.Context(), cfg, metrics.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// archived waits until exactly the detections below n are in a directory's archive, each once. A busy machine may have put some of
// them into a file first.
func archived(t *testing.T, dir string, n int) {
	t.Helper()
	s := archiveOf(t, dir)
	defer s.Close()
	for deadline := time.Now().Add(4 * patience); ; time.Sleep(20 * time.Millisecond) { // polling with a deadline
		got := map[string]int{}
		if err := s.Each(t.Context(), ask.Query{}, func(r list.Row) error { got[r.ID]++; return nil }); err != nil {
			t.Fatal(err)
		}
		missing := ""
		for i := range n {
			id := fmt.Sprintf("d-%05d", i)
			if got[id] > 1 {
				t.Fatalf("%s is there %d times", id, got[id])
			}
			if got[id] == 0 {
				missing = id
			}
		}
		switch {
		case missing == "" && len(got) == n:
			return
		case len(got) > n || time.Now().After(deadline):
			t.Fatalf("%d events are there, want %d; %q is missing", len(got), n, missing)
		}
	}
}

// position returns the position in the stream that is stored.
func position(t *testing.T, dir string) string {
	t.Helper()
	s := archiveOf(t, dir)
	defer s.Close()
	at, err := s.Position(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// newest returns the id of the stream's last entry.
func newest(t *testing.T, client *redis.Client) string {
	t.Helper()
	last, err := client.XRevRangeN(t.Context(), stream, "+", "-", 1).Result()
	if err != nil || len(last) != 1 {
		t.Fatalf("%v, %v", last, err)
	}
	return last[0].ID
}

// reading are settings that read the stream of a Redis into a directory's archive.
func reading(t *testing.T, url, dir string) config.Config {
	t.Helper()
	c := free(t)
	c.RedisURL, c.DataDir, c.RedisStreams = url, dir, []string{stream}
	return c
}

func TestWhatIsAddedWhileTheServerIsAwayArrivesOnce(t *testing.T) {
	t.Parallel()
	server, dir := stack.Redis(t), t.TempDir()
	client := publisher(t, server.URL())
	add(t, client, 0, 3) // before the first start

	r := start(t, reading(t, server.URL(), dir))
	add(t, client, 3, 5)
	archived(t, dir, 5)
	if n, err := client.Publish(t.Context(), "tickstock.events.patterns", seen(4)).Result(); err != nil || n != 1 {
		t.Fatalf("published to %d: %v", n, err)
	}
	r.until("the same event on a channel is a copy", func() bool {
		return number(t, r.address("page"), `ingest_messages_total{result="duplicate"}`) == 1
	})
	r.stop()
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	if at, want := position(t, dir), newest(t, client); at != want {
		t.Errorf("after an orderly stop the position is %s, want %s", at, want)
	}

	add(t, client, 5, 1005)
	r = start(t, reading(t, server.URL(), dir))
	archived(t, dir, 1005)
	if n := number(t, r.address("page"), "ingest_stream_entries_total"); n != 1000 {
		t.Errorf("%d entries were read, want the 1000 new ones", n)
	}
	_, health := r.get(r.address("page") + "/api/patterns/tiers/health")
	for _, part := range []string{`"stored_at":"20`, `"ingest_lag_ms":{"p50":`, `"received":1000,"duplicate":0,"refused":0`, `"` + stream + `"`} {
		if !strings.Contains(health, part) {
			t.Errorf("the tiers' health lacks %s:\n%s", part, health)
		}
	}
	r.stop()
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	if at, want := position(t, dir), newest(t, client); at != want {
		t.Errorf("the position is %s, want %s", at, want)
	}
}

// TestAStreamThatGoesBackShowsNothingTwice gives a stream back its old entries, as a Redis does that comes back from an old copy, when
// most of them have left the live memory.
func TestAStreamThatGoesBackShowsNothingTwice(t *testing.T) {
	t.Parallel()
	server, dir := stack.Redis(t), t.TempDir()
	client := publisher(t, server.URL())
	const old, all = 3 * keeper.PerTier, 3*keeper.PerTier + 10
	add(t, client, 0, old)
	copied, err := client.Dump(t.Context(), stream).Result()
	if err != nil {
		t.Fatal(err)
	}
	add(t, client, old, all)
	r := start(t, reading(t, server.URL(), dir))
	archived(t, dir, all)
	r.stop()
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}

	r = start(t, reading(t, server.URL(), dir))
	r.until("the newest are read back", func() bool {
		return number(t, r.address("page"), `events_accepted_total{tier="intraday"}`) == keeper.PerTier
	})
	if err := client.RestoreReplace(t.Context(), stream, 0, copied).Err(); err != nil {
		t.Fatal(err)
	}
	r.until("all of the old ones are known", func() bool {
		return number(t, r.address("page"), `ingest_messages_total{result="duplicate"}`) == old
	})
	add(t, client, all, all+1)
	archived(t, dir, all+1)
	if n := number(t, r.address("page"), `events_accepted_total{tier="intraday"}`); n != keeper.PerTier+1 {
		t.Errorf("%d events were shown, want the %d read back and the new one", n, keeper.PerTier)
	}
	r.stop()
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}

	// A new Redis without anything, whose producer sends again what it has.
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	add(t, client, 0, 300)
	r = start(t, reading(t, server.URL(), dir))
	r.until("they are known, too", func() bool {
		return number(t, r.address("page"), `ingest_messages_total{result="duplicate"}`) == 300
	})
	if n := number(t, r.address("page"), `events_accepted_total{tier="intraday"}`); n != keeper.PerTier {
		t.Errorf("%d events were shown, want the %d read back", n, keeper.PerTier)
	}
	archived(t, dir, all+1)
}

// TestTheHealthNamesAStreamThatCannotBeRead asks about a key that is no stream and about one that is not there.
func TestTheHealthNamesAStreamThatCannotBeRead(t *testing.T) {
	t.Parallel()
	server := stack.Redis(t)
	client := publisher(t, server.URL())
	if err := client.Set(t.Context(), "text", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	c := reading(t, server.URL(), t.TempDir())
	c.RedisStreams = []string{"text", stream}
	r := start(t, c)
	health := func() string {
		_, body := r.get(r.address("page") + "/api/patterns/tiers/health")
		return body
	}
	const wrong = `the key \"text\" in Redis is no stream`
	r.until("both are told", func() bool {
		text := health()
		return strings.Contains(text, `"status":"degraded"`) && strings.Contains(text, wrong+`; there is no stream \"`+stream) &&
			strings.Contains(text, `"stream_faults":["`+wrong)
	})
	if status, body := r.get(r.address("page") + "/readyz"); status != http.StatusOK {
		t.Errorf("readyz says %d %s", status, body)
	}
	add(t, client, 0, 1)
	if err := client.Del(t.Context(), "text").Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.XAdd(t.Context(), &redis.XAddArgs{Stream: "text", Values: []string{"channel", "x", "payload", "{}"}}).Err(); err != nil {
		t.Fatal(err)
	}
	r.until("both can be read", func() bool { return !strings.Contains(health(), "stream_faults") })
}

// What tells the test binary that it is the server to be killed.
const (
	childDir   = "TIERBOARD_TEST_STREAM_DIR"
	childRedis = "TIERBOARD_TEST_STREAM_REDIS"
)

// TestKilledServerLosesNothingOfAStream kills a server with SIGKILL in the middle of its work, three times, and lets the last one
// finish.
func TestKilledServerLosesNothingOfAStream(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := Run(context.Background(), Config{Settings: reading(t, os.Getenv(childRedis), dir), Stdout: os.Stdout}, slog.New(slog.DiscardHandler)); err != nil {
			t.Error(err)
		}
		return
	}
	t.Parallel()
	server, dir := stack.Redis(t), t.TempDir()
	client := publisher(t, server.URL())
	n := 0
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledServerLosesNothingOfAStream$")
		cmd.Env = append(os.Environ(), childDir+"="+dir, childRedis+"="+server.URL(), "TMPDIR="+t.TempDir()) // it cannot tidy up
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		page := ""
		for lines := bufio.NewScanner(out); page == "" && lines.Scan(); {
			if rest, ok := strings.CutPrefix(lines.Text(), "tierboard: page "); ok {
				page = strings.TrimRight(rest, "/")
			}
		}
		if page == "" {
			t.Fatal("the server tells no address")
		}
		deadline, most := time.Now().Add(patience), n+2000 // a slow machine is not given more than it can read in time
		for read := 0; read < 400*(round+1); read = number(t, page, "ingest_stream_entries_total") {
			if n < most {
				add(t, client, n, n+200)
				n += 200
			} else {
				time.Sleep(10 * time.Millisecond) // polling with a deadline
			}
			if time.Now().After(deadline) {
				t.Fatal("the server does not read")
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
	}
	add(t, client, n, n+1) // entries keep their order, so when this one has arrived all have
	n++
	r := start(t, reading(t, server.URL(), dir))
	r.until("the last one arrives", func() bool {
		status, _ := r.get(fmt.Sprintf("%s/api/patterns/d-%05d", r.address("page"), n-1))
		return status == http.StatusOK
	})
	archived(t, dir, n)
	r.stop()
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	if at, want := position(t, dir), newest(t, client); at != want {
		t.Errorf("the position is %s, want %s", at, want)
	}
}

// TestTheEmbeddedRedisServesStreams adds to a server's own Redis, which keeps nothing: the next one's stream begins anew.
func TestTheEmbeddedRedisServesStreams(t *testing.T) {
	t.Parallel()
	c := free(t)
	c.RedisStreams = []string{stream}
	for round := range 2 {
		r := start(t, c)
		client := publisher(t, r.address("redis"))
		add(t, client, round, round+1)
		archived(t, c.DataDir, round+1)
		r.stop()
		if err := r.wait(); err != nil {
			t.Fatal(err)
		}
	}
}
