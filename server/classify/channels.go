package classify

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

// DefaultChannels returns every channel the producer is known to use, in a slice of its own: in both naming styles, with the ones that are of
// no interest, so that whoever subscribes to all of it sees them ignored and not rejected.
func DefaultChannels() []Row {
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
		case r.Decode == nil && r.Carries == Nothing:
		case r.Glob():
			globs = append(globs, r.Channel)
		default:
			names = append(names, r.Channel)
		}
	}
	return names, globs
}

// table finds the row of a channel.
type table struct {
	byName map[string]*Row
	globs  []*Row // in the table's order; the first that fits counts
}

// newTable checks and indexes the rows.
func newTable(rows []Row) (table, error) {
	t := table{byName: make(map[string]*Row, len(rows))}
	for i := range rows {
		r := rows[i]
		if err := r.validate(); err != nil {
			return table{}, fmt.Errorf("channels[%d].%w", i, err)
		}
		if r.Glob() {
			t.globs = append(t.globs, &r)
			continue
		}
		if t.byName[r.Channel] != nil {
			return table{}, fmt.Errorf("channels[%d].channel: %q is there twice", i, r.Channel)
		}
		t.byName[r.Channel] = &r
	}
	return t, nil
}

// row returns the row of a channel, a name before a glob, or nil.
func (t *table) row(channel string) *Row {
	if r := t.byName[channel]; r != nil {
		return r
	}
	for _, r := range t.globs {
		if fits(r.Channel, channel) {
			return r
		}
	}
	return nil
}

// fits reports whether a name is one of those the glob stands for. It goes back to the last star only, so it takes at
// most len(glob)·len(name) steps.
func fits(glob, name string) bool {
	g, n, star, back := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, back = g, n
			g++
		case g < len(glob) && (glob[g] == '?' || glob[g] == name[n]):
			g++
			n++
		case star >= 0:
			back++
			g, n = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(glob[g:], "*") == ""
}
