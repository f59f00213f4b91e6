package follow

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// ID is the id of an entry: milliseconds since 1970, unless the producer counts on its own, and a number among those of
// the same millisecond. The zero ID comes before all entries. It is comparable.
type ID struct{ ms, seq uint64 }

// ParseID reads an id as Redis writes it, 1700000000000-0.
func ParseID(text string) (ID, bool) {
	left, right, _ := strings.Cut(text, "-")
	ms, err := strconv.ParseUint(left, 10, 64)
	if err != nil {
		return ID{}, false
	}
	seq, err := strconv.ParseUint(right, 10, 64)
	return ID{ms, seq}, err == nil
}

// String returns the id as Redis writes it.
func (id ID) String() string {
	return strconv.FormatUint(id.ms, 10) + "-" + strconv.FormatUint(id.seq, 10)
}

// Compare returns -1, 0 or 1 as id comes before other, is the same, or comes after it.
func (id ID) Compare(other ID) int {
	return cmp.Or(cmp.Compare(id.ms, other.ms), cmp.Compare(id.seq, other.seq))
}

// The times that an id can stand for. A producer that counts on its own begins at 1.
const (
	firstMillis = 946684800000    // 2000
	lastMillis  = 253402300799999 // 9999
)

// Time returns when the entry was added, UTC, or false if the id does not tell.
func (id ID) Time() (time.Time, bool) {
	if id.ms < firstMillis || id.ms > lastMillis {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(id.ms)).UTC(), true
}
