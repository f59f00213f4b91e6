package store

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// never is the expiry of an event that has none.
const never = math.MaxInt64

// eventRow is an event as it is stored.
type eventRow struct {
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
	ExpiresAt   int64 // never if unknown
	UpdatedAt   int64 // when the row was written
	Seq         int64
	Epoch       string
	Facets      string // see facetText
	Body        string // JSON
}

// newEventRow returns the row of an event, or why there can be none. What a database refuses, or what no index
// could hold, is refused here, so that one bad event never holds up a batch.
func newEventRow(e *event.Event, epoch string, now time.Time) (eventRow, error) {
	if err := e.Validate(); err != nil {
		return eventRow{}, err
	}
	if e.Tier > event.Combo {
		return eventRow{}, fmt.Errorf("tier: there is none with the number %d", e.Tier)
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
			return eventRow{}, fmt.Errorf("%s: must be at most %d bytes of text without a NUL", text.field, event.MaxText)
		}
	}
	facets, err := facetText(e.Facets)
	if err != nil {
		return eventRow{}, err
	}
	body := string(wire.AppendEvent(make([]byte, 0, 1024), e, wire.JSON))
	body = strings.NewReplacer("\n", " ", "\r", " ").Replace(body) // between a producer's values; an export has an event a line
	if !utf8.ValidString(body) || strings.ContainsRune(body, 0) {
		return eventRow{}, errors.New("event: holds bytes that are no text")
	}
	return eventRow{
		ID: e.ID, Kind: string(e.Kind), Tier: int16(e.Tier), Symbol: e.Symbol, Pattern: e.Pattern, Timeframe: e.Timeframe,
		Direction: string(e.Direction), Confidence: e.Confidence, Priority: int16(e.Priority),
		Band: int16(max(e.Priority, event.PriorityOf(e.Confidence))), Session: string(e.Session), SessionDate: e.SessionDate,
		DetectedAt: e.DetectedAt.UnixMilli(), ReceivedAt: millis(e.ReceivedAt), PublishedAt: millis(e.PublishedAt),
		ExpiresAt: expiry(e.ExpiresAt), UpdatedAt: now.UnixMilli(),
		Seq: int64(e.Seq), Epoch: epoch, Facets: facets, Body: body, //nolint:gosec // a life has fewer than 2^63 events
	}, nil
}

// millis turns a time into what is stored; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMillis is the reverse of millis.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// expiry is millis for a time whose absence means never.
func expiry(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return t.UnixMilli()
}

// facetText writes facets as lines of quoted name=value, each line between two newlines, so that one can be
// found by its text: the quoting leaves no newline inside.
func facetText(facets map[event.Dim]string) (string, error) {
	if len(facets) == 0 {
		return "", nil
	}
	var b strings.Builder
	for _, d := range slices.Sorted(maps.Keys(facets)) {
		if !utf8.ValidString(string(d)) || !utf8.ValidString(facets[d]) {
			return "", errors.New("facets: must be text")
		}
		b.WriteString(facetName(d) + strconv.QuoteToASCII(facets[d]) + "\n")
	}
	return b.String(), nil
}

// facetName is how the line of a dimension begins.
func facetName(d event.Dim) string { return "\n" + strconv.QuoteToASCII(string(d)) + "=" }

// decodeBody reads a stored body. It goes the way of a batch, whose depth leaves room for an event's details.
func decodeBody(body []byte) (*event.Event, error) {
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
