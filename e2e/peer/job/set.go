package job

import "math/bits"

// Set is a set of events by their numbers, one bit each.
type Set []uint64

// NewSet returns an empty set for the numbers 0 to n-1.
func NewSet(n int) Set { return make(Set, (n+63)/64) }

// Has reports whether the set has the number.
func (s Set) Has(n int) bool { return s[n/64]&(1<<(n%64)) != 0 }

// Add puts the number in.
func (s Set) Add(n int) { s[n/64] |= 1 << (n % 64) }

// Remove takes the number out.
func (s Set) Remove(n int) { s[n/64] &^= 1 << (n % 64) }

// Len returns how many numbers are in the set.
func (s Set) Len() (n int) {
	for i := range s {
		n += bits.OnesCount64(s[i])
	}
	return n
}

// Without returns how many numbers of the set are not in the other one, which has room for as many.
func (s Set) Without(o Set) (n int) {
	for i := range s {
		n += bits.OnesCount64(s[i] &^ o[i])
	}
	return n
}
