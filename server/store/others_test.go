package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tierboard/server/classify/found"
	"tierboard/server/store/connect"
	"tierboard/server/store/intake"
	"tierboard/server/store/migrations"
	"tierboard/server/store/model"
	"tierboard/server/store/outcome"
	"tierboard/server/store/saved"
	"tierboard/server/store/tally"
	"tierboard/shared/event"
)

func horizon(value float64, success *bool) found.Horizon {
	return found.Horizon{Value: event.Num(value), Success: success}
}

func outcomes(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	yes, no := true, false
	put(t, s, makeEvent(1, nil), makeEvent(5, func(e *event.Event) { e.Direction = event.Bearish }))
	add := func(o found.Outcome, want int) {
		t.Helper()
		if n, err := s.AddOutcomes(t.Context(), []found.Outcome{o}); err != nil || n != want {
			t.Fatalf("%d outcomes unmatched and %v, want %d", n, err, want)
		}
	}
	get := func(id string) outcome.Outcome {
		t.Helper()
		known, err := s.Outcomes(t.Context(), []string{id, "nobody", "\x00"})
		if err != nil {
			t.Fatal(err)
		}
		return known[id]
	}
	// By the producer's id, the second one here; then more of it; then an old one that comes late and adds the last horizon.
	add(found.Outcome{Refs: []string{"x", "event-00001"}, CalculatedAt: noon.Add(time.Hour), Horizons: [3]found.Horizon{horizon(0.0125, &no)}}, 0)
	add(found.Outcome{Refs: []string{"event-00001"}, CalculatedAt: noon.Add(2 * time.Hour), Horizons: [3]found.Horizon{horizon(0.5, nil), horizon(-0.5, nil)}}, 0)
	add(found.Outcome{Refs: []string{"event-00001"}, CalculatedAt: noon, Horizons: [3]found.Horizon{horizon(9, &yes), horizon(9, nil), horizon(0.25, nil)}}, 0)
	o := get("event-00001")
	if o.Returns != [3]event.Number{event.Num(50), event.Num(-50), event.Num(25)} || *o.Successes[0] || *o.Successes[1] || !*o.Successes[2] || !o.CalculatedAt.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("got %+v", o)
	}
	// By symbol, pattern and time within a second; a bearish one falls to succeed.
	near := found.Outcome{Symbol: "AAPL", Pattern: "volume_spike", DetectedAt: noon.Add(5*time.Second + time.Second), Horizons: [3]found.Horizon{horizon(-0.01, nil)}}
	add(near, 0)
	if o := get("event-00005"); o.Successes[0] == nil || !*o.Successes[0] || o.Successes[1] != nil {
		t.Errorf("got %+v", o)
	}
	near.DetectedAt = noon.Add(5*time.Second + 1001*time.Millisecond)
	add(near, 1)
	near.Pattern = "doji"
	add(near, 1)
	// What comes before its event waits for it, and joins what came since.
	add(found.Outcome{Refs: []string{"event-00009", "y"}, CalculatedAt: noon, Horizons: [3]found.Horizon{horizon(0.1, nil), horizon(0.1, nil)}}, 1)
	put(t, s, makeEvent(9, nil))
	add(found.Outcome{Refs: []string{"event-00009"}, CalculatedAt: noon.Add(time.Minute), Horizons: [3]found.Horizon{horizon(0.2, nil)}}, 0)
	if n, err := s.Rematch(t.Context()); err != nil || n != 1 {
		t.Errorf("matched %d and %v, want 1", n, err)
	}
	if o := get("event-00009"); o.Returns != [3]event.Number{event.Num(20), event.Num(10)} {
		t.Errorf("got %+v", o)
	}
	if n, err := s.Rematch(t.Context()); err != nil || n != 0 {
		t.Errorf("matched %d and %v again", n, err)
	}
	if _, n, err := s.Performance(t.Context(), tally.PerformanceQuery{}); err != nil || n != 2 {
		t.Errorf("%d unmatched and %v, want 2", n, err)
	}
	if known, err := s.Outcomes(t.Context(), nil); err != nil || len(known) != 0 {
		t.Errorf("got %v and %v", known, err)
	}
}

func performance(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	m := newMarket(17, 40, noon.AddDate(0, 0, -20), 30*time.Minute)
	all := m.take(900)
	put(t, s, all...)
	now := noon
	since := noon.AddDate(0, 0, -15)
	var list []found.Outcome
	told := map[string]float64{}
	for i, e := range all {
		if i%3 == 0 {
			v := m.random.Float64() - 0.4
			told[e.ID] = v
			list = append(list, found.Outcome{Refs: []string{e.ID}, Horizons: [3]found.Horizon{found.Day5: horizon(v, nil)}})
		}
	}
	if n, err := s.AddOutcomes(t.Context(), list); n != 0 || err != nil {
		t.Fatalf("%d unmatched and %v", n, err)
	}
	wanted := m.patterns[:20]
	got, _, err := s.Performance(t.Context(), tally.PerformanceQuery{
		Tiers: []event.Tier{event.Combo, event.Intraday}, Patterns: wanted, Since: since, Horizon: found.Day5, Now: now,
	})
	if err != nil || len(got) != 2 || got[0].Tier != event.Intraday || got[1].Tier != event.Combo {
		t.Fatalf("got %+v and %v", got, err)
	}
	for _, p := range got {
		tallies := map[string]*tally.Tally{"": {}}
		returns := map[string][]float64{}
		buckets := map[float64]int{}
		for _, e := range all {
			if e.Tier != p.Tier || e.DetectedAt.Before(since) || !slices.Contains(wanted, e.Pattern) {
				continue
			}
			if tallies[e.Pattern] == nil {
				tallies[e.Pattern] = &tally.Tally{}
			}
			for _, key := range []string{"", e.Pattern} {
				g := tallies[key]
				g.Detected++
				v, ok := told[e.ID]
				switch {
				case ok:
					g.Resolved++
					returns[key] = append(returns[key], v*100)
					if (v > 0 && e.Direction != event.Bearish) || (v < 0 && e.Direction == event.Bearish) {
						g.Successes++
					}
				case now.Sub(e.DetectedAt) < 12*24*time.Hour:
					g.Pending++
				default:
					g.Excluded++
				}
				if key == "" && ok {
					buckets[math.Floor(e.Confidence*10)/10]++
				}
			}
		}
		check := func(name string, have tally.Tally) {
			t.Helper()
			want := *tallies[name]
			r := returns[name]
			slices.Sort(r)
			want.Returns = tally.Spread{N: len(r)}
			for _, v := range r {
				want.Returns.Mean += v / float64(len(r))
			}
			if len(r) > 0 {
				at := func(p float64) float64 { // the definition, with both neighbours weighed
					x := p * float64(len(r)-1)
					lo, hi := math.Floor(x), math.Ceil(x)
					return r[int(lo)]*(1-(x-lo)) + r[int(hi)]*(x-lo)
				}
				want.Returns.Median, want.Returns.P10, want.Returns.P90 = at(.5), at(.1), at(.9)
			}
			if diff := cmp.Diff(want, have, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
				t.Errorf("%s %q: %s", p.Tier, name, diff)
			}
		}
		check("", p.Tally)
		if len(p.Groups) != len(tallies)-1 || p.Detected != p.Resolved+p.Pending+p.Excluded || p.Pending == 0 || p.Excluded == 0 {
			t.Errorf("%s: %d patterns, want %d; %+v", p.Tier, len(p.Groups), len(tallies)-1, p.Tally)
		}
		for _, g := range p.Groups {
			check(g.Value, g.Tally)
		}
		for _, b := range p.Calibration {
			if b.N != buckets[b.Low] || b.MeanConfidence < b.Low || b.MeanConfidence > b.High || b.Successes > b.N {
				t.Errorf("%s: bucket %+v, want %d", p.Tier, b, buckets[b.Low])
			}
		}
	}
	for name, bad := range map[string]tally.PerformanceQuery{"horizon": {Horizon: 3}, "group": {GroupBy: "body"}} {
		if _, _, err := s.Performance(t.Context(), bad); err == nil {
			t.Errorf("a %s that does not exist was taken", name)
		}
	}
	values := map[string]func(*event.Event) string{
		"symbol": func(e *event.Event) string { return e.Symbol }, "timeframe": func(e *event.Event) string { return e.Timeframe },
		"direction": func(e *event.Event) string { return string(e.Direction) }, "session": func(e *event.Event) string { return string(e.Session) },
		"priority": func(e *event.Event) string { return e.Priority.String() }, "pattern": func(e *event.Event) string { return e.Pattern },
	}
	for by, value := range values {
		got, _, err := s.Performance(t.Context(), tally.PerformanceQuery{
			Tiers: []event.Tier{event.Intraday}, Patterns: wanted, Since: since, Horizon: found.Day5, Now: now, GroupBy: by,
		})
		if err != nil || len(got) != 1 {
			t.Fatalf("by %s: %+v and %v", by, got, err)
		}
		detected, resolved := map[string]int{}, map[string]int{}
		for _, e := range all {
			if e.Tier == event.Intraday && !e.DetectedAt.Before(since) && slices.Contains(wanted, e.Pattern) {
				detected[value(e)]++
				if _, ok := told[e.ID]; ok {
					resolved[value(e)]++
				}
			}
		}
		for _, g := range got[0].Groups {
			if g.Detected != detected[g.Value] || g.Resolved != resolved[g.Value] {
				t.Errorf("by %s, %s: %+v, want %d of %d", by, g.Value, g.Tally, resolved[g.Value], detected[g.Value])
			}
		}
		if len(got[0].Groups) != len(detected) || len(detected) == 0 {
			t.Errorf("by %s: %d groups, want %d", by, len(got[0].Groups), len(detected))
		}
	}
}

func records(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	ctx := t.Context()
	for _, c := range []saved.Collection{saved.Subscriptions, saved.Views, saved.Watchlists, saved.Preferences} {
		mine := saved.Record{User: "me", ID: "1", Name: "Mine", Body: json.RawMessage(`{"a":"'?' \u0000"}`)}
		stored, err := s.Put(ctx, c, mine)
		if err != nil || stored.Version != 1 || stored.CreatedAt.IsZero() {
			t.Fatalf("%s: got %+v and %v", c, stored, err)
		}
		if _, err := s.Put(ctx, c, mine); !errors.Is(err, saved.ErrChanged) {
			t.Errorf("%s: a second new one gives %v", c, err)
		}
		if _, err := s.Put(ctx, c, saved.Record{User: "you", ID: "1", Name: "Yours", Body: json.RawMessage(`1`)}); err != nil {
			t.Error(err)
		}
		stored.Name = "Renamed"
		second, err := s.Put(ctx, c, stored)
		if err != nil || second.Version != 2 || second.Name != "Renamed" || string(second.Body) != string(mine.Body) {
			t.Errorf("%s: got %+v and %v", c, second, err)
		}
		if _, err := s.Put(ctx, c, stored); !errors.Is(err, saved.ErrChanged) {
			t.Errorf("%s: an old version gives %v", c, err)
		}
		if _, err := s.Put(ctx, c, saved.Record{User: "me", ID: "2", Version: 1, Body: json.RawMessage(`1`)}); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("%s: a change of nothing gives %v", c, err)
		}
		if list, err := s.Records(ctx, c, "me"); err != nil || len(list) != 1 || list[0].Name != "Renamed" {
			t.Errorf("%s: got %+v and %v", c, list, err)
		}
		if r, err := s.Record(ctx, c, "you", "1"); err != nil || r.Name != "Yours" {
			t.Errorf("%s: got %+v and %v", c, r, err)
		}
		if err := s.Delete(ctx, c, "me", "1", 1); !errors.Is(err, saved.ErrChanged) {
			t.Errorf("%s: deleting an old version gives %v", c, err)
		}
		if err := s.Delete(ctx, c, "me", "1", 2); err != nil {
			t.Error(err)
		}
		if err := s.Delete(ctx, c, "me", "1", 0); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("%s: deleting twice gives %v", c, err)
		}
		if _, err := s.Record(ctx, c, "you", "1"); err != nil {
			t.Errorf("%s: another user's record went: %v", c, err)
		}
	}
	for field, r := range map[string]saved.Record{
		"user": {ID: "1", Body: json.RawMessage(`1`)}, "id": {User: "me", ID: "\x00", Body: json.RawMessage(`1`)},
		"name": {User: "me", ID: "1", Name: strings.Repeat("x", 257), Body: json.RawMessage(`1`)}, "body": {User: "me", ID: "1", Body: json.RawMessage(`{`)},
	} {
		var bad *model.Error
		if _, err := s.Put(ctx, saved.Views, r); !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	var bad *model.Error
	if _, err := s.Put(ctx, saved.Views, saved.Record{User: "me", ID: "1", Body: bytes.Repeat([]byte("1"), saved.MaxRecordBody+1)}); !errors.As(err, &bad) || bad.Field != "body" {
		t.Errorf("a large body gives %v", err)
	}
	for i := range saved.MaxRecords {
		if _, err := s.Put(ctx, saved.Views, saved.Record{User: "many", ID: fmt.Sprint(i), Body: json.RawMessage(`1`)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put(ctx, saved.Views, saved.Record{User: "many", ID: "more", Body: json.RawMessage(`1`)}); !errors.Is(err, saved.ErrTooMany) {
		t.Errorf("one too many gives %v", err)
	}
	if h := s.Health(); !h.Up || h.LastError != "" {
		t.Errorf("the database is said to be away since a user has too much: %+v", h)
	}
	// Whoever has no name has nothing, and a collection that does not exist is our own fault.
	if list, err := s.Records(ctx, saved.Views, "\x00"); err != nil || len(list) != 0 {
		t.Errorf("got %v and %v", list, err)
	}
	if _, err := s.Record(ctx, saved.Views, "", ""); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if err := s.Delete(ctx, saved.Views, "", "", 0); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	_, err1 := s.Records(ctx, "events", "me")
	_, err2 := s.Record(ctx, "events", "me", "1")
	_, err3 := s.Put(ctx, "events", saved.Record{})
	if err4 := s.Delete(ctx, "events", "me", "1", 0); err1 == nil || err2 == nil || err3 == nil || err4 == nil {
		t.Error("a table that is no collection was touched")
	}
}

func letters(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	ctx := t.Context()
	if err := s.AddDeadLetters(ctx, nil); err != nil {
		t.Error(err)
	}
	for i := range 5 {
		l := intake.DeadLetter{ReceivedAt: noon, Channel: "c\x00", Reason: "bad_json", Detail: strings.Repeat("é", model.MaxText), Size: int64(i), Head: "\xff'"}
		if err := s.AddDeadLetters(ctx, []intake.DeadLetter{l}); err != nil {
			t.Fatal(err)
		}
	}
	first, err := s.DeadLetters(ctx, 0, 3)
	if err != nil || len(first) != 3 || first[0].Size != 4 || first[0].Channel != "c\uFFFD" || first[0].Head != "\uFFFD'" || len(first[0].Detail) != model.MaxText || !first[0].ReceivedAt.Equal(noon) {
		t.Fatalf("got %+v and %v", first, err)
	}
	rest, err := s.DeadLetters(ctx, first[2].ID, 100)
	if err != nil || len(rest) != 2 || rest[1].Size != 0 {
		t.Errorf("got %+v and %v", rest, err)
	}
	for _, id := range []string{"", "5-1", "6-0"} {
		if got, err := s.Position(ctx, "stream"); err != nil || (id != "6-0" && got != map[string]string{"": "", "5-1": "1-1"}[id]) {
			t.Errorf("got %q and %v", got, err)
		}
		if id == "" {
			id = "1-1"
		}
		if err := s.SetPosition(ctx, "stream", id); err != nil {
			t.Error(err)
		}
	}
	if got, err := s.Position(ctx, "stream"); err != nil || got != "6-0" {
		t.Errorf("got %q and %v", got, err)
	}
}

func migrationRace(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	cfg := DefaultConfig()
	where := fresh(t)
	cfg.URL, cfg.DataDir = where.URL, where.DataDir
	var all sync.WaitGroup
	applied := make(chan int, 6)
	for range cap(applied) {
		all.Go(func() {
			done, err := migrations.Up(context.Background(), cfg.Place)
			if err != nil {
				t.Error(err)
			}
			applied <- len(done)
		})
	}
	all.Wait()
	close(applied)
	total := 0
	for n := range applied {
		total += n
	}
	status, err := migrations.Status(t.Context(), cfg.Place)
	if err != nil || len(status) == 0 || total != len(status) || status[0].AppliedAt.IsZero() || status[0].Comment != "initial" {
		t.Fatalf("%d migrations were applied, %+v, %v", total, status, err)
	}
	s := openStore(t, where)
	put(t, s, makeEvent(1, nil))
	down, err := migrations.Down(t.Context(), cfg.Place)
	if err != nil || len(down) != len(status) {
		t.Fatalf("took back %+v and %v", down, err)
	}
	if status, err = migrations.Status(t.Context(), cfg.Place); err != nil || !status[0].AppliedAt.IsZero() {
		t.Errorf("got %+v and %v", status, err)
	}
	if err := s.Upsert(t.Context(), []*event.Event{makeEvent(2, nil)}); err == nil {
		t.Error("an event was stored without a table")
	}
	if again, err := migrations.Up(t.Context(), cfg.Place); err != nil || len(again) != len(status) {
		t.Fatalf("applied %+v and %v", again, err)
	}
	put(t, s, makeEvent(3, nil))
	if nothing, err := migrations.Up(t.Context(), cfg.Place); err != nil || len(nothing) != 0 {
		t.Errorf("applied %+v and %v again", nothing, err)
	}
}

func backup(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	put(t, s, makeEvent(1, nil))
	dir := t.TempDir()
	path := filepath.Join(dir, "tierboard.db")
	err := s.Backup(t.Context(), path)
	if s.Health().Dialect == "postgres" {
		if !errors.Is(err, connect.ErrBackup) || !strings.Contains(err.Error(), "pg_dump") {
			t.Errorf("got %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), path); err == nil {
		t.Error("a file was overwritten")
	}
	if err := s.Backup(t.Context(), filepath.Join(dir, "no", "such", "dir")); err == nil {
		t.Error("a copy was made nowhere")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	restored := openStore(t, Config{Place: connect.Place{DataDir: dir}})
	if _, err := restored.Event(t.Context(), "event-00001"); err != nil {
		t.Error(err)
	}
}

func healths(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	if h := s.Health(); !h.Up || h.Since.IsZero() {
		t.Errorf("got %+v", h)
	}
	put(t, s, makeEvent(1, nil))
	s.cfg.PingEvery, s.cfg.PruneEvery = 10*time.Millisecond, time.Second
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	if _, err := s.db.ExecContext(t.Context(), "ALTER TABLE events RENAME TO away"); err != nil {
		t.Fatal(err)
	}
	if err := s.Upsert(t.Context(), []*event.Event{makeEvent(2, nil)}); err == nil {
		t.Error("an event was stored nowhere")
	}
	if h := s.Health(); h.LastError == "" || h.FailedAt.IsZero() {
		t.Errorf("got %+v", h)
	}
	if _, err := s.db.ExecContext(t.Context(), "ALTER TABLE away RENAME TO events"); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return s.Health().Up })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// until waits for something that happens soon.
func until(t testing.TB, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within a minute")
		}
		time.Sleep(5 * time.Millisecond) // polling with a deadline
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"nowhere":       {func(c *Config) { c.DataDir = "" }, "URL and DataDir"},
		"prune":         {func(c *Config) { c.PruneEvery = 0 }, "PruneEvery"},
		"ping":          {func(c *Config) { c.PingEvery = 0 }, "PingEvery"},
		"other scheme":  {func(c *Config) { c.URL = "mysql://u:secret@h/d" }, "postgres://"},
		"no URL at all": {func(c *Config) { c.URL = "postgres://u:secret@h:port/d" }, "URL"},
		"bad option":    {func(c *Config) { c.URL = "postgres://u:secret@h/d?sslmode=perhaps" }, "URL"},
	} {
		cfg := DefaultConfig()
		cfg.DataDir = t.TempDir()
		c.change(&cfg)
		err := cfg.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := Open(t.Context(), cfg, nil, nil); err == nil {
			t.Errorf("%s: it was opened", name)
		}
	}
	cfg := DefaultConfig()
	cfg.DataDir = filepath.Join(t.TempDir(), "a", "b")
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.DataDir = filepath.Join(file, "x")
	if _, err := Open(t.Context(), cfg, nil, nil); err == nil {
		t.Error("a database was opened below a file")
	}
	cfg.URL = "postgres://nobody@127.0.0.1:1/x"
	if _, err := Open(t.Context(), cfg, nil, nil); err == nil {
		t.Error("a database was opened where there is none")
	}
}

// knownEvents looks up what is stored: by id, and by what the detection is.
func knownEvents(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	e := makeEvent(1, nil)
	if at, err := s.NewestDetection(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("an empty store's newest detection is of %v, %v", at, err)
	}
	put(t, s, e)
	put(t, s, makeEvent(2, func(x *event.Event) { x.Tier, x.DetectedAt = event.Daily, e.DetectedAt.Add(-time.Hour) }))
	if at, err := s.NewestDetection(t.Context()); err != nil || !at.Equal(e.DetectedAt) {
		t.Errorf("the newest detection is of %v, %v, want %v", at, err, e.DetectedAt)
	}
	for name, c := range map[string]struct {
		change func(*event.Event)
		want   bool
	}{
		"itself":                  {func(*event.Event) {}, true},
		"the same id":             {func(e *event.Event) { e.Symbol, e.DetectedAt = "MSFT", noon.Add(time.Hour) }, true},
		"the same detection":      {func(e *event.Event) { e.ID, e.Confidence = "other", .1 }, true},
		"another symbol":          {func(e *event.Event) { e.ID, e.Symbol = "other", "MSFT" }, false},
		"another pattern":         {func(e *event.Event) { e.ID, e.Pattern = "other", "doji" }, false},
		"another tier":            {func(e *event.Event) { e.ID, e.Tier = "other", event.Combo }, false},
		"another timeframe":       {func(e *event.Event) { e.ID, e.Timeframe = "other", "1min" }, false},
		"another kind":            {func(e *event.Event) { e.ID, e.Kind = "other", "market_state" }, false},
		"a millisecond later":     {func(e *event.Event) { e.ID, e.DetectedAt = "other", e.DetectedAt.Add(time.Millisecond) }, false},
		"what no database holds":  {func(e *event.Event) { e.ID = "a\x00" }, false},
		"what is no text":         {func(e *event.Event) { e.ID, e.Symbol = "other", "\xff" }, false},
		"a quote in a producer's": {func(e *event.Event) { e.ID, e.Symbol = "o'ther", "A'" }, false},
	} {
		if got, err := s.Known(t.Context(), makeEvent(1, c.change)); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Known(t.Context(), e); err == nil {
		t.Error("a closed store knows")
	}
	if _, err := s.NewestDetection(t.Context()); err == nil {
		t.Error("a closed store tells its newest detection")
	}
}
