package job

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEqualPlansMakeEqualJobs(t *testing.T) {
	p := NewPlan(7, 2000, 500)
	a, b := New(p), New(p)
	if len(a.Filters) != 2000 || len(a.Shapes) != 500 {
		t.Fatalf("%d filters, %d events", len(a.Filters), len(a.Shapes))
	}
	seen := map[string]bool{}
	for i := range a.Filters {
		key := a.Filters[i].Key()
		if key != b.Filters[i].Key() || seen[key] {
			t.Fatalf("user %d has %q, which is another's or not the same again", i, key)
		}
		seen[key] = true
	}
	for n := range a.Shapes {
		if a.Shapes[n] != b.Shapes[n] {
			t.Fatalf("event %d is of shape %d and %d", n, a.Shapes[n], b.Shapes[n])
		}
	}
	if q := NewPlan(7, 100, 500); q.Run == p.Run {
		t.Error("two plans have the same ids")
	}
}

func TestReadyEventsAreTheShapes(t *testing.T) {
	j := New(NewPlan(2, 1, 100))
	events, err := j.Ready()
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != j.Traffic.Shapes() {
		t.Fatalf("%d events of %d shapes", len(events), j.Traffic.Shapes())
	}
	for i, e := range events {
		of := j.Traffic.Shape(i)
		if e.Symbol != of.Symbol || e.Pattern != of.Pattern || e.Tier != of.Tier || e.Confidence != of.Confidence || e.Priority != of.Priority {
			t.Fatalf("shape %d: %+v, want %+v", i, e, of)
		}
	}
}

func TestNumber(t *testing.T) {
	j := New(NewPlan(2, 1, 100))
	for _, n := range []int{0, 1, 99} {
		text := bytes.TrimSuffix(j.Traffic.Append(nil, n, int(j.Shapes[n]), time.Now()), []byte("\r\n"))
		if got, id, err := j.Number(text); err != nil || got != n || string(id) != j.Traffic.ID(n) {
			t.Errorf("event %d is read as %d, %q (%v)", n, got, id, err)
		}
	}
	for _, text := range []string{"", `"`, `""`, `{"id":"` + j.Traffic.ID(100) + `"}`, `{"id":"` + j.Traffic.ID(1) + `x"}`, "no text"} {
		if n, id, err := j.Number([]byte(text)); err == nil {
			t.Errorf("%q is event %d, %q", text, n, id)
		}
	}
}

func TestSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 200
		numbers := rapid.MapOf(rapid.IntRange(0, most-1), rapid.Bool())
		plainA, plainB := numbers.Draw(t, "a"), numbers.Draw(t, "b")
		a, b := NewSet(most), NewSet(most)
		fill := func(s Set, plain map[int]bool) {
			for n, in := range plain {
				s.Add(n)
				if !in {
					s.Remove(n)
				}
			}
		}
		fill(a, plainA)
		fill(b, plainB)
		size, without := 0, 0
		for n := range most {
			if a.Has(n) != plainA[n] {
				t.Fatalf("%d is in: %v", n, a.Has(n))
			}
			if plainA[n] {
				size++
				if !plainB[n] {
					without++
				}
			}
		}
		if a.Len() != size || a.Without(b) != without {
			t.Fatalf("%d and %d, want %d and %d", a.Len(), a.Without(b), size, without)
		}
	})
}
