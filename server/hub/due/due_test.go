package due

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAClockCountsFromItsBeginning(t *testing.T) {
	began := time.Unix(1_800_000_000, 999)
	c := NewClock(began)
	if got := c.Moment(began); got != 1 {
		t.Errorf("it begins at %d, want 1, since 0 is none", got)
	}
	if got := c.Moment(began.Add(time.Hour)); got != Moment(1).Add(time.Hour) {
		t.Errorf("an hour later it is %d", got)
	}
	for after, want := range map[time.Duration]uint32{
		0: 0, time.Millisecond - 1: 0, time.Millisecond: 1, time.Hour: 3_600_000,
		(1<<32 - 1) * time.Millisecond: 1<<32 - 1, 1 << 32 * time.Millisecond: 0,
	} {
		if got := c.Millis(began.Add(after)); got != want {
			t.Errorf("after %v it is millisecond %d, want %d", after, got, want)
		}
	}
}

func TestWhatIsPushedLaterIsDueNoEarlier(t *testing.T) {
	var q Queue[int]
	const at = Moment(1)
	first := q.Push(0, at.Add(80*time.Millisecond))
	second := q.Push(0, at.Add(20*time.Millisecond))
	if second != first {
		t.Errorf("the second closes at %v, want not before the first at %v", second, first)
	}
}

func TestAQueueStaysSmallAndInOrder(t *testing.T) {
	var q Queue[int]
	const now, late = Moment(1), Moment(time.Hour)
	for i := range 10_000 {
		q.Push(0, now+Moment(i))
		if i%100 < 97 {
			if d, ok := q.Pop(late); !ok || d.At < now {
				t.Fatalf("pop %d = %v, %v", i, d, ok)
			}
		}
	}
	if cap(q.items) > 2000 {
		t.Errorf("room for %d entries with %d in it", cap(q.items), len(q.items)-q.head)
	}
	last := now - 1
	n := 0
	for d, ok := q.Pop(late); ok; d, ok = q.Pop(late) {
		if d.At <= last {
			t.Fatal("out of order")
		}
		last = d.At
		n++
	}
	if n != 300 {
		t.Errorf("%d left, want 300", n)
	}
	if q.Next() != 0 {
		t.Error("an empty queue has a next")
	}
}

// TestAQueueGivesWhatIsDueAndNoMore compares with a plain list.
func TestAQueueGivesWhatIsDueAndNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Queue[int]
		var plain []Entry[int]
		now, last := Moment(1), Moment(0)
		for i := range rapid.IntRange(1, 400).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "wait")))
			if rapid.IntRange(0, 2).Draw(t, "push") > 0 {
				at := now.Add(time.Duration(rapid.IntRange(0, 50).Draw(t, "length")))
				last = max(at, last)
				if got := q.Push(i, at); got != last {
					t.Fatalf("pushed for %d, due at %d, want %d", at, got, last)
				}
				plain = append(plain, Entry[int]{i, last})
			}
			due := len(plain) > 0 && plain[0].At <= now
			e, ok := q.Pop(now)
			if ok != due || ok && e != plain[0] {
				t.Fatalf("popped %+v, %v at %d of %+v", e, ok, now, plain)
			}
			if ok {
				plain = plain[1:]
			}
			next := Moment(0)
			if len(plain) > 0 {
				next = plain[0].At
			}
			if got := q.Next(); got != next {
				t.Fatalf("next is %d, want %d", got, next)
			}
		}
	})
}
