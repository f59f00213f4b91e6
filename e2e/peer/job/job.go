// Package job is what servers are compared by: which events are published, in which order, and who wants them.
package job

import (
	"math/rand/v2"

	"tierboard/server/load/traffic"
	"tierboard/shared/filter"
)

// Plan says what is published and who wants it. Equal plans make equal jobs, so that the process of a server need not be told
// more.
type Plan struct {
	Seed   uint64 // chooses market and filters
	Run    uint64 // goes into the ids, so that those of another run are told apart
	Users  int    // from 1
	Events int    // from 1
}

// NewPlan returns a plan whose ids are those of no other.
func NewPlan(seed uint64, users, events int) Plan { return Plan{seed, rand.Uint64(), users, events} }

// mostShapes bounds what has to be matched in advance.
const mostShapes = 8192

// Job is a plan worked out. It does not change, but for what [traffic.Traffic.Append] notes.
type Job struct {
	Plan

	Traffic *traffic.Traffic
	Filters []filter.Filter // by user, no two the same
	Shapes  []int32         // by event
}

// New works a plan out.
func New(p Plan) *Job {
	j := &Job{Plan: p, Traffic: traffic.New(traffic.Config{Seed: p.Seed, Run: p.Run, Shapes: min(max(p.Events, 1000), mostShapes)})}
	rng := rand.New(rand.NewPCG(p.Seed, 2))
	taken := map[string]bool{}
	for len(j.Filters) < p.Users {
		for _, f := range j.Traffic.Filters(rng)[:1] {
			if key := f.Key(); !taken[key] {
				taken[key] = true
				j.Filters = append(j.Filters, f)
			}
		}
	}
	j.Shapes = make([]int32, p.Events)
	for n := range j.Shapes {
		j.Shapes[n] = int32(rng.IntN(j.Traffic.Shapes()))
	}
	return j
}

// Wants returns the events that each user must get: those that filter.Match says, and no other.
func (j *Job) Wants() []Set {
	wants := make([]Set, j.Users)
	for user := range wants {
		shapes := NewSet(j.Traffic.Shapes())
		for i := range j.Traffic.Shapes() {
			if j.Filters[user].Match(j.Traffic.Shape(i)) {
				shapes.Add(i)
			}
		}
		wants[user] = NewSet(j.Events)
		for n, shape := range j.Shapes {
			if shapes.Has(int(shape)) {
				wants[user].Add(n)
			}
		}
	}
	return wants
}
