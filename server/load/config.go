package load

import (
	"fmt"
	"time"

	"tierboard/server/load/scenario"
	"tierboard/server/load/target"
)

// Config says what to do.
type Config struct {
	Scenario string           // the name of one of package scenario
	Changes  scenario.Changes // of it
	Seed     uint64           // chooses market and filters
	Target   target.Config    // the server
	Progress func(string)     // told in a sentence what is being done; may be nil

	hurry bool // tests do not wait for the memory of a server
}

// Validate reports the first thing that cannot be done.
func (c *Config) Validate() error {
	_, err := scenario.Find(c.Scenario, c.Changes)
	return err //nolint:wrapcheck // it names the flag
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
