package board

import (
	"strings"
	"time"

	"tierboard/shared/event"
)

// Card is one event on the board. The shown cards stand for themselves and for the repeats conflated into them.
// Readers must not change it.
type Card struct {
	Event     *event.Event
	ArrivedAt time.Time // when this browser got it, browser's clock
	Live      bool      // arrived live or by replay, not in a snapshot
	New       bool      // the same, and not marked by Column.Seen since

	// Of a shown card: how many events it stands for (at least 1), and when the first and last of them were detected.
	Repeats   int
	FirstSeen time.Time
	LastSeen  time.Time

	hash uint32 // see hashOf
	ok   bool   // the column's filter lets it through
	gen  uint64 // the rebuild that set head
	head *Card  // the card it is shown as
}

// repeats reports whether two events are the same but for their time. Direction counts: a turn from bullish to bearish
// is news.
func repeats(a, b *event.Event) bool {
	return a.Symbol == b.Symbol && a.Pattern == b.Pattern && a.Timeframe == b.Timeframe && a.Direction == b.Direction
}

// hashOf returns the same number for events that repeat each other (FNV-1a).
func hashOf(e *event.Event) uint32 {
	h := uint32(2166136261)
	for _, s := range [...]string{e.Symbol, e.Pattern, e.Timeframe, string(e.Direction)} {
		for i := range len(s) {
			h = (h ^ uint32(s[i])) * 16777619
		}
		h *= 16777619 // between two parts
	}
	return h
}

// newer reports whether a stands before b: later detection first, then the higher sequence, then the smaller id.
func newer(a, b *event.Event) bool {
	if !a.DetectedAt.Equal(b.DetectedAt) {
		return a.DetectedAt.After(b.DetectedAt)
	}
	if a.Seq != b.Seq {
		return a.Seq > b.Seq
	}
	return a.ID < b.ID
}

// Order is how a column is sorted. Ties, and everything in ByTime, go newest first.
type Order uint8

// The orders.
const (
	ByTime       Order = iota
	ByConfidence       // highest first
	BySymbol           // A to Z
	ByExpiry           // next to expire first; without expiry last
)

// compare orders two cards; 0 leaves them newest first.
func (o Order) compare(a, b *Card) int {
	switch o {
	case ByConfidence:
		switch {
		case a.Event.Confidence > b.Event.Confidence:
			return -1
		case a.Event.Confidence < b.Event.Confidence:
			return 1
		}
	case BySymbol:
		return strings.Compare(a.Event.Symbol, b.Event.Symbol)
	case ByExpiry:
		x, y := a.Event.ExpiresAt, b.Event.ExpiresAt
		switch {
		case x.IsZero() && y.IsZero():
			return 0
		case x.IsZero():
			return 1
		case y.IsZero():
			return -1
		}
		return x.Compare(y)
	case ByTime:
	}
	return 0
}
