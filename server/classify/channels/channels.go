// Package channels knows the producer's channels: it has a table that tells what each of them carries, and the words in a text that
// overrule it.
//
// A name comes before a glob, and an earlier glob before a later one. A row may bring a Decoder of its own, which is how an event of
// another kind is added without a change to the packages that classify.
package channels

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"tierboard/server/classify/found"
	"tierboard/server/classify/loose"
	"tierboard/shared/event"
)

// Carries says what a channel's texts are when they do not say it themselves.
type Carries string

// What the built-in decoders read.
const (
	Detections Carries = "detections"
	Outcomes   Carries = "outcomes"
	Starts     Carries = "session_starts"
	Stops      Carries = "session_stops"
	Health     Carries = "health"
	Nothing    Carries = "nothing" // known and of no interest
)

// Decoder reads one JSON object of a kind of its own and appends what it found to out. It appends a Reject (see
// Input.Reject) for what it cannot read; appending nothing means "of no interest". It must not keep the object. Missing
// ReceivedAt, Occurrences, Priority and session of its events are filled in afterwards.
type Decoder func(in *Input, out *found.Result)

// Input is one JSON object with what is known around it.
type Input struct {
	Channel    string
	ReceivedAt time.Time     // UTC
	Object     *loose.Object // valid during the call only
}

// Reject makes a Reject for this input; detail is bounded.
func (in *Input) Reject(reason found.Reason, detail string) found.Reject {
	return *found.NewReject(in.Channel, reason, detail)
}

// Row is one line of the channel table: everything a channel's name tells.
type Row struct {
	Channel string     // a name, or a glob in which * stands for any characters and ? for one
	Carries Carries    // one of the constants, or any word of your own together with Decode
	Tier    event.Tier // the tier the name tells; TierNone if it does not
	Live    bool       // whether detections arrive while the market trades
	Decode  Decoder    // reads the texts instead of a built-in decoder; type words inside them do not overrule it
}

// Glob reports whether the row stands for more than one channel.
func (r *Row) Glob() bool { return strings.ContainsAny(r.Channel, "*?") }

// Ignored reports whether the channel's texts are of no interest, whatever they say.
func (r *Row) Ignored() bool { return r.Decode == nil && r.Carries == Nothing }

// validate reports what is wrong with a row.
func (r *Row) validate() error {
	switch {
	case r.Channel == "":
		return errors.New("channel: missing")
	case strings.ContainsAny(r.Channel, `[]\`):
		return fmt.Errorf("channel: %q: only * and ? are special", r.Channel)
	case r.Tier > event.Combo:
		return fmt.Errorf("tier: %d is no tier", r.Tier)
	case r.Decode != nil:
		return nil
	}
	switch r.Carries {
	case Detections, Outcomes, Starts, Stops, Health, Nothing:
		return nil
	}
	return fmt.Errorf("carries: %q needs a decoder", r.Carries)
}

// Defaults returns every channel the producer is known to use, in a slice of its own: in both naming styles, with the ones that are of
// no interest, so that whoever subscribes to all of it sees them ignored and not rejected.
func Defaults() []Row {
	rows := []Row{
		{Channel: "tickstock.events.patterns", Carries: Detections},
		{Channel: "tickstock.events.patterns.daily", Carries: Detections, Tier: event.Daily},
		{Channel: "tickstock.events.patterns.intraday", Carries: Detections, Tier: event.Intraday},
		{Channel: "tickstock.events.patterns.combo", Carries: Detections, Tier: event.Combo},
		{Channel: "tickstock.events.patterns.detection", Carries: Detections},
		{Channel: "tickstock.events.patterns.batch", Carries: Detections},
		{Channel: "tickstock.events.patterns.outcomes", Carries: Outcomes},
		{Channel: "tickstock:patterns:streaming", Carries: Detections, Tier: event.Intraday, Live: true},
		{Channel: "tickstock:patterns:detected", Carries: Detections},
		{Channel: "tickstock:patterns:daily", Carries: Detections, Tier: event.Daily},
		{Channel: "tickstock:patterns:intraday", Carries: Detections, Tier: event.Intraday, Live: true},
		{Channel: "tickstock:streaming:session_started", Carries: Starts},
		{Channel: "tickstock:streaming:session_stopped", Carries: Stops},
		{Channel: "tickstock:streaming:health", Carries: Health},
		{Channel: "tickstock.health.status", Carries: Health},
		{Channel: "tickstock.events.system.health", Carries: Health},
		{Channel: "tickstock.events.health", Carries: Health},
	}
	for _, name := range []string{
		"tickstock:patterns:started", "tickstock:patterns:progress", "tickstock:patterns:completed", "tickstock:patterns:alerts",
		"tickstock:streaming:persistence", "tickstock:streaming:status",
		"tickstock:alerts:*", "tickstock:indicators:*", "tickstock.events.indicators", "tickstock.events.indicators.*",
		"tickstock:processing:*", "tickstock:monitoring", "tickstock:errors", "tickstock:import:*", "tickstock:cache:*", "tickstock:data:import:status",
		"tickstock:eod:completion", "tickstock.events.backtesting.*", "tickstock.events.market_state",
	} {
		rows = append(rows, Row{Channel: name, Carries: Nothing})
	}
	return rows
}

// Subscriptions returns the names and the globs of the rows worth subscribing to, in the table's order.
func Subscriptions(rows []Row) (names, globs []string) {
	for i := range rows {
		switch r := &rows[i]; {
		case r.Ignored():
		case r.Glob():
			globs = append(globs, r.Channel)
		default:
			names = append(names, r.Channel)
		}
	}
	return names, globs
}
