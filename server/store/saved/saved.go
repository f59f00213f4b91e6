// Package saved is what users keep: subscriptions, views, watchlists and preferences, each a record with a version, so that two
// who change it at once notice.
package saved

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tierboard/server/store/connect"
	"tierboard/server/store/model"
	"tierboard/shared/event"
)

// Collection is a kind of things that users save. Every one of them belongs to one user, and no call reaches another
// user's.
type Collection string

// The collections.
const (
	Subscriptions Collection = "subscriptions"
	Views         Collection = "views"
	Watchlists    Collection = "watchlists"
	Preferences   Collection = "preferences" // one record a user, whose id the caller chooses
)

// Bounds on what users save.
const (
	MaxRecords    = 200       // of one collection, for one user
	MaxRecordBody = 256 << 10 // bytes
)

// ErrChanged means that a record has another version than the caller thought, or exists although it was to be new.
const ErrChanged = model.Answer("store: the record was changed meanwhile")

// ErrTooMany means that the user has MaxRecords of the collection already.
const ErrTooMany = model.Answer("store: too many records")

// Record is a thing that a user saved. What is in the body is the caller's business.
type Record struct {
	User      string
	ID        string
	Name      string
	Body      json.RawMessage // one JSON value
	Version   int64           // 1 for a new record, and one more with every change
	CreatedAt time.Time
	UpdatedAt time.Time
}

// recordRow is a record as it is stored.
type recordRow struct {
	bun.BaseModel `bun:"table:records,alias:records"`

	UserID    string `bun:",pk"`
	ID        string `bun:",pk"`
	Name      string
	Body      string
	Version   int64
	CreatedAt int64
	UpdatedAt int64
}

func (r recordRow) record() Record {
	return Record{
		User: r.UserID, ID: r.ID, Name: r.Name, Body: json.RawMessage(r.Body), Version: r.Version,
		CreatedAt: model.FromMillis(r.CreatedAt), UpdatedAt: model.FromMillis(r.UpdatedAt),
	}
}

// table returns the table's name for a query.
func (c Collection) table() (string, bun.Ident, error) {
	switch c {
	case Subscriptions, Views, Watchlists, Preferences:
		return "? AS records", bun.Ident(c), nil
	}
	return "", "", fmt.Errorf("store: %q is no collection", string(c))
}

// check reports what keeps a record from being stored.
func (r Record) check() error {
	for field, text := range map[string]string{"user": r.User, "id": r.ID, "name": r.Name} {
		if (text == "" && field != "name") || len(text) > event.MaxText || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return &model.Error{Field: field, Problem: fmt.Sprintf("must be 1 to %d bytes of text", event.MaxText)}
		}
	}
	if len(r.Body) > MaxRecordBody {
		return &model.Error{Field: "body", Problem: fmt.Sprintf("is larger than %d bytes", MaxRecordBody)}
	}
	if !json.Valid(r.Body) || !utf8.Valid(r.Body) {
		return &model.Error{Field: "body", Problem: "is no JSON value"}
	}
	return nil
}

// Shelves hold the records of all users. Any number of goroutines may use them.
type Shelves struct{ db *connect.DB }

// New returns the shelves in an open database, which the caller closes.
func New(db *connect.DB) *Shelves { return &Shelves{db} }

// Records returns all records of a user in a collection, by name.
func (s *Shelves) Records(ctx context.Context, c Collection, user string) (records []Record, err error) {
	table, name, err := c.table()
	if err != nil {
		return nil, err
	}
	if (Record{User: user, ID: "x", Body: json.RawMessage("0")}).check() != nil {
		return nil, nil // nobody has that name
	}
	defer s.db.Timed("records", time.Now(), &err)
	var rows []recordRow
	if err := s.db.NewSelect().Model(&rows).ModelTableExpr(table, name).Where("user_id = ?", user).
		Order("name", "id").Limit(MaxRecords).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read %s: %w", c, err)
	}
	for _, r := range rows {
		records = append(records, r.record())
	}
	return records, nil
}

// Record returns one record of a user, or model.ErrNotFound.
func (s *Shelves) Record(ctx context.Context, c Collection, user, id string) (record Record, err error) {
	table, name, err := c.table()
	if err != nil {
		return Record{}, err
	}
	if (Record{User: user, ID: id, Body: json.RawMessage("0")}).check() != nil {
		return Record{}, model.ErrNotFound
	}
	defer s.db.Timed("records", time.Now(), &err)
	var row recordRow
	err = s.db.NewSelect().Model(&row).ModelTableExpr(table, name).Where("user_id = ? AND id = ?", user, id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Record{}, model.ErrNotFound
	}
	if err != nil {
		return Record{}, fmt.Errorf("read %s: %w", c, err)
	}
	return row.record(), nil
}

// Put stores a record and returns it with its new version. Its Version must be the one that is stored, 0 for a record that
// must not exist yet; else the error is ErrChanged, or model.ErrNotFound if there is none. CreatedAt and UpdatedAt are set here.
func (s *Shelves) Put(ctx context.Context, c Collection, r Record) (stored Record, err error) {
	table, name, err := c.table()
	if err != nil {
		return Record{}, err
	}
	if err := r.check(); err != nil {
		return Record{}, err
	}
	defer s.db.Timed("records", time.Now(), &err)
	now := time.Now().UnixMilli()
	if r.Version == 0 {
		return s.create(ctx, c, r, now)
	}
	res, err := s.db.NewUpdate().Model((*recordRow)(nil)).ModelTableExpr(table, name).
		Set("name = ?, body = ?, version = version + 1, updated_at = ?", r.Name, string(r.Body), now).
		Where("user_id = ? AND id = ? AND version = ?", r.User, r.ID, r.Version).Exec(ctx)
	if err != nil {
		return Record{}, fmt.Errorf("change %s: %w", c, err)
	}
	if n, err := res.RowsAffected(); err == nil && n == 0 {
		if _, err := s.Record(ctx, c, r.User, r.ID); err != nil {
			return Record{}, err
		}
		return Record{}, ErrChanged
	}
	return s.Record(ctx, c, r.User, r.ID)
}

// create stores a new record.
func (s *Shelves) create(ctx context.Context, c Collection, r Record, now int64) (Record, error) {
	_, name, err := c.table()
	if err != nil {
		return Record{}, err
	}
	// One statement counts and inserts. Two at the same instant may together pass the bound by one; it is there against
	// floods, not for accounting.
	res, err := s.db.ExecContext(ctx, "INSERT INTO ? (user_id, id, name, body, version, created_at, updated_at) "+
		"SELECT ?, ?, ?, ?, 1, ?, ? WHERE (SELECT COUNT(*) FROM ? WHERE user_id = ?) < ? ON CONFLICT (user_id, id) DO NOTHING",
		name, r.User, r.ID, r.Name, string(r.Body), now, now, name, r.User, MaxRecords)
	if err != nil {
		return Record{}, fmt.Errorf("add to %s: %w", c, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		if _, err := s.Record(ctx, c, r.User, r.ID); errors.Is(err, model.ErrNotFound) {
			return Record{}, ErrTooMany
		}
		return Record{}, ErrChanged
	}
	r.Version, r.CreatedAt, r.UpdatedAt = 1, model.FromMillis(now), model.FromMillis(now)
	return r, nil
}

// Delete removes a record of a user. Version must be the stored one, or 0 for whichever there is. Errors are model.ErrNotFound and
// ErrChanged.
func (s *Shelves) Delete(ctx context.Context, c Collection, user, id string, version int64) (err error) {
	table, name, err := c.table()
	if err != nil {
		return err
	}
	if (Record{User: user, ID: id, Body: json.RawMessage("0")}).check() != nil {
		return model.ErrNotFound
	}
	defer s.db.Timed("records", time.Now(), &err)
	res, err := s.db.NewDelete().Model((*recordRow)(nil)).ModelTableExpr(table, name).
		Where("user_id = ? AND id = ? AND (? = 0 OR version = ?)", user, id, version, version).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete from %s: %w", c, err)
	}
	if n, err := res.RowsAffected(); err == nil && n == 0 {
		if _, err := s.Record(ctx, c, user, id); err != nil {
			return err
		}
		return ErrChanged
	}
	return nil
}
