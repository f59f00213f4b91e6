package event

import (
	"fmt"
	"strings"
)

// Tier says which of the producer's three streams an event belongs to. The zero Tier is "none" and is never valid
// on a pattern event.
type Tier uint8

// The tiers, in the order in which the board shows them.
const (
	TierNone Tier = iota
	Daily         // found after the close on daily bars
	Intraday      // found while the market trades
	Combo         // a daily setup confirmed by an intraday trigger
)

// Tiers lists the valid tiers in board order. The array is a copy; changing it changes nothing.
func Tiers() [3]Tier { return [3]Tier{Daily, Intraday, Combo} }

// String returns the word used on the wire: "daily", "intraday", "combo", or "" for none.
func (t Tier) String() string {
	switch t {
	case Daily:
		return "daily"
	case Intraday:
		return "intraday"
	case Combo:
		return "combo"
	case TierNone:
	}
	return ""
}

// ParseTier reads exactly one of the three words, in any letter case. There is no default: an unknown word is an
// error that quotes it.
func ParseTier(s string) (Tier, error) {
	switch strings.ToLower(s) {
	case "daily":
		return Daily, nil
	case "intraday":
		return Intraday, nil
	case "combo":
		return Combo, nil
	}
	return TierNone, fmt.Errorf("%q is no tier (daily, intraday, combo)", clip(s))
}

// Kind names what sort of thing an event is. The set is open: a consumer skips kinds it does not know.
type Kind string

// Pattern is the kind of a detected chart pattern.
const Pattern Kind = "pattern"

// Priority orders events by how urgent they are. The zero Priority is Low.
type Priority uint8

// The priorities in ascending order.
const (
	Low Priority = iota
	Medium
	High
	Critical
)

// String returns the word used on the wire: "low", "medium", "high" or "critical".
func (p Priority) String() string {
	switch p {
	case Critical:
		return "critical"
	case High:
		return "high"
	case Medium:
		return "medium"
	case Low:
	}
	return "low"
}

// ParsePriority reads one of the four words, in any letter case.
func ParsePriority(s string) (Priority, error) {
	switch strings.ToLower(s) {
	case "low":
		return Low, nil
	case "medium":
		return Medium, nil
	case "high":
		return High, nil
	case "critical":
		return Critical, nil
	}
	return Low, fmt.Errorf("%q is no priority (low, medium, high, critical)", clip(s))
}

// PriorityOf is the one rule that turns a confidence (0 to 1) into a priority: 0.9 and more is critical, 0.8 high,
// 0.6 medium, anything less low.
func PriorityOf(confidence float64) Priority {
	switch {
	case confidence >= 0.9:
		return Critical
	case confidence >= 0.8:
		return High
	case confidence >= 0.6:
		return Medium
	}
	return Low
}

// Direction is where the pattern points. The empty Direction means the producer did not say.
type Direction string

// The directions.
const (
	Bullish Direction = "bullish"
	Bearish Direction = "bearish"
	Neutral Direction = "neutral"
)

// ParseDirection reads a direction; "up" and "long" mean bullish, "down" and "short" bearish.
func ParseDirection(s string) (Direction, error) {
	switch strings.ToLower(s) {
	case "bullish", "up", "long", "bull":
		return Bullish, nil
	case "bearish", "down", "short", "bear":
		return Bearish, nil
	case "neutral", "flat", "none":
		return Neutral, nil
	}
	return "", fmt.Errorf("%q is no direction (bullish, bearish, neutral)", clip(s))
}

// Session is the part of the exchange's day an instant falls in. The empty Session means unknown.
type Session string

// The sessions of an exchange day.
const (
	PreMarket  Session = "pre_market"
	Regular    Session = "regular"
	PostMarket Session = "post_market"
	Closed     Session = "closed"
)

// ParseSession reads one of the four words, in any letter case.
func ParseSession(s string) (Session, error) {
	switch x := Session(strings.ToLower(s)); x {
	case PreMarket, Regular, PostMarket, Closed:
		return x, nil
	}
	return "", fmt.Errorf("%q is no session (pre_market, regular, post_market, closed)", clip(s))
}

// clip bounds how much of a caller's text an error repeats.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
