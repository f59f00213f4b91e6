package rival

import (
	"slices"
	"strconv"
	"testing"

	"github.com/centrifugal/centrifuge"

	"tierboard/e2e/peer/job"
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
	j := job.New(job.Plan{Seed: 5, Users: 300, Events: 2000})
	for _, m := range []Model{ByChannel, ByTags} {
		wanted := 0
		for i := range j.Filters {
			f := &j.Filters[i]
			channels, node := m.channelsFor(f), m.node(f)
			for k := range j.Traffic.Shapes() {
				e := j.Traffic.Shape(k)
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
