package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"tierboard/e2e/stack"
	"tierboard/server/metrics"
)

// After an outage go-redis tries to dial for up to a second after Close.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// memory is a Progress that can be made to fail or to wait, and a Witness. It outlives followers.
type memory struct {
	mu        sync.Mutex
	positions map[string]string
	fail      error
	unsafe    bool     // Barrier waits
	lost      bool     // Barrier says so, once
	told      []string // by the follower, in order
}

func (p *memory) StreamFault(stream, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, stream+": "+why)
}

func (p *memory) StreamAgain(stream string, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, fmt.Sprintf("%s again %v", stream, on))
}

// heard returns what was told since the last call.
func (p *memory) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	told := p.told
	p.told = nil
	return told
}

func (p *memory) Position(_ context.Context, stream string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.positions[stream], p.fail
}

func (p *memory) SetPosition(_ context.Context, stream, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail == nil {
		p.positions[stream] = id
	}
	return p.fail
}

func (p *memory) Barrier(ctx context.Context) error {
	for {
		p.mu.Lock()
		safe, lost := !p.unsafe, p.lost
		if safe {
			p.lost = false
		}
		p.mu.Unlock()
		switch {
		case safe && lost:
			return ErrLost
		case safe:
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

func (p *memory) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *memory) position(stream string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.positions[stream]
}

// world is everything around a Follower.
type world struct {
	t      *testing.T
	m      *metrics.Metrics
	f      *Follower
	memory *memory
	client *redis.Client
	stop   func() // ends Run, waits for it and saves

	mu   sync.Mutex
	got  []string // "stream id value" in the order of arrival
	ups  []bool
	gaps [][2]time.Time
	hold chan struct{} // when set, Take waits until it is closed
}

// prepare makes a Follower in its world.
func prepare(t *testing.T, url string, p *memory, streams ...string) *world {
	t.Helper()
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, m: metrics.New(), memory: p, client: redis.NewClient(opt)}
	t.Cleanup(func() { _ = w.client.Close() })
	quick := *opt
	quick.Protocol, quick.MaxRetries, quick.DialerRetries = 2, -1, 1
	cfg := Config{
		Redis: &quick, Streams: streams, Count: 100, Block: 20 * time.Millisecond, DeadAfter: 2 * time.Second, SaveEvery: 10 * time.Millisecond,
		Pause: func(int) time.Duration { return 5 * time.Millisecond },
	}
	w.f, err = New(cfg, Sinks{Take: w.take, Connected: w.connected, Gap: w.gap, Progress: p}, w.m, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// start makes a Follower and runs it until stop or the end of the test.
func start(t *testing.T, url string, p *memory, streams ...string) *world {
	t.Helper()
	w := prepare(t, url, p, streams...)
	w.run()
	return w
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.f.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				w.t.Errorf("Run: %v", err)
			}
		case <-time.After(time.Minute):
			w.t.Error("Run did not end")
		}
		last, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		w.f.Save(last)
	})
	w.t.Cleanup(w.stop)
}

func (w *world) take(ctx context.Context, e Entry) error {
	w.mu.Lock()
	hold := w.hold
	w.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	value, _ := e.Text("v")
	w.got = append(w.got, fmt.Sprintf("%s %s %s", e.Stream, e.ID, value))
	e.Receipt.Done()
	return nil
}

func (w *world) connected(up bool, _ time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ups = append(w.ups, up)
}

func (w *world) gap(from, to time.Time) {
	if from.IsZero() || !from.Before(to) {
		w.t.Errorf("a gap from %v to %v", from, to)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gaps = append(w.gaps, [2]time.Time{from, to})
}

// until waits until ok, which is called under the lock.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		w.mu.Lock()
		done := ok()
		w.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(deadline) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("never happened: %s (%d entries, ups %v, gaps %v)", what, len(w.got), w.ups, w.gaps)
		}
		time.Sleep(time.Millisecond) // polling with a deadline
	}
}

// faults reads the counter of a fault.
func (w *world) faults(what string) int {
	families, err := w.m.Registry.Gather()
	if err != nil {
		panic(err)
	}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			if f.GetName() == "tierboard_ingest_stream_faults_total" && x.GetLabel()[0].GetValue() == what {
				return int(x.GetCounter().GetValue())
			}
		}
	}
	return 0
}

// add adds an entry under an id, * for the next one.
func (w *world) add(stream, id, value string) string {
	w.t.Helper()
	id, err := w.client.XAdd(context.Background(), &redis.XAddArgs{Stream: stream, ID: id, Values: []string{"v", value}}).Result()
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// fill adds numbered entries and returns how they will arrive.
func (w *world) fill(stream string, from, upTo int) (want []string) {
	w.t.Helper()
	for i := from; i < upTo; i++ {
		want = append(want, fmt.Sprintf("%s %s %d", stream, w.add(stream, "*", fmt.Sprint(i)), i))
	}
	return want
}

func fresh() *memory { return &memory{positions: map[string]string{}} }

func TestFollowsFromTheFirstEntryAndGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := prepare(t, server.URL(), p, "a", "b")
	want := w.fill("a", 0, 450) // more than four batches
	w.run()
	w.until("what was there arrives", func() bool { return len(w.got) == len(want) })
	want = append(want, w.fill("a", 450, 460)...)
	w.until("what is added arrives", func() bool { return len(w.got) == len(want) })
	w.stop()
	if diff := cmp.Diff(want, w.got); diff != "" {
		t.Error(diff)
	}
	if last := strings.Fields(want[len(want)-1])[1]; p.position("a") != last || p.position("b") != "" {
		t.Errorf("positions %v, want %s and none", p.positions, last)
	}

	// A thousand entries while nobody follows, then another follower.
	want = w.fill("a", 1000, 2000)
	again := start(t, server.URL(), p, "a", "b")
	again.until("they arrive", func() bool { return len(again.got) >= len(want) })
	want = append(want, again.fill("b", 0, 3)...)
	again.until("the other stream", func() bool { return len(again.got) >= len(want) })
	again.stop()
	if diff := cmp.Diff(want, again.got); diff != "" {
		t.Error(diff)
	}
	for _, what := range []string{"restarted", "trimmed", "refused", "position"} {
		if n := again.faults(what); n != 0 {
			t.Errorf("%d faults %q", n, what)
		}
	}
	if !slices.Equal(again.ups, []bool{true, false}) || len(again.gaps) != 0 {
		t.Errorf("ups %v, gaps %v", again.ups, again.gaps)
	}
}

func TestPositionWaitsUntilWhatWasReadIsSafe(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	p.unsafe = true
	w := start(t, server.URL(), p, "a")
	want := w.fill("a", 0, 5)
	w.until("all are done", func() bool { return len(w.got) == 5 })
	w.stop() // the end waits for it no longer than it may
	if at := p.position("a"); at != "" {
		t.Errorf("the position is %s, though nothing is safe", at)
	}
	// So the next one reads them again, and keeps the position once it may.
	p.set(func() { p.unsafe = false })
	again := start(t, server.URL(), p, "a")
	again.until("all come again", func() bool { return len(again.got) == 5 })
	again.until("the position is kept", func() bool { return p.position("a") == strings.Fields(want[4])[1] })
}

func TestPositionsThatCannotBeStoredAreTriedAgain(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	p.fail = errors.New("the database is away")
	w := start(t, server.URL(), p, "a")
	want := w.fill("a", 0, 5)
	w.until("asked again and again", func() bool { return w.faults("position") >= 3 })
	if len(w.got) != 0 {
		t.Errorf("read %q, though nobody knows from where", w.got)
	}
	p.set(func() { p.fail = nil })
	w.until("all arrive", func() bool { return len(w.got) == 5 })
	w.until("the position", func() bool { return p.position("a") == strings.Fields(want[4])[1] })
	p.set(func() { p.fail = errors.New("the database is away") })
	before := w.faults("position")
	last := w.add("a", "*", "x")
	w.until("storing is tried again and again", func() bool { return w.faults("position") >= before+3 })
	p.set(func() { p.fail = nil })
	w.until("and succeeds", func() bool { return p.position("a") == last })
}

func TestAPositionThatIsNoneStartsAtTheFirstEntry(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	p.positions["a"] = "soon"
	w := prepare(t, server.URL(), p, "a")
	w.fill("a", 0, 3)
	w.run()
	w.until("all arrive", func() bool { return len(w.got) == 3 })
	if w.faults("position") != 1 {
		t.Errorf("%d faults counted, want 1", w.faults("position"))
	}
}

// Producers may count on their own; a stream that begins anew then has ids that were there before.
func TestAStreamThatBeginsAnewIsReadFromItsFirstEntry(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := start(t, server.URL(), p, "a")
	for i := range 5 {
		w.add("a", fmt.Sprintf("%d-1", 10+i), "old")
	}
	w.until("the old ones", func() bool { return len(w.got) == 5 })
	if err := w.client.Del(t.Context(), "a").Err(); err != nil {
		t.Fatal(err)
	}
	w.add("a", "1-1", "new")
	w.until("a deleted stream's new entry", func() bool { return slices.Contains(w.got, "a 1-1 new") })
	// Whether the follower saw the stream gone or only older does not matter; it is counted once.
	if n := w.faults("restarted"); n != 1 {
		t.Errorf("counted %d times, want once", n)
	}
	w.until("the position goes back", func() bool { return p.position("a") == "1-1" })

	w.add("a", "20-1", "old")
	w.until("another old one", func() bool { return p.position("a") == "20-1" })
	server.Kill() // it keeps nothing
	server.Restart()
	w.add("a", "2-1", "after")
	w.until("what came after a restart without data", func() bool { return slices.Contains(w.got, "a 2-1 after") })
	w.until("counted", func() bool { return w.faults("restarted") == 2 })
	if len(w.gaps) != 2 {
		t.Errorf("%d gaps told, want 2", len(w.gaps))
	}
	w.stop()

	// And while nobody follows.
	if err := w.client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	w.add("a", "1-5", "later")
	again := start(t, server.URL(), p, "a")
	again.until("it is read", func() bool { return slices.Equal(again.got, []string{"a 1-5 later"}) })
	if again.faults("restarted") != 1 || len(again.gaps) != 0 { // ids that are no times tell no interval
		t.Errorf("counted %d times, gaps %v", again.faults("restarted"), again.gaps)
	}
}

func TestAnEntryThatIsDeletedIsNoNewBeginning(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := start(t, server.URL(), p, "a")
	w.add("a", "1-1", "x")
	last := w.add("a", "2-1", "x")
	w.until("both", func() bool { return p.position("a") == last })
	if err := w.client.XDel(t.Context(), "a", last).Err(); err != nil {
		t.Fatal(err)
	}
	w.stop()
	again := start(t, server.URL(), p, "a")
	again.until("connected", func() bool { return len(again.ups) == 1 })
	again.add("a", "3-1", "x")
	again.until("the next one", func() bool { return p.position("a") == "3-1" })
	if !slices.Equal(again.got, []string{"a 3-1 x"}) || again.faults("restarted") != 0 {
		t.Errorf("got %q, %d restarts", again.got, again.faults("restarted"))
	}
}

func TestATrimmedStreamIsTold(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := start(t, server.URL(), p, "a")
	read := w.fill("a", 0, 3)
	w.until("read", func() bool { return p.position("a") == strings.Fields(read[2])[1] })
	w.stop()
	want := w.fill("a", 3, 300)
	if err := w.client.XTrimMaxLen(t.Context(), "a", 10).Err(); err != nil {
		t.Fatal(err)
	}
	want = want[len(want)-10:]
	again := start(t, server.URL(), p, "a")
	again.until("what is left arrives", func() bool { return len(again.got) >= 10 })
	again.until("told", func() bool { return again.faults("trimmed") == 1 && len(again.gaps) == 1 })
	again.stop()
	if diff := cmp.Diff(want, again.got); diff != "" {
		t.Error(diff)
	}
	from, _ := ParseID(strings.Fields(read[2])[1])
	to, _ := ParseID(strings.Fields(want[0])[1])
	a, _ := from.Time()
	b, _ := to.Time()
	if !again.gaps[0][0].Equal(a) || !again.gaps[0][1].Equal(b) {
		t.Errorf("gap %v, want %v to %v", again.gaps[0], a, b)
	}
}

func TestOneKeyThatIsNoStreamStopsNoOther(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := prepare(t, server.URL(), p, "a", "b")
	if err := w.client.Set(t.Context(), "a", "text", 0).Err(); err != nil {
		t.Fatal(err)
	}
	w.run()
	w.until("refused again and again", func() bool { return w.faults("refused") >= 3 })
	w.fill("b", 0, 5)
	w.until("the other arrives", func() bool { return len(w.got) == 5 })
	if err := w.client.Del(t.Context(), "a").Err(); err != nil {
		t.Fatal(err)
	}
	w.fill("a", 5, 7)
	w.until("and this one, once it is a stream", func() bool { return len(w.got) == 7 })
	if !slices.Equal(w.ups, []bool{true}) {
		t.Errorf("ups %v", w.ups)
	}
}

func TestRedisThatKeepsItsDataIsKilled(t *testing.T) {
	t.Parallel()
	server, p := stack.KeptRedis(t), fresh()
	w := start(t, server.URL(), p, "a")
	want := w.fill("a", 0, 150)
	for range 2 {
		server.Kill()
		w.until("down", func() bool { return len(w.ups) > 0 && !w.ups[len(w.ups)-1] })
		server.Restart()
		want = append(want, w.fill("a", len(want), len(want)+150)...)
		w.until("all arrive", func() bool { return len(w.got) >= len(want) })
	}
	w.stop()
	if diff := cmp.Diff(want, w.got); diff != "" {
		t.Error(diff)
	}
	if n := w.faults("restarted") + w.faults("trimmed"); n != 0 || len(w.gaps) != 0 {
		t.Errorf("%d faults, gaps %v", n, w.gaps)
	}
}

// A connection that is open and dead is found out by its silence.
func TestStoppedRedisIsNoticed(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := start(t, server.URL(), p, "a")
	w.until("up", func() bool { return slices.Equal(w.ups, []bool{true}) })
	if err := syscall.Kill(server.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	w.until("down", func() bool { return len(w.ups) >= 2 && !w.ups[1] })
	if err := syscall.Kill(server.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	w.until("up again", func() bool { return w.ups[len(w.ups)-1] })
}

func TestWhoIsSlowReadsMoreSlowly(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := prepare(t, server.URL(), p, "a")
	want := w.fill("a", 0, 1000)
	hold := make(chan struct{})
	w.hold = hold
	w.run()
	w.until("the first batch was read", func() bool { return w.entriesRead() > 0 })
	// Nobody takes them, so there is never a second batch, and the position stays.
	for deadline := time.Now().Add(100 * time.Millisecond); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if n := w.entriesRead(); n > 100 {
			t.Fatalf("%d entries were read, though none of them can be taken", n)
		}
	}
	if at := p.position("a"); at != "" {
		t.Errorf("the position is %s", at)
	}
	w.mu.Lock()
	w.hold = nil
	w.mu.Unlock()
	close(hold)
	w.until("all arrive", func() bool { return len(w.got) == len(want) })
	w.stop()
	if diff := cmp.Diff(want, w.got); diff != "" {
		t.Error(diff)
	}
}

func (w *world) entriesRead() int {
	families, err := w.m.Registry.Gather()
	if err != nil {
		panic(err)
	}
	for _, f := range families {
		if f.GetName() == "tierboard_ingest_stream_entries_total" {
			return int(f.GetMetric()[0].GetCounter().GetValue())
		}
	}
	return 0
}

func TestAUserThatMayOnlyReadIsEnough(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	all := prepare(t, server.URL(), p, "a")
	if err := all.client.Do(t.Context(), "acl", "setuser", "reader", "on", ">secret", "~*", "+xread").Err(); err != nil {
		t.Fatal(err)
	}
	w := start(t, strings.Replace(server.URL(), "redis://", "redis://reader:secret@", 1), p, "a")
	all.fill("a", 0, 5)
	w.until("all arrive", func() bool { return len(w.got) == 5 })
	if n := w.faults("refused"); n != 0 {
		t.Errorf("%d times refused", n)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	good := Config{
		Redis: &redis.Options{}, Streams: []string{"a"}, Count: 100, Block: time.Second, DeadAfter: time.Second, SaveEvery: time.Second,
		Pause: func(int) time.Duration { return time.Second },
	}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Config){
		"Redis":     func(c *Config) { c.Redis = nil },
		"Pause":     func(c *Config) { c.Pause = nil },
		"Streams":   func(c *Config) { c.Streams = nil },
		"empty":     func(c *Config) { c.Streams = []string{""} },
		"twice":     func(c *Config) { c.Streams = []string{"a", "b", "a"} },
		"64":        func(c *Config) { c.Streams = strings.Split(strings.Repeat("x,", 64)+"y", ",") },
		"Count":     func(c *Config) { c.Count = 99 },
		"Block":     func(c *Config) { c.Block = 0 },
		"DeadAfter": func(c *Config) { c.DeadAfter = 0 },
		"SaveEvery": func(c *Config) { c.SaveEvery = 0 },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if _, err := New(good, Sinks{}, metrics.New(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a follower without sinks is made")
	}
}
