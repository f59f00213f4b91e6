package main

import (
	"math/bits"
	"math/rand/v2"

	"tierboard/server/load/traffic"
	"tierboard/shared/filter"
)

// plan says what is published and who wants it. Equal plans make equal jobs, so that the process of the peer's server need
// not be told more.
type plan struct {
	seed, run     uint64
	users, events int
}

// planOf returns the plan of the settings; its ids are those of no other plan.
func planOf(s *settings) plan {
	return plan{s.seed, rand.Uint64(), s.users, int(s.rate * s.length.Seconds())}
}

// mostShapes bounds what has to be matched in advance.
const mostShapes = 8192

// job is a plan worked out. It does not change, but for what traffic.Traffic.Append notes.
type job struct {
	plan

	traffic *traffic.Traffic
	filters []filter.Filter // by user
	shapes  []int32         // by event
}

// newJob works a plan out.
func newJob(p plan) *job {
	j := &job{plan: p, traffic: traffic.New(traffic.Config{Seed: p.seed, Run: p.run, Shapes: min(max(p.events, 1000), mostShapes)})}
	rng := rand.New(rand.NewPCG(p.seed, 2))
	taken := map[string]bool{}
	for len(j.filters) < p.users {
		for _, f := range j.traffic.Filters(rng)[:1] {
			if key := f.Key(); !taken[key] {
				taken[key] = true
				j.filters = append(j.filters, f)
			}
		}
	}
	j.shapes = make([]int32, p.events)
	for n := range j.shapes {
		j.shapes[n] = int32(rng.IntN(j.traffic.Shapes()))
	}
	return j
}

// set is a set of events, one bit each.
type set []uint64

func newSet(n int) set       { return make(set, (n+63)/64) }
func (s set) has(n int) bool { return s[n/64]&(1<<(n%64)) != 0 }
func (s set) add(n int)      { s[n/64] |= 1 << (n % 64) }
func (s set) minus(o set) (n int) {
	for i := range s {
		n += bits.OnesCount64(s[i] &^ o[i])
	}
	return n
}

// wants returns the events that each user must get: those that filter.Match says, and no other.
func (j *job) wants() []set {
	wants := make([]set, j.users)
	for user := range wants {
		shapes := newSet(j.traffic.Shapes())
		for i := range j.traffic.Shapes() {
			if j.filters[user].Match(j.traffic.Shape(i)) {
				shapes.add(i)
			}
		}
		wants[user] = newSet(j.events)
		for n, shape := range j.shapes {
			if shapes.has(int(shape)) {
				wants[user].add(n)
			}
		}
	}
	return wants
}
