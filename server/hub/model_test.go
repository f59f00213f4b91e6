package hub

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// user is a client as the protocol wants it: it knows a position for each subscription, drops duplicates by id and comes
// back with its positions.
type user struct {
	rig     *rig
	r       *rand.Rand
	filters map[string][]filter.Filter
	pos     map[string]uint64
	got     map[string]bool

	mu      sync.Mutex     // guards pos and what follows against the reader
	waiting map[string]int // subscribes not yet acknowledged on this connection
	s       *Session
	end     chan struct{}
	exact   map[string]bool // by subscription: what comes with its id is a replay
	ids     map[string]int  // on this connection, without snapshots
	twice   []string
	gaps    int
}

// connect opens a session and resumes every subscription.
func (u *user) connect(slow bool) {
	s, err := u.rig.Open(u.rig.Context(), wire.MsgPack)
	if err != nil {
		u.rig.Fatal(err)
	}
	u.s, u.end, u.exact, u.ids, u.waiting = s, make(chan struct{}), map[string]bool{}, map[string]int{}, map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(u.filters)) {
		var resume *wire.Resume
		if at, ok := u.pos[id]; ok {
			resume = &wire.Resume{Epoch: u.rig.Epoch(), Seq: at}
		}
		u.subscribe(id, resume)
	}
	go u.read(slow)
}

func (u *user) subscribe(id string, resume *wire.Resume) {
	u.mu.Lock()
	u.waiting[id]++
	if resume == nil {
		delete(u.pos, id) // of no use for other filters
	}
	u.mu.Unlock()
	if err := u.s.Subscribe(u.rig.Context(), id, u.filters[id], resume); err != nil {
		u.rig.Fatal(err)
	}
}

func (u *user) read(slow bool) {
	defer close(u.end)
	for {
		f, err := u.s.Next(u.rig.Context())
		if err != nil {
			return
		}
		if slow {
			time.Sleep(time.Duration(u.r.IntN(8)) * time.Millisecond)
		}
		select {
		case <-u.s.Cut(): // the connection broke while the frame was on its way
			return
		default:
		}
		m, err := wire.Decode(f.Bytes)
		if err != nil {
			panic(err)
		}
		u.take(m)
	}
}

func (u *user) take(m wire.Frame) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch m := m.(type) {
	case *wire.Subscribed:
		u.waiting[m.ID]--
		u.exact[m.ID] = m.Resumed
		if m.Resumed && m.Replayed == 0 {
			u.pos[m.ID] = m.Seq
		}
	case *wire.Gap:
		u.gaps++
	case *wire.Batch:
		if m.Dropped+m.Suppressed > 0 {
			panic("the model runs without limits")
		}
		for _, e := range m.Events {
			u.got[e.ID] = true
			if m.ID == "" || u.exact[m.ID] {
				if u.ids[e.ID]++; u.ids[e.ID] > 1 {
					u.twice = append(u.twice, e.ID)
				}
			}
		}
		if m.ID != "" {
			if u.waiting[m.ID] == 0 {
				u.pos[m.ID] = m.Seq
			}
			return
		}
		for id := range u.pos {
			u.pos[id] = m.Seq
		}
	}
}

// cut breaks the connection.
func (u *user) cut() {
	u.s.Close()
	<-u.end
}

func TestAResumedClientGetsWhatItsUninterruptedTwinGets(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			start(t, func(c *Config) {
				c.RateLimit, c.Backlog, c.CutAfter = 0, 1_000_000, time.Hour
				c.OutboxBytes, c.BatchEvents = 1<<(10+seed%5), 1+int(seed%7)
				c.WindowMin = time.Duration(seed%4) * 7 * time.Millisecond
				c.WindowMax, c.Shards = c.WindowMin, 1+int(seed%3)
			}, func(r *rig) { twins(r, rand.New(rand.NewPCG(seed, 9))) })
		})
	}
}

// twins runs one random story.
func twins(r *rig, dice *rand.Rand) {
	names := []string{"AAPL", "TSLA", "MSFT"}
	draw := func() []filter.Filter {
		out := make([]filter.Filter, 1+dice.IntN(2))
		for i := range out {
			if dice.IntN(3) > 0 {
				out[i].Symbols = []string{names[dice.IntN(3)]}
			}
			if dice.IntN(3) == 0 {
				out[i].ConfidenceMin = .8
			}
			out[i] = out[i].Canonical()
		}
		return out
	}
	filters := map[string][]filter.Filter{}
	expected := map[string]bool{}
	var published []*event.Event
	wants := func(id string, e *event.Event) bool { return filter.Any(filters[id], e) }
	swap := func(id string) {
		filters[id] = draw()
		for _, e := range published { // a snapshot holds all of them, since they are fewer than its bound
			if wants(id, e) {
				expected[e.ID] = true
			}
		}
	}
	for i := range 1 + dice.IntN(3) {
		swap(fmt.Sprintf("s%d", i))
	}
	twin := func(d *rand.Rand) *user {
		return &user{rig: r, r: d, filters: filters, pos: map[string]uint64{}, got: map[string]bool{}}
	}
	a, b := twin(dice), twin(rand.New(rand.NewPCG(dice.Uint64(), 1)))
	a.connect(false)
	b.connect(true)
	connected := true
	for range 60 {
		switch k := dice.IntN(10); {
		case k < 6:
			for range dice.IntN(6) {
				e := r.publish(func(e *event.Event) {
					e.Symbol = names[dice.IntN(3)]
					urgent(float64(dice.IntN(100)) / 100)(e)
				})
				published = append(published, e)
				for id := range filters {
					if wants(id, e) {
						expected[e.ID] = true
					}
				}
			}
		case k < 7:
			time.Sleep(time.Duration(dice.IntN(30)) * time.Millisecond)
		case k < 8 && connected:
			time.Sleep(10 * time.Second) // both have all that the old filters wanted; a cut may come right after
			id := fmt.Sprintf("s%d", dice.IntN(len(filters)))
			swap(id)
			a.subscribe(id, nil)
			b.subscribe(id, nil)
			synctest.Wait() // what is published from here on comes after the swap
		case k < 9 && connected:
			b.cut()
			connected = false
		case !connected:
			b.connect(dice.IntN(2) == 0)
			connected = true
		}
	}
	if !connected {
		b.connect(true)
	}
	time.Sleep(time.Minute)
	a.cut()
	b.cut()
	for name, u := range map[string]*user{"uninterrupted": a, "resumed": b} {
		if !maps.Equal(u.got, expected) {
			r.Errorf("%s: got %d events, want %d", name, len(u.got), len(expected))
			for id := range expected {
				if !u.got[id] {
					r.Errorf("%s: %s is missing", name, id)
				}
			}
		}
		if len(u.twice) > 0 || u.gaps > 0 {
			r.Errorf("%s: twice on one connection: %v; gaps: %d", name, u.twice, u.gaps)
		}
	}
}
