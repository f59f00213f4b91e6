package match

import (
	"hash/maphash"
	"strings"

	"tierboard/server/match/table"
)

// names numbers the texts in use. Numbers are small, start at 1 and are used again once nobody uses their text any more,
// since filters come from users, who can think of any number of symbols.
type names struct {
	seed    maphash.Seed
	numbers *table.Table // by the text's hash
	texts   []string     // by number
	uses    []int        // by number
	free    []uint32
}

func newNames() names {
	return names{seed: maphash.MakeSeed(), numbers: table.New(0), texts: []string{""}, uses: []int{0}}
}

// find returns a text's number, or 0.
func (n *names) find(text string) uint32 {
	numbers, _ := n.numbers.Find(maphash.String(n.seed, text))
	for _, number := range numbers {
		if n.texts[number] == text {
			return uint32(number) //nolint:gosec // one per text in use
		}
	}
	return 0
}

// take counts one more use of a text, which gets a number with the first.
func (n *names) take(text string) {
	number := n.find(text)
	if number == 0 {
		if last := len(n.free) - 1; last >= 0 {
			number, n.free = n.free[last], n.free[:last]
		} else {
			number = uint32(len(n.uses)) //nolint:gosec // one per text in use
			n.texts, n.uses = append(n.texts, ""), append(n.uses, 0)
		}
		n.texts[number] = strings.Clone(text) // the filter's text may be part of a whole request
		n.numbers.Insert(maphash.String(n.seed, text), uint64(number))
	}
	n.uses[number]++
}

// drop counts one use less.
func (n *names) drop(text string) {
	number := n.find(text)
	if n.uses[number]--; n.uses[number] == 0 {
		n.numbers.Remove(maphash.String(n.seed, text), uint64(number))
		n.texts[number] = ""
		n.free = append(n.free, number)
	}
}
