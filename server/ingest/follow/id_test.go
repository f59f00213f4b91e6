package follow

import (
	"testing"
	"time"
)

func TestIDs(t *testing.T) {
	for text, want := range map[string]ID{
		"0-0": {}, "1-2": {1, 2}, "1700000000000-7": {1700000000000, 7}, "18446744073709551615-18446744073709551615": {1<<64 - 1, 1<<64 - 1},
	} {
		id, ok := ParseID(text)
		if !ok || id != want || id.String() != text {
			t.Errorf("%s is read as %v, %v and written as %s", text, id, ok, id)
		}
	}
	for _, text := range []string{"", "-", "1", "1-", "-1", "1-2-3", "1--2", "a-1", "1-a", " 1-1", "18446744073709551616-0", "$", ">"} {
		if id, ok := ParseID(text); ok {
			t.Errorf("%q is read as %v", text, id)
		}
	}
	ascending := []ID{{}, {0, 1}, {1, 0}, {1, 2}, {2, 1}, {10, 0}}
	for i, a := range ascending {
		for j, b := range ascending {
			if got := a.Compare(b); got != compare(i, j) {
				t.Errorf("%v to %v: %d", a, b, got)
			}
		}
	}
	if at, ok := (ID{1700000000123, 4}).Time(); !ok || !at.Equal(time.UnixMilli(1700000000123)) {
		t.Errorf("the time is %v, %v", at, ok)
	}
	for _, id := range []ID{{}, {1, 1}, {1<<64 - 1, 0}} {
		if at, ok := id.Time(); ok {
			t.Errorf("%v has the time %v", id, at)
		}
	}
}

func compare(i, j int) int {
	switch {
	case i < j:
		return -1
	case i > j:
		return 1
	}
	return 0
}

func TestAboutReadsWhatItKnows(t *testing.T) {
	x := about([]any{
		"length", int64(2), "groups", int64(0), "last-generated-id", "5-1", "max-deleted-entry-id", "2-1", "something", nil,
		"first-entry",
		[]any{"3-1", []any{"v", "x"}},
		"odd",
	})
	if x.newest == nil || *x.newest != (ID{5, 1}) || x.first == nil || *x.first != (ID{3, 1}) || x.deleted == nil || *x.deleted != (ID{2, 1}) {
		t.Errorf("got %v, %v and %v", x.newest, x.first, x.deleted)
	}
	for _, answer := range [][]any{
		nil,
		{"last-generated-id"},
		{"last-generated-id", nil, "first-entry", nil, "max-deleted-entry-id", nil},
		{int64(1), "2"},
		{"first-entry", []any{}},
		{"last-generated-id", int64(5), "first-entry", []any{int64(1)}},
		{"first-entry", "5-1", "last-generated-id", "x", "max-deleted-entry-id", "-"},
	} {
		if x := about(answer); x != (facts{}) {
			t.Errorf("%v is read as %+v", answer, x)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("1700000000000-0")
	f.Add("1-18446744073709551616")
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := ParseID(text)
		if !ok {
			return
		}
		if again, ok := ParseID(id.String()); !ok || again != id {
			t.Errorf("%q is read as %v, then as %v", text, id, again)
		}
	})
}
