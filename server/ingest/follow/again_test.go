package follow

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierboard/e2e/stack"
)

// has reports whether the follower told something; it is asked about under the world's lock, which is another one.
func (p *memory) has(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.told, what)
}

// values returns the values of what arrived.
func (w *world) values() []string {
	out := make([]string, len(w.got))
	for i, line := range w.got {
		out[i] = strings.Fields(line)[2]
	}
	return out
}

func TestWhyAStreamCannotBeReadIsTold(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := prepare(t, server.URL(), p, "a", "b")
	if err := w.client.Set(t.Context(), "a", "text", 0).Err(); err != nil {
		t.Fatal(err)
	}
	w.run()
	w.until("no stream", func() bool { return p.has(`a: the key "a" in Redis is no stream`) })
	w.until("none yet", func() bool { return p.has(`b: there is no stream "b" in Redis`) })
	w.until("refused again and again", func() bool { return w.faults("refused") >= 3 })
	if err := w.client.Del(t.Context(), "a").Err(); err != nil {
		t.Fatal(err)
	}
	w.fill("a", 0, 1)
	w.fill("b", 1, 2)
	w.until("both can be read", func() bool { return p.has("a: ") && p.has("b: ") })
	w.stop()
	for _, stream := range []string{"a", "b"} {
		last := ""
		for _, line := range p.heard() {
			if strings.HasPrefix(line, stream+": ") && line == last {
				t.Errorf("told twice: %s", line)
			} else if strings.HasPrefix(line, stream+": ") {
				last = line
			}
		}
	}

	if err := w.client.Do(t.Context(), "acl", "setuser", "reader", "on", ">secret", "~x", "+xread", "+xinfo").Err(); err != nil {
		t.Fatal(err)
	}
	forbidden := start(t, strings.Replace(server.URL(), "redis://", "redis://reader:secret@", 1), p, "a")
	forbidden.until("told", func() bool { return p.has(`a: Redis does not allow this server to read the stream "a"`) })
}

func TestWhatMayHaveComeBeforeIsTold(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := prepare(t, server.URL(), p, "a")
	hold := make(chan struct{})
	w.hold = hold
	w.fill("a", 0, 250)
	w.run()
	w.until("there is no position", func() bool { return p.has("a again true") })
	if p.has("a again false") {
		t.Error("it is over, though nothing was dealt with")
	}
	w.mu.Lock()
	w.hold = nil
	w.mu.Unlock()
	close(hold)
	w.until("it is over", func() bool { return p.has("a again false") })
	if len(w.got) < 250 {
		t.Errorf("it is over after %d of 250", len(w.got))
	}
	w.stop()

	// Whoever goes on at a position reads nothing again.
	p.heard()
	w.fill("a", 250, 600)
	on := start(t, server.URL(), p, "a")
	on.until("all arrive", func() bool { return len(on.got) == 350 })
	on.stop()
	if told := p.heard(); len(told) != 0 {
		t.Errorf("told %q", told)
	}
}

// A Redis that comes back from an old copy has an old stream.
func TestAStreamThatGoesBackIsReadAgainAndTold(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := prepare(t, server.URL(), p, "a")
	for i := range 5 {
		w.add("a", fmt.Sprintf("%d-1", 10+i), "old")
	}
	copied, err := w.client.Dump(t.Context(), "a").Result()
	if err != nil {
		t.Fatal(err)
	}
	w.add("a", "20-1", "newest")
	w.run()
	w.until("read", func() bool { return p.position("a") == "20-1" && p.has("a again false") })
	p.heard()
	if err := w.client.RestoreReplace(t.Context(), "a", 0, copied).Err(); err != nil {
		t.Fatal(err)
	}
	w.until("read again, and over", func() bool { return len(w.got) == 11 && p.has("a again true") && p.has("a again false") })
	w.add("a", "30-1", "new")
	w.until("what is new", func() bool { return p.position("a") == "30-1" })
	if want := []string{"old", "old", "old", "old", "old", "newest", "old", "old", "old", "old", "old", "new"}; !slices.Equal(w.values(), want) {
		t.Errorf("got %q", w.values())
	}
	if told := p.heard(); !slices.Equal(told, []string{"a again true", "a again false"}) {
		t.Errorf("told %q", told)
	}
}

// Ids that a producer counts itself begin at the same numbers again, and may have passed our position when we come back.
func TestAnotherStreamThatHasGrownBeyondThePositionIsReadFromItsFirstEntry(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := start(t, server.URL(), p, "a")
	w.add("a", "5-1", "old")
	w.until("read", func() bool { return p.position("a") == "5-1" })
	w.stop()
	if err := w.client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1-1", "4-1", "6-1", "9-1"} {
		w.add("a", id, "new")
	}
	p.heard()
	again := start(t, server.URL(), p, "a")
	again.until("all of it", func() bool { return p.position("a") == "9-1" })
	again.until("told", func() bool { return p.has("a again true") && p.has("a again false") })
	if want := []string{"a 1-1 new", "a 4-1 new", "a 6-1 new", "a 9-1 new"}; !slices.Equal(again.got, want) || again.faults("restarted") != 1 {
		t.Errorf("got %q, %d restarts", again.got, again.faults("restarted"))
	}
	again.stop()

	// The same one, met again, is not another.
	p.heard()
	again.add("a", "10-1", "new")
	third := start(t, server.URL(), p, "a")
	third.until("the next", func() bool { return p.position("a") == "10-1" })
	if told := p.heard(); !slices.Equal(third.got, []string{"a 10-1 new"}) || len(told) != 0 {
		t.Errorf("got %q, told %q", third.got, told)
	}
}

// A Redis that lost everything and whose producer began again has ids behind our position, as a trimmed one has.
func TestWhatComesAfterATrimMayHaveComeBefore(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := start(t, server.URL(), p, "a")
	read := w.fill("a", 0, 3)
	w.until("read", func() bool { return p.position("a") == strings.Fields(read[2])[1] })
	w.stop()
	if err := w.client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	want := w.fill("a", 0, 3)
	p.heard()
	again := start(t, server.URL(), p, "a")
	again.until("read and over", func() bool { return len(again.got) == 3 && p.has("a again false") })
	if told := p.heard(); !slices.Equal(again.got, want) || !slices.Equal(told, []string{"a again true", "a again false"}) {
		t.Errorf("got %q, told %q", again.got, told)
	}
}

func TestWhatWasLostIsReadAgainFromThePosition(t *testing.T) {
	t.Parallel()
	server, p := stack.Redis(t), fresh()
	w := start(t, server.URL(), p, "a", "b")
	first := w.fill("a", 0, 3)
	kept := strings.Fields(first[2])[1]
	w.until("the position", func() bool { return p.position("a") == kept && p.has("a again false") })
	p.set(func() { p.unsafe, p.lost, p.told = true, true, nil }) // the archive is away, and not all of what comes now has room
	second := w.fill("a", 3, 300)
	w.until("all arrive", func() bool { return len(w.got) == 300 })
	if at := p.position("a"); at != kept {
		t.Errorf("the position is %s", at)
	}
	p.set(func() { p.unsafe = false })
	w.until("they come again", func() bool { return len(w.got) == 300+297 })
	w.until("the position", func() bool { return p.position("a") == strings.Fields(second[296])[1] })
	w.until("told", func() bool { return p.has("a again false") })
	w.stop()
	if diff := cmp.Diff(slices.Concat(first, second, second), w.got); diff != "" {
		t.Error(diff)
	}
	told := slices.DeleteFunc(p.heard(), func(line string) bool { return strings.HasPrefix(line, "b") })
	if !slices.Equal(told, []string{"a again true", "a again false"}) || w.faults("lost") != 1 {
		t.Errorf("told %q, %d losses", told, w.faults("lost"))
	}
}

func TestAReceiptOfAnEarlierLapCountsNoMore(t *testing.T) {
	s := &stream{name: "a"}
	old := Receipt{of: s, id: ID{9, 1}}
	s.back(ID{5, 1})
	old.Done()
	if lap, done, kept := s.state(); lap != 1 || done != (ID{}) || kept != (ID{5, 1}) {
		t.Errorf("lap %d, done %v, kept %v", lap, done, kept)
	}
	Receipt{of: s, id: ID{6, 1}, lap: 1}.Done()
	if _, done, _ := s.state(); done != (ID{6, 1}) {
		t.Errorf("done %v", done)
	}
}
