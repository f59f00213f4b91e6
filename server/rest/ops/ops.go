// Package ops answers with the server's own numbers, for its operator.
package ops

import (
	"net/http"
	"time"

	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/query/param"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/numbers"
	"tierboard/server/rest/operation"
	"tierboard/shared/api"
)

// Config is where the numbers come from. Hub, Metrics and Now are required; what is nil is left out.
type Config struct {
	// Hub tells how delivery does.
	Hub *hub.Hub
	// Metrics has the totals and latencies.
	Metrics *metrics.Metrics
	// DeadLetters returns the newest messages that are no event, at most limit, and how many there ever were.
	DeadLetters func(limit int) ([]api.DeadLetter, uint64)
	// Streams returns how many event streams are open.
	Streams func() int
	// SlowSessions returns the live streams for which most waits to be sent, at most limit.
	SlowSessions func(limit int) []api.SlowSession
	// Settings returns the settings in force, secrets masked.
	Settings func() []api.Setting
	// Version is the server's build, and Started is when it began.
	Version string
	Started time.Time
	// Now is the clock.
	Now func() time.Time
}

// Ops answers the operator. Any number of goroutines may use it.
type Ops struct{ cfg Config }

// New returns an Ops.
func New(cfg Config) *Ops { return &Ops{cfg} }

// Operations are the server's own numbers and the messages that are no event.
func (x *Ops) Operations() []operation.Operation {
	return []operation.Operation{
		{
			Method: http.MethodGet, Path: api.PathOps, ID: "getOps", Tag: operation.TagOps, Summary: "Tell the server's own numbers",
			Doc: "Connections, totals of delivery, messages by what became of them, rejects by reason, latencies, live streams that do not keep up, and the settings in force with secrets masked.",
			Out: api.Ops{}, Handle: x.ops,
		},
		{
			Method: http.MethodGet, Path: api.PathDeadLetters, ID: "listDeadLetters", Tag: operation.TagOps, Summary: "List messages that are no event",
			Doc:    "The newest first. The texts are the producer's and untrusted.",
			Params: letterParams, Out: api.DeadLetters{}, Handle: x.deadLetters,
		},
	}
}

var letterParams = []param.Param{
	{Name: "limit", Type: param.TypeInteger, Low: 1, High: 1000, Default: "100", Doc: "Most messages.", Example: "100"},
}

// deadLetters answers with the newest rejects.
func (x *Ops) deadLetters(w http.ResponseWriter, r *http.Request) error {
	v, err := param.Read(r.URL.RawQuery, letterParams, x.cfg.Now())
	if err != nil {
		return err
	}
	limit := v.Whole("limit", 100, 1, 1000)
	if err := v.Err(); err != nil {
		return err
	}
	out := api.DeadLetters{Letters: []api.DeadLetter{}}
	if x.cfg.DeadLetters != nil {
		letters, total := x.cfg.DeadLetters(limit)
		out.Letters, out.Total = append(out.Letters, letters...), total
	}
	return answer.JSON(w, http.StatusOK, out)
}

// mostSlow bounds the list of slow sessions.
const mostSlow = 20

// ops answers with everything the operator's page shows.
func (x *Ops) ops(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	s := x.cfg.Hub.Stats()
	n := numbers.Gather(x.cfg.Metrics)
	out := api.Ops{
		AsOf: answer.Time(x.cfg.Now()), Version: x.cfg.Version, StartedAt: answer.Time(x.cfg.Started),
		Hub: api.HubStats{
			Epoch: s.Epoch, Seq: s.Seq, Duplicates: s.Duplicates, Matched: s.Matched, Delivered: s.Delivered, Suppressed: s.Suppressed,
			Dropped: s.Dropped, Sessions: s.Sessions, Subscriptions: s.Subscriptions, Cohorts: s.Cohorts, Inbox: s.Inbox,
			WindowMS: float64(s.Window.Microseconds()) / 1000, RateLimit: s.RateLimit,
		},
		Slow:       []api.SlowSession{},
		Rejects:    n.Counts("tierboard_ingest_rejects_total"),
		Messages:   n.Counts("tierboard_ingest_messages_total"),
		Closed:     n.Counts("tierboard_sessions_closed_total"),
		Lag:        n.Merged("tierboard_ingest_lag_seconds"),
		Histograms: n.Histograms(),
	}
	if x.cfg.Streams != nil {
		out.Streams = x.cfg.Streams()
	}
	if x.cfg.SlowSessions != nil {
		out.Slow = append(out.Slow, x.cfg.SlowSessions(mostSlow)...)
	}
	if x.cfg.Settings != nil {
		out.Settings = x.cfg.Settings()
	}
	return answer.JSON(w, http.StatusOK, out)
}
