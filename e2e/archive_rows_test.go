package e2e_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"tierboard/e2e/stack"
)

// storedRows reads the table of events, as whoever looks with psql or sqlite3 sees it: by id, each row by the names of its
// columns. Left out is what is of the server that stored it and not of the event.
func storedRows(t testing.TB, db *sql.DB) map[string]map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM events")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]string{}
	for rows.Next() {
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, name := range names {
			v, _ := values[i].(*any)
			if b, ok := (*v).([]byte); ok {
				*v = string(b)
			}
			row[name] = fmt.Sprint(*v)
		}
		var body map[string]any
		if err := json.Unmarshal([]byte(row["body"]), &body); err != nil {
			t.Fatalf("body of %s: %v", row["id"], err)
		}
		own := []string{"received_at"}
		if row["detected_at"] == row["received_at"] { // the message told no time
			own = append(own, "detected_at", "expires_at", "session", "session_date")
		}
		for _, name := range own {
			delete(row, name)
			delete(body, name)
		}
		delete(row, "updated_at")
		delete(row, "epoch")
		again, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		row["body"] = string(again)
		if _, twice := out[row["id"]]; twice {
			t.Errorf("event %s is there twice", row["id"])
		}
		out[row["id"]] = row
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// openDB opens a database that a server writes.
func openDB(t testing.TB, driver, source string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// countRows is how many events a database has; a database that does not answer has none.
func countRows(t testing.TB, db *sql.DB) (n int) {
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM events").Scan(&n); err != nil {
		return 0
	}
	return n
}

// TestArchiveRowsAreTheSame replays one tape for a server on SQLite and one on PostgreSQL, and compares all their rows.
func TestArchiveRowsAreTheSame(t *testing.T) {
	// The tape has every shape of message that the producer has ever sent, and some hundreds of the usual one.
	first := stack.Redis(t)
	tape := filepath.Join(t.TempDir(), "all.tape")
	record := run(t, "record", "--redis-url", first.URL(), tape)
	p := newPublisher(t, first.URL())
	eventually(t, "the recorder is subscribed", func() bool {
		n, err := p.c.PubSubNumSub(t.Context(), "tickstock.events.patterns").Result()
		return err == nil && n["tickstock.events.patterns"] == 1
	})
	for _, m := range messages(t) {
		p.publish(m.Channel, string(m.Payload))
	}
	for i := range 600 {
		p.send([]string{"daily", "intraday", "combo"}[i%3], fmt.Sprintf("T%d", i%97), []string{"Doji", "Bull_Flag", "Volume_Spike"}[i%7%3], float64(i%101)/100,
			map[string]any{"flow_id": fmt.Sprint("tape-", i), "note": strings.Repeat("ü\"\\", i%5)})
	}
	eventually(t, "the last message is on the tape", func() bool {
		b, err := os.ReadFile(tape)
		return err == nil && strings.Contains(string(b), "tape-599")
	})
	record.stop()

	second, postgres, dir := stack.Redis(t), stack.Postgres(t), t.TempDir()
	lite := stack.Server(t, stack.Env("REDIS_URL", second.URL()), stack.Env("TIERBOARD_DATA_DIR", dir))
	stack.Server(t, stack.Env("REDIS_URL", second.URL()), stack.Env("DATABASE_URL", postgres.URL()))
	t.Log(run(t, "replay", "--redis-url", second.URL(), "--speed", "max", tape).wait())
	want := 600
	for _, v := range variants {
		want += len(v.events)
	}
	a, b := openDB(t, "sqlite", filepath.Join(dir, "tierboard.db")), openDB(t, "pgx", postgres.URL())
	eventually(t, fmt.Sprintf("%d events are in both databases", want), func() bool { return countRows(t, a) >= want && countRows(t, b) >= want })
	inA, inB := storedRows(t, a), storedRows(t, b)
	if len(inA) != want {
		t.Errorf("%d events, want %d", len(inA), want)
	}
	if d := cmp.Diff(inA, inB); d != "" {
		t.Errorf("rows (-SQLite +PostgreSQL):\n%s", d)
	}
	if n := metric(t, lite, `tierboard_ingest_messages_total{result="event"}`); n != float64(want) {
		t.Errorf("%v events were counted, want %d", n, want)
	}
}
