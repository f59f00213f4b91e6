package scenario

import (
	"strings"
	"testing"
	"time"
)

func TestScenariosAndTheirChanges(t *testing.T) {
	for _, name := range Names() {
		s, err := Find(name, Changes{})
		if err != nil || s.Name != name || s.Rows == nil || s.Users == 0 || s.Length == 0 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if !strings.Contains(Describe(), name) {
			t.Errorf("%s is not described", name)
		}
	}
	for want, c := range map[string]struct {
		name string
		Changes
	}{
		"scenario":  {"none", Changes{}},
		"--users":   {"spec", Changes{Users: -1}},
		"--rate":    {"spec", Changes{Rate: 1e9}},
		"nothing":   {"idle", Changes{Rate: 5}},
		"--seconds": {"spec", Changes{Length: time.Millisecond}},
		"--pairs":   {"stuck", Changes{Pairs: 1000}},
		"compares":  {"spec", Changes{Pairs: 2}},
	} {
		if _, err := Find(c.name, c.Changes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s named", c, err, want)
		}
	}
	s, err := Find("stuck", Changes{Users: 10, Rate: 20, Length: 3 * time.Second, Pairs: 2})
	if err != nil || s.Users != 10 || s.Rate != 20 || s.PerUser != 0 || s.Length != 3*time.Second || s.Pairs != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = Find("connect", Changes{Users: 50}); err != nil || s.Storm != 1000 {
		t.Errorf("%d guests of 50 users, %v: want 20 each as before", s.Storm, err)
	}
}
