// Package delivery judges how delivery did in a while: whether it failed, or was slower than what the product promises.
package delivery

import (
	"fmt"
	"time"
)

// The limits past which delivery is not healthy, and the targets it is measured against.
const (
	// MaxErrors is the most errors of a healthy period.
	MaxErrors = 10
	// MaxMatch is the longest that finding the interested users of an event may take before a warning.
	MaxMatch = 10 * time.Millisecond
	// MaxDeliver is the longest an event may take to the browser before a warning.
	MaxDeliver = 100 * time.Millisecond
	// TargetMatch, TargetDeliver and TargetUsers are what the product promises.
	TargetMatch   = 5 * time.Millisecond
	TargetDeliver = 100 * time.Millisecond
	TargetUsers   = 500
)

// Sample is how delivery did in one period of the caller's choice, a minute for example.
type Sample struct {
	// Errors counts frames that could not be delivered through a fault of the server.
	Errors int
	// Match and Deliver are high percentiles of the time to match an event and to write it to its sessions.
	Match, Deliver time.Duration
	// Users is the number of sessions at the end of the period.
	Users int
}

// The words of a Judgement.
const (
	Healthy = "healthy"
	Warning = "warning"
	Error   = "error"
)

// Judgement is what is said of a Sample. It is comparable; the zero Judgement is none.
type Judgement struct {
	// Status is one of Healthy, Warning, Error.
	Status string `json:"status"`
	// Reason is a sentence without a full stop; empty when healthy.
	Reason string `json:"reason,omitempty"`
	// Errors and Users are those of the sample.
	Errors int `json:"errors"`
	Users  int `json:"users"`
	// MatchMillis and DeliverMillis are the sample's times.
	MatchMillis   float64 `json:"match_ms"`
	DeliverMillis float64 `json:"deliver_ms"`
	// Targets are the promises to compare with.
	Targets Targets `json:"targets"`
}

// Targets are the promised times and number of users.
type Targets struct {
	// MatchMillis and DeliverMillis are upper bounds, in milliseconds.
	MatchMillis   float64 `json:"match_ms"`
	DeliverMillis float64 `json:"deliver_ms"`
	// Users is the number of concurrent users the promise holds for.
	Users int `json:"users"`
}

// Judge returns the judgement of a sample: more than MaxErrors errors is an error, a time
// past MaxMatch or MaxDeliver is a warning, anything else healthy.
func Judge(s Sample) Judgement {
	d := Judgement{
		Status: Healthy, Errors: s.Errors, Users: s.Users,
		MatchMillis: millis(s.Match), DeliverMillis: millis(s.Deliver),
		Targets: Targets{MatchMillis: millis(TargetMatch), DeliverMillis: millis(TargetDeliver), Users: TargetUsers},
	}
	switch {
	case s.Errors > MaxErrors:
		d.Status, d.Reason = Error, fmt.Sprintf("%d errors", s.Errors)
	case s.Match > MaxMatch:
		d.Status, d.Reason = Warning, fmt.Sprintf("matching an event takes %g ms", d.MatchMillis)
	case s.Deliver > MaxDeliver:
		d.Status, d.Reason = Warning, fmt.Sprintf("delivering an event takes %g ms", d.DeliverMillis)
	}
	return d
}

// millis returns d in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
