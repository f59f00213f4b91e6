package table

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// apart is what stands apart in these tests.
const apart uint64 = 1 << 5

// plainTable is the oracle: a map of sorted slices.
type plainTable map[uint64][2][]uint64

func (p plainTable) change(key, w uint64, add bool) {
	both := p[key]
	side := &both[0]
	if w&apart != 0 {
		side = &both[1]
	}
	at, _ := slices.BinarySearch(*side, w)
	if add {
		*side = slices.Insert(*side, at, w)
	} else {
		*side = slices.Delete(*side, at, at+1)
	}
	if p[key] = both; len(both[0])+len(both[1]) == 0 {
		delete(p, key)
	}
}

// same compares every list, and some that are not there.
func (p plainTable) same(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, x *Table, keys uint64,
) {
	t.Helper()
	if x.Len() != len(p) {
		t.Fatalf("%d keys, want %d", x.Len(), len(p))
	}
	for key := range keys {
		want := p[key]
		if plain, others := x.Find(key); !slices.Equal(plain, want[0]) || !slices.Equal(others, want[1]) {
			t.Fatalf("key %d: %v and %v, want %v and %v", key, plain, others, want[0], want[1])
		}
	}
}

// TestATableEqualsAMapOfSlices changes both at random: few keys, so that lists get long, short and empty again.
func TestATableEqualsAMapOfSlices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, want := New(apart), plainTable{}
		keys := rapid.Uint64Range(1, 60).Draw(t, "keys")
		dice := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var in [][2]uint64
		for range rapid.IntRange(1, 6).Draw(t, "phases") {
			adding := rapid.Float64Range(0, 1).Draw(t, "share of additions")
			for range rapid.IntRange(1, 400).Draw(t, "changes") {
				if dice.Float64() < adding || len(in) == 0 {
					key, w := dice.Uint64N(keys), 1+dice.Uint64N(200)
					x.Insert(key, w)
					want.change(key, w, true)
					in = append(in, [2]uint64{key, w})
					continue
				}
				i := dice.IntN(len(in))
				x.Remove(in[i][0], in[i][1])
				want.change(in[i][0], in[i][1], false)
				in[i] = in[len(in)-1]
				in = in[:len(in)-1]
			}
			want.same(t, x, keys+5)
		}
	})
}

// TestATableGivesBack fills a table with lists of all lengths, the longest with a piece of their own, and empties it again.
func TestATableGivesBack(t *testing.T) {
	x, want := New(apart), plainTable{}
	dice := rand.New(rand.NewPCG(4, 2))
	const keys = 12000
	type entry struct{ key, w uint64 }
	var all []entry
	for key := range uint64(keys) {
		for range 1 + 2000/(1+key) + uint64(dice.IntN(12)) {
			all = append(all, entry{key, 1 + dice.Uint64N(1<<40)})
		}
	}
	for _, e := range all {
		x.Insert(e.key, e.w)
		want.change(e.key, e.w, true)
	}
	want.same(t, x, keys)
	words := 0
	for _, b := range want {
		words += len(b[0]) + len(b[1])
	}
	if x.lists.total > 2*words || x.lists.live > x.lists.total {
		t.Errorf("room for %d words, %d of it in blocks, with %d in lists", x.lists.total, x.lists.live, words)
	}
	most := x.lists.total
	dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, e := range all {
		x.Remove(e.key, e.w)
		want.change(e.key, e.w, false)
		if i%20000 == 0 {
			want.same(t, x, keys)
		}
	}
	want.same(t, x, keys)
	if x.lists.live != 0 || x.lists.total > leastTotal || x.lists.total >= most || len(x.slots) > leastSlots {
		t.Errorf("an empty table has %d words in blocks, room for %d and %d slots", x.lists.live, x.lists.total, len(x.slots))
	}
}

func TestSizesHoldWhatTheyAreFor(t *testing.T) {
	for n := 1; n <= longest; n++ {
		size := sizeOf(n)
		if size < 1 || size > sizes || room(size) < n || (size > 1 && room(size-1) >= n) {
			t.Fatalf("%d words: size %d with room for %d", n, size, room(size))
		}
	}
	if sizeOf(longest+1) != single {
		t.Error("a long list is cut from a piece")
	}
}

func TestFindingAllocatesNothing(t *testing.T) {
	x := New(apart)
	for key := range uint64(100) {
		for w := range key {
			x.Insert(key, w+1)
		}
	}
	found := 0
	if n := testing.AllocsPerRun(100, func() {
		for key := range uint64(120) {
			plain, others := x.Find(key)
			found += len(plain) + len(others)
		}
	}); n > 0 || found == 0 {
		t.Errorf("%v allocations for %d words", n, found)
	}
}
