package match

import "strings"

// names numbers the texts in use. Numbers are small, start at 1 and are used again once nobody uses their text any more,
// since filters come from users, who can think of any number of symbols.
type names struct {
	numbers map[string]uint32
	uses    []int // by number
	free    []uint32
}

func newNames() names { return names{numbers: map[string]uint32{}, uses: []int{0}} }

// find returns a text's number, or 0.
func (n *names) find(text string) uint32 { return n.numbers[text] }

// take counts one more use of a text, which gets a number with the first.
func (n *names) take(text string) {
	number, known := n.numbers[text]
	if !known {
		if last := len(n.free) - 1; last >= 0 {
			number, n.free = n.free[last], n.free[:last]
		} else {
			number = uint32(len(n.uses)) //nolint:gosec // one per text in use
			n.uses = append(n.uses, 0)
		}
		n.numbers[strings.Clone(text)] = number // the filter's text may be part of a whole request
	}
	n.uses[number]++
}

// drop counts one use less.
func (n *names) drop(text string) {
	number := n.numbers[text]
	if n.uses[number]--; n.uses[number] == 0 {
		delete(n.numbers, text)
		n.free = append(n.free, number)
	}
}
