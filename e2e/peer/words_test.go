package main

import (
	"slices"
	"strconv"
	"testing"

	"github.com/centrifugal/centrifuge"
)

// holds is what the peer documents of the nodes that are used.
func holds(t *testing.T, n *centrifuge.FilterNode, tags map[string]string) bool {
	t.Helper()
	if n == nil {
		return true
	}
	if n.GetOp() == "and" {
		for _, child := range n.GetNodes() {
			if !holds(t, child, tags) {
				return false
			}
		}
		return len(n.GetNodes()) > 0
	}
	tag, ok := tags[n.GetKey()]
	if !ok {
		return false
	}
	switch n.GetCmp() {
	case "eq":
		return tag == n.GetVal()
	case "in":
		return slices.Contains(n.GetVals(), tag)
	case "gte":
		value, err1 := strconv.ParseFloat(tag, 64)
		least, err2 := strconv.ParseFloat(n.GetVal(), 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("%q and %q are not both numbers", tag, n.GetVal())
		}
		return value >= least
	}
	t.Fatalf("an operator %q", n.GetCmp())
	return false
}

func TestAFilterInThePeersWordsIsTheSame(t *testing.T) {
	j := newJob(plan{seed: 5, users: 300, events: 2000})
	for _, m := range []model{byChannel, byTags} {
		wanted := 0
		for i := range j.filters {
			f := &j.filters[i]
			channels, node := m.channelsFor(f), m.node(f)
			for k := range j.traffic.Shapes() {
				e := j.traffic.Shape(k)
				got := 0
				for _, channel := range m.channelsOf(e) {
					if slices.Contains(channels, channel) && holds(t, node, m.tags(e)) {
						got++
					}
				}
				want := 0
				if f.Match(e) {
					want = 1
					wanted++
				}
				if got != want {
					t.Fatalf("%s: %+v comes %d times to %+v, want %d", m, e, got, f, want)
				}
			}
		}
		if wanted == 0 {
			t.Errorf("%s: nobody wants anything", m)
		}
	}
}

func TestUsersHaveDistinctFiltersAndJobsAreEqual(t *testing.T) {
	p := plan{seed: 1, run: 2, users: 2000, events: 100}
	a, b := newJob(p), newJob(p)
	seen := map[string]bool{}
	for i := range a.filters {
		key := a.filters[i].Key()
		if seen[key] {
			t.Fatalf("two users have the filter %s", key)
		}
		seen[key] = true
		if key != b.filters[i].Key() {
			t.Fatalf("user %d has another filter in an equal job", i)
		}
	}
	if !slices.Equal(a.shapes, b.shapes) {
		t.Error("equal jobs publish different events")
	}
}
