package health

import (
	"errors"
	"fmt"
	"time"
)

// Cadence says how a tier's events are spread over time, and so which rule judges it.
type Cadence string

// The cadences: Steady flows all through regular hours, Learned flows with gaps of its own typical length,
// Batch comes once after each trading day's close.
const (
	Steady  Cadence = "steady"
	Learned Cadence = "learned"
	Batch   Cadence = "batch"
)

// TierConfig is the rule of one tier.
type TierConfig struct {
	// Tier is the tier's word, as EventAccepted gets it. Required, unique.
	Tier string
	// Cadence selects the rule. Required.
	Cadence Cadence
	// StaleAfter is the silence after which a Steady tier is stale, the least such silence of a Learned one,
	// and the time after Deadline at which a Batch tier is stale. 1 s to 24 h.
	StaleAfter time.Duration
	// Factor times the median gap is the silence after which a Learned tier is stale. 1 to 100; only Learned.
	Factor float64
	// Deadline is when a trading day's batch must have arrived, after midnight in New York: 16 h or more and
	// less than 24 h; only Batch.
	Deadline time.Duration
}

// Config holds the settings of a Tracker.
type Config struct {
	// Tiers lists the tiers that are judged; at least one. Events of others are ignored.
	Tiers []TierConfig
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
		Tiers: []TierConfig{
			{Tier: "daily", Cadence: Batch, StaleAfter: time.Hour, Deadline: 18*time.Hour + 30*time.Minute},
			{Tier: "intraday", Cadence: Steady, StaleAfter: 2 * time.Minute},
			{Tier: "combo", Cadence: Learned, StaleAfter: 20 * time.Minute, Factor: 5},
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
		case Steady:
		case Learned:
			if !(t.Factor >= 1 && t.Factor <= 100) { // Written so that NaN is refused too.
				bad("Tiers[%d].Factor: %g is not within 1 and 100", i, t.Factor)
			}
		case Batch:
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
