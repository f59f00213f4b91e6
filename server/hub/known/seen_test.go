package known

import (
	"testing"
	"time"
)

func TestSeenIsBounded(t *testing.T) {
	s := NewSeen(time.Hour, 2)
	now := time.Unix(0, 0)
	for _, p := range []string{"a", "b", "c"} {
		s.Add(p, now)
	}
	if s.Has("a", now) || !s.Has("b", now) || !s.Has("c", now) || len(s.held) != 2 {
		t.Errorf("held %v, want the newest two", s.held)
	}
	if s.Has("c", now.Add(time.Hour)) || s.count != 0 || len(s.held) != 0 {
		t.Errorf("held %v after the time, want none", s.held)
	}
}
