package measure

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tierboard/e2e/peer/job"
)

// connect returns a connection of a measurement whose frames are ids.
func connect(j *job.Job) *Connection {
	m := &measurement{job: j, sent: make([]atomic.Int64, j.Events), began: time.Now(), dialect: Dialect{
		Frame: func(c *Connection, payload []byte, at time.Time) ([]byte, error) {
			if len(payload) == 0 {
				return nil, errors.New("an empty frame")
			}
			c.Took(payload, at)
			c.Count(1, len(payload))
			return nil, nil
		},
	}}
	c := &Connection{of: m, user: 7, ready: make(chan struct{}), open: true, got: job.NewSet(j.Events)}
	m.connections = []*Connection{c}
	return c
}

func TestAConnectionIsComparedWithWhatItWants(t *testing.T) {
	j := job.New(job.NewPlan(1, 1, 100))
	other := job.New(job.NewPlan(1, 1, 100))
	for name, test := range map[string]struct {
		frames []string
		want   string // of the refusal; none is exact
	}{
		"exact":           {[]string{j.Traffic.ID(3), j.Traffic.ID(5)}, ""},
		"missing":         {[]string{j.Traffic.ID(3)}, "of 2 events 1 are missing, 0 were not wanted, 0 came twice"},
		"unwanted":        {[]string{j.Traffic.ID(3), j.Traffic.ID(5), j.Traffic.ID(4)}, "0 are missing, 1 were not wanted, 0 came twice"},
		"twice":           {[]string{j.Traffic.ID(3), j.Traffic.ID(5), j.Traffic.ID(5)}, "0 are missing, 0 were not wanted, 1 came twice"},
		"of another run":  {[]string{j.Traffic.ID(3), j.Traffic.ID(5), other.Traffic.ID(5)}, "which was not published"},
		"after the last":  {[]string{j.Traffic.ID(3), j.Traffic.ID(5), j.Traffic.ID(100)}, "which was not published"},
		"a faulty server": {[]string{j.Traffic.ID(3), j.Traffic.ID(5), ""}, "connection 7: an empty frame"},
	} {
		c := connect(j)
		wants := job.NewSet(j.Events)
		wants.Add(3)
		wants.Add(5)
		c.of.wants = []job.Set{wants}
		for _, frame := range test.frames {
			c.Frame(nil, []byte(frame))
		}
		err := c.of.judge()
		var refused *RefusedError
		if test.want == "" && err != nil || test.want != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestNobodyWaitsForAConnectionThatEnded(t *testing.T) {
	c := connect(job.New(job.NewPlan(1, 1, 100)))
	c.Closed(nil, 1011, "broken")
	<-c.ready
	if !strings.Contains(c.fault, `1011 "broken"`) {
		t.Errorf("the fault is %q", c.fault)
	}
}
