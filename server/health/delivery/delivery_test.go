package delivery

import (
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	cases := []struct {
		rule   string
		sample Sample
		want   string
		reason string
	}{
		{"nothing wrong", Sample{}, Healthy, ""},
		{"at the limits", Sample{Errors: 10, Match: 10 * time.Millisecond, Deliver: 100 * time.Millisecond}, Healthy, ""},
		{"more than ten errors", Sample{Errors: 11, Match: time.Second}, Error, "11 errors"},
		{"slow matching", Sample{Match: 10500 * time.Microsecond}, Warning, "matching an event takes 10.5 ms"},
		{"slow delivery", Sample{Deliver: 101 * time.Millisecond}, Warning, "delivering an event takes 101 ms"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			got := Judge(c.sample)
			if got.Status != c.want || got.Reason != c.reason {
				t.Errorf("got %s %q, want %s %q", got.Status, got.Reason, c.want, c.reason)
			}
			if got.Targets != (Targets{MatchMillis: 5, DeliverMillis: 100, Users: 500}) {
				t.Errorf("targets %+v", got.Targets)
			}
		})
	}
}
