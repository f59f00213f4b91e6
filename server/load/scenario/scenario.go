// Package scenario is the kinds of load that a load test can make: how many users, how much is published for how long, what disturbs
// them meanwhile, and the table of budgets that the result is held against.
package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tierboard/server/load/report"
)

// Scenario is one kind of load.
type Scenario struct {
	Name    string
	Help    string
	Users   int
	Rate    float64 // published a second; 0 with PerUser
	PerUser float64 // events a second that a user gets on average, from which the rate follows
	Length  time.Duration
	Pairs   int           // of runs, one with and one without stuck users; 0 for a single run
	Stuck   float64       // share of users that stop reading
	Swaps   float64       // filter changes a second and user
	Cuts    float64       // cut sockets a second and user
	Storm   int           // sessions that connect at once while events are published
	Window  time.Duration // what the window of a server started for the test is fixed to; 0 leaves it to the server
	Idle    bool          // nothing is published but the probes
	Archive bool          // afterwards the archive must hold everything
	Rows    func(*report.Run) []report.Row
}

// All returns the kinds of load.
func All() []Scenario {
	return []Scenario{
		{Name: "spec", Help: "500 users who get 20 events/s each", Users: 500, PerUser: 20, Length: 10 * time.Second, Rows: report.Delivery},
		{Name: "wide", Help: "5,000 users, 500 events/s published", Users: 5000, Rate: 500, Length: 15 * time.Second, Rows: report.Delivery},
		{Name: "max", Help: "10,000 users, 500 events/s published", Users: 10000, Rate: 500, Length: 15 * time.Second, Rows: report.Most},
		{Name: "fixed", Help: "10,000 users, 500 events/s published, the window fixed at 50 ms", Users: 10000, Rate: 500, Length: 15 * time.Second, Window: 50 * time.Millisecond, Rows: report.Fixed},
		{Name: "firehose", Help: "20,000 events/s published, 500 users at their limit; then the archive must hold every event", Users: 500, Rate: 20000, Length: time.Minute, Archive: true, Rows: report.Firehose},
		{Name: "churn", Help: "500 users who change filters and lose their sockets all the time", Users: 500, PerUser: 10, Length: 20 * time.Second, Swaps: 0.5, Cuts: 0.25, Rows: report.Limits},
		{Name: "stuck", Help: "500 users, compared with the same when one in a hundred never reads", Users: 500, PerUser: 20, Length: 20 * time.Second, Pairs: 5, Stuck: 0.01, Rows: report.Limits},
		{Name: "connect", Help: "500 users who get 20 events/s each, while 10,000 others connect, 4,500 a second if they can", Users: 500, PerUser: 20, Length: 10 * time.Second, Storm: 10000, Rows: report.Connect},
		{Name: "idle", Help: "10,000 sessions that get nothing", Users: 10000, Length: 10 * time.Second, Idle: true, Rows: report.Idle},
	}
}

// Names returns the names of the scenarios.
func Names() []string {
	var names []string
	for _, s := range All() {
		names = append(names, s.Name)
	}
	return names
}

// Describe returns a line for each scenario.
func Describe() string {
	var b strings.Builder
	for _, s := range All() {
		fmt.Fprintf(&b, "%-9s %s\n", s.Name, s.Help)
	}
	return b.String()
}

// Changes are what a caller wants otherwise. Zero values mean the scenario's own.
type Changes struct {
	Users  int           // 1 to 100,000
	Rate   float64       // events published a second, up to 200,000
	Length time.Duration // how long is published, 2 s to 1 h
	Pairs  int           // of runs to compare, in a scenario that compares; 1 to 50
}

// Find returns a scenario by its name, changed. The error names the flag that is out of its range.
func Find(name string, c Changes) (Scenario, error) {
	all := All()
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, fmt.Errorf("scenario: %q is none of %s", name, strings.Join(Names(), ", "))
	}
	s := all[i]
	switch {
	case c.Users < 0 || c.Users > 100_000:
		return s, fmt.Errorf("--users: %d is not within 1 and 100000", c.Users)
	case c.Rate < 0 || c.Rate > 200_000:
		return s, fmt.Errorf("--rate: %v is not within 0 and 200000 events a second", c.Rate)
	case c.Length != 0 && (c.Length < 2*time.Second || c.Length > time.Hour):
		return s, fmt.Errorf("--seconds: %v is not within 2s and 1h", c.Length)
	case c.Pairs < 0 || c.Pairs > 50:
		return s, fmt.Errorf("--pairs: %d is not within 1 and 50", c.Pairs)
	case c.Rate > 0 && s.Idle:
		return s, errors.New("--rate: nothing is published in the scenario idle")
	case c.Pairs > 0 && s.Pairs == 0:
		return s, fmt.Errorf("--pairs: the scenario %s compares nothing", s.Name)
	}
	if c.Users > 0 {
		if s.Storm > 0 { // as many more as before
			s.Storm = s.Storm / s.Users * c.Users
		}
		s.Users = c.Users
	}
	if c.Rate > 0 {
		s.Rate, s.PerUser = c.Rate, 0
	}
	if c.Length > 0 {
		s.Length = c.Length
	}
	if c.Pairs > 0 {
		s.Pairs = c.Pairs
	}
	return s, nil
}
