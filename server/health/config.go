package health

import (
	"errors"
	"fmt"
	"time"

	"tierboard/server/health/freshness"
)

// Config holds the settings of a Tracker.
type Config struct {
	// Tiers lists the tiers that are judged; at least one. Events of others are ignored.
	Tiers []freshness.Config
	// HeartbeatLateAfter is the age past which the producer's heartbeat is late. At least 1 s.
	HeartbeatLateAfter time.Duration
	// HoldSample is how long a good health sample stands against all-zero ones of its session. At least 1 s.
	HoldSample time.Duration
	// SampleFreshFor is the age past which a health sample says nothing any more. At least HoldSample.
	SampleFreshFor time.Duration
	// Transport names where events come from, for the report only: "redis".
	Transport string
	// Channels lists what ingest listens to, for the report only.
	Channels []string
}

// Default returns the settings of the three tiers: intraday stale after 120 s, combo after five times its
// median gap and 20 min at least, daily due at 18:30 and stale an hour later.
func Default() Config {
	return Config{
		Tiers: []freshness.Config{
			{Tier: "daily", Cadence: freshness.Batch, StaleAfter: time.Hour, Deadline: 18*time.Hour + 30*time.Minute},
			{Tier: "intraday", Cadence: freshness.Steady, StaleAfter: 2 * time.Minute},
			{Tier: "combo", Cadence: freshness.Learned, StaleAfter: 20 * time.Minute, Factor: 5},
		},
		HeartbeatLateAfter: 150 * time.Second,
		HoldSample:         time.Minute,
		SampleFreshFor:     5 * time.Minute,
		Transport:          "redis",
	}
}

// Validate returns every setting that is out of range, named, or nil.
func (c Config) Validate() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(c.Tiers) == 0 {
		bad("Tiers: at least one is needed")
	}
	seen := make(map[string]bool, len(c.Tiers))
	for i, t := range c.Tiers {
		if t.Tier == "" {
			bad("Tiers[%d].Tier: a name is needed", i)
		}
		if seen[t.Tier] {
			bad("Tiers[%d].Tier: %q is there twice", i, t.Tier)
		}
		seen[t.Tier] = true
		if t.StaleAfter < time.Second || t.StaleAfter > 24*time.Hour {
			bad("Tiers[%d].StaleAfter: %s is not within 1s and 24h", i, t.StaleAfter)
		}
		switch t.Cadence {
		case freshness.Steady:
		case freshness.Learned:
			if !(t.Factor >= 1 && t.Factor <= 100) { // Written so that NaN is refused too.
				bad("Tiers[%d].Factor: %g is not within 1 and 100", i, t.Factor)
			}
		case freshness.Batch:
			if t.Deadline < 16*time.Hour || t.Deadline >= 24*time.Hour {
				bad("Tiers[%d].Deadline: %s is not within 16h and 24h", i, t.Deadline)
			}
		default:
			bad("Tiers[%d].Cadence: %q is none of steady, learned, batch", i, t.Cadence)
		}
	}
	if c.HeartbeatLateAfter < time.Second {
		bad("HeartbeatLateAfter: %s is less than 1s", c.HeartbeatLateAfter)
	}
	if c.HoldSample < time.Second {
		bad("HoldSample: %s is less than 1s", c.HoldSample)
	}
	if c.SampleFreshFor < c.HoldSample {
		bad("SampleFreshFor: %s is less than HoldSample", c.SampleFreshFor)
	}
	return errors.Join(problems...)
}
