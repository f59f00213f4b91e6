package rest

import (
	"context"
	"time"

	"tierboard/server/rest/source"
	"tierboard/shared/event"
)

// Archive is the database behind the lists and the reports of performance.
type Archive interface {
	source.Archive
	// Performance tells how the events of a span did, by tier in the order of the board.
	Performance(ctx context.Context, s Span) ([]TierTally, error)
}

// Span is which detections performance looks at.
type Span struct {
	Since, Until time.Time // of detection; since inclusive, until exclusive
	Tiers        []event.Tier
	Horizon      string // 1d, 5d, 30d
	GroupBy      string // one of groupWords; "" for pattern_type
	Now          time.Time
}

// Tally counts how a group of events did. Detected is always Resolved + Pending + Excluded.
type Tally struct {
	Detected  int
	Resolved  int // with a verdict
	Pending   int // without, and it may still come
	Excluded  int // without, and overdue
	Successes int
	Returns   Spread // percent, of the resolved ones that have one
}

// Spread describes a distribution; all zero if N is.
type Spread struct {
	N                      int
	Mean, Median, P10, P90 float64
}

// TierTally is how the events of one tier did.
type TierTally struct {
	Tally

	Tier        event.Tier
	Seconds     Spread // from detection to outcome; N is 0 while nobody tells
	Calibration []Bucket
	Groups      []GroupTally
}

// Bucket is the events whose confidence is from Low up to, but not including, High; the last one includes 1.
type Bucket struct {
	Low, High      float64
	N, Successes   int
	MeanConfidence float64
}

// GroupTally is how the events did that have one value of what Span.GroupBy names.
type GroupTally struct {
	Tally

	Value string
}

// Entry is something a user saved. Body is JSON.
type Entry struct {
	ID        string
	Name      string
	Body      []byte
	Version   int64 // from 1
	CreatedAt time.Time
	UpdatedAt time.Time
}

// The shelves of a Library.
const (
	Subscriptions = "subscriptions"
	Views         = "views"
	Watchlists    = "watchlists"
	Preferences   = "preferences" // one entry a user, with the id of PreferencesID
)

// PreferencesID is the id of a user's one entry on the shelf Preferences.
const PreferencesID = "preferences"

// Library keeps what users saved, by user and shelf. A user never sees another's entries: they are query.ErrNotFound.
type Library interface {
	// Entries returns a user's entries, oldest first.
	Entries(ctx context.Context, user, shelf string) ([]Entry, error)
	// Entry returns one, or query.ErrNotFound.
	Entry(ctx context.Context, user, shelf, id string) (Entry, error)
	// Add stores a new entry under its id, with version 1; query.ErrConflict if the id is taken.
	Add(ctx context.Context, user, shelf string, e Entry) (Entry, error)
	// Change replaces name and body of the version e.Version and returns the new version; query.ErrNotFound or query.ErrChanged.
	Change(ctx context.Context, user, shelf string, e Entry) (Entry, error)
	// Remove deletes an entry; a version other than 0 must be the present one. query.ErrNotFound or query.ErrChanged.
	Remove(ctx context.Context, user, shelf, id string, version int64) error
}
