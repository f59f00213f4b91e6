package shelf

import (
	"context"
	"time"
)

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
