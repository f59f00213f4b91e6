package wire

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTimeIsWrittenAsTheLayoutSays compares appendTime with the layout it stands for.
func TestTimeIsWrittenAsTheLayoutSays(t *testing.T) {
	first := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	for _, at := range []time.Time{first, last, time.Date(2024, 2, 29, 0, 0, 0, 1_000_000, time.UTC), time.Unix(0, 999_999).UTC()} {
		if got, want := string(appendTime(nil, at)), at.Format(timeLayout); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(first.Unix(), last.Unix()).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
		if got, want := string(appendTime([]byte("9"), at)), "9"+at.Format(timeLayout); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
