package model

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// Event is an event as it is stored: a row of the table events.
type Event struct {
	bun.BaseModel `bun:"table:events,alias:events"`

	ID          string `bun:",pk"`
	Kind        string
	Tier        int16
	Symbol      string
	Pattern     string
	Timeframe   string
	Direction   string
	Confidence  float64
	Priority    int16
	Band        int16 // greater of Priority and event.PriorityOf(Confidence)
	Session     string
	SessionDate string
	DetectedAt  int64
	ReceivedAt  int64
	PublishedAt int64
	ExpiresAt   int64 // Never if unknown
	UpdatedAt   int64 // when the row was written
	Seq         int64
	Epoch       string
	Facets      string // see FacetLines
	Body        string // JSON
}

// NewEvent returns the row of an event, or why there can be none. What a database refuses, or what no index
// could hold, is refused here, so that one bad event never holds up a batch.
func NewEvent(e *event.Event, epoch string, now time.Time) (Event, error) {
	if err := e.Validate(); err != nil {
		return Event{}, err
	}
	if e.Tier > event.Combo {
		return Event{}, fmt.Errorf("tier: there is none with the number %d", e.Tier)
	}
	for _, text := range [...]struct{ field, value string }{
		{"id", e.ID},
		{"kind", string(e.Kind)},
		{"symbol", e.Symbol},
		{"pattern_type", e.Pattern},
		{"timeframe", e.Timeframe},
		{"direction", string(e.Direction)},
		{"session", string(e.Session)},
		{"session_date", e.SessionDate},
	} {
		if len(text.value) > event.MaxText || strings.ContainsRune(text.value, 0) || !utf8.ValidString(text.value) {
			return Event{}, fmt.Errorf("%s: must be at most %d bytes of text without a NUL", text.field, event.MaxText)
		}
	}
	facets, err := FacetLines(e.Facets)
	if err != nil {
		return Event{}, err
	}
	body := string(wire.AppendEvent(make([]byte, 0, 1024), e, wire.JSON))
	body = strings.NewReplacer("\n", " ", "\r", " ").Replace(body) // between a producer's values; an export has an event a line
	if !utf8.ValidString(body) || strings.ContainsRune(body, 0) {
		return Event{}, errors.New("event: holds bytes that are no text")
	}
	return Event{
		ID: e.ID, Kind: string(e.Kind), Tier: int16(e.Tier), Symbol: e.Symbol, Pattern: e.Pattern, Timeframe: e.Timeframe,
		Direction: string(e.Direction), Confidence: e.Confidence, Priority: int16(e.Priority),
		Band: int16(max(e.Priority, event.PriorityOf(e.Confidence))), Session: string(e.Session), SessionDate: e.SessionDate,
		DetectedAt: e.DetectedAt.UnixMilli(), ReceivedAt: Millis(e.ReceivedAt), PublishedAt: Millis(e.PublishedAt),
		ExpiresAt: Expiry(e.ExpiresAt), UpdatedAt: now.UnixMilli(),
		Seq: int64(e.Seq), Epoch: epoch, Facets: facets, Body: body, //nolint:gosec // a life has fewer than 2^63 events
	}, nil
}

// Decode reads a stored body. It goes the way of a batch, whose depth leaves room for an event's details.
func Decode(body []byte) (*event.Event, error) {
	frame, err := wire.DecodeJSON(`{"type":"batch","events":[` + string(body) + `]}`)
	if err != nil {
		return nil, fmt.Errorf("decode a stored event: %w", err)
	}
	batch, ok := frame.(*wire.Batch)
	if !ok || len(batch.Events) != 1 {
		return nil, errors.New("decode a stored event: there is not exactly one")
	}
	return batch.Events[0], nil
}
