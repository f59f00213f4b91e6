package fetch

import "testing"

func TestAnswersAreWorded(t *testing.T) {
	cases := []struct {
		a      Answer
		detail string
		ok     bool
		fault  string
	}{
		{Answer{}, "x", false, "The server cannot be reached."},
		{Answer{Status: 422}, "limit: at most 1000", false, "limit: at most 1000"},
		{Answer{Status: 503}, "", false, "The server answered 503."},
		{Answer{Status: 204}, "", true, ""},
		{Answer{Status: 304}, "", false, "The server answered 304."},
	}
	for _, c := range cases {
		if c.a.OK() != c.ok {
			t.Errorf("%d: OK is %v", c.a.Status, c.a.OK())
		}
		if got := c.a.Fault(c.detail); !c.ok && got != c.fault {
			t.Errorf("%d: %q, want %q", c.a.Status, got, c.fault)
		}
	}
}
