package load

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tierboard/server/load/target"
)

// Config says what to do. The zero values of Users, Rate, Length and Pairs mean the scenario's own.
type Config struct {
	Scenario string        // one of Scenarios
	Users    int           // sessions that get events, 1 to 100,000
	Rate     float64       // events published a second, up to 200,000
	Length   time.Duration // how long is published, 2 s to 1 h
	Pairs    int           // of runs to compare (scenario stuck), 1 to 50
	Seed     uint64        // chooses market and filters
	Target   target.Config // the server
	Progress func(string)  // told in a sentence what is being done; may be nil

	hurry bool // tests do not wait for the memory of a server
}

// scenario is one kind of load.
type scenario struct {
	name    string
	help    string
	users   int
	rate    float64 // published a second; 0 with perUser
	perUser float64 // events a second that a user gets on average, from which the rate follows
	length  time.Duration
	pairs   int
	stuck   float64 // share of users that stop reading
	swaps   float64 // filter changes a second and user
	cuts    float64 // cut sockets a second and user
	idle    bool    // nothing is published but the probes
	budgets func(*Run) []Row
}

// scenarios returns the kinds of load by name.
func scenarios() []scenario {
	return []scenario{
		{name: "spec", help: "500 users who get 20 events/s each", users: 500, perUser: 20, length: 10 * time.Second, budgets: deliveryRows},
		{name: "wide", help: "5,000 users, 500 events/s published", users: 5000, rate: 500, length: 15 * time.Second, budgets: deliveryRows},
		{name: "max", help: "10,000 users, 500 events/s published", users: 10000, rate: 500, length: 15 * time.Second, budgets: maxRows},
		{name: "firehose", help: "20,000 events/s published, 500 users at their limit", users: 500, rate: 20000, length: time.Minute, budgets: limitRows},
		{name: "churn", help: "500 users who change filters and lose their sockets all the time", users: 500, perUser: 10, length: 20 * time.Second, swaps: 0.5, cuts: 0.25, budgets: limitRows},
		{name: "stuck", help: "500 users, compared with the same when one in a hundred never reads", users: 500, perUser: 20, length: 20 * time.Second, pairs: 5, stuck: 0.01, budgets: limitRows},
		{name: "idle", help: "10,000 sessions that get nothing", users: 10000, length: 10 * time.Second, idle: true, budgets: idleRows},
	}
}

// Scenarios returns the names of the scenarios.
func Scenarios() []string {
	var names []string
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return names
}

// Describe returns a line for each scenario.
func Describe() string {
	var b strings.Builder
	for _, s := range scenarios() {
		fmt.Fprintf(&b, "%-9s %s\n", s.name, s.help)
	}
	return b.String()
}

// scenario returns the scenario with what the configuration changes about it.
func (c *Config) scenario() (scenario, error) {
	all := scenarios()
	i := slices.IndexFunc(all, func(s scenario) bool { return s.name == c.Scenario })
	if i < 0 {
		return scenario{}, fmt.Errorf("scenario: %q is none of %s", c.Scenario, strings.Join(Scenarios(), ", "))
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
	case c.Rate > 0 && s.idle:
		return s, errors.New("--rate: nothing is published in the scenario idle")
	}
	if c.Users > 0 {
		s.users = c.Users
	}
	if c.Rate > 0 {
		s.rate, s.perUser = c.Rate, 0
	}
	if c.Length > 0 {
		s.length = c.Length
	}
	if c.Pairs > 0 && s.pairs > 0 {
		s.pairs = c.Pairs
	}
	return s, nil
}

// Validate reports the first thing that cannot be done.
func (c *Config) Validate() error {
	_, err := c.scenario()
	return err
}

// say tells what is being done.
func (c *Config) say(format string, args ...any) {
	if c.Progress != nil {
		c.Progress(fmt.Sprintf(format, args...))
	}
}

// waits shortens a wait for tests.
func (c *Config) waits(d time.Duration) time.Duration {
	if c.hurry {
		return min(d, 700*time.Millisecond)
	}
	return d
}

// memory is how long the server's memory may take to settle; tests do not look at it.
func (c *Config) memory(d time.Duration) time.Duration {
	if c.hurry {
		return 0
	}
	return d
}
