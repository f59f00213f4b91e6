// Package metrics holds every number the server shows to operators: one Prometheus collector each, with its unit in
// its name. No label carries a symbol, a user or other unbounded text.
package metrics

import (
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is the set of collectors of one server. All fields may be used concurrently.
type Metrics struct {
	Registry *prometheus.Registry

	IngestMessages  *prometheus.CounterVec   // result: event, duplicate, outcome, session, health, other, reject
	IngestRejects   *prometheus.CounterVec   // reason: a reject's reason word
	IngestDropped   prometheus.Counter       // messages lost because the queue behind the receive loop was full
	IngestLag       *prometheus.HistogramVec // tier: seconds from the producer's publish time to our reading it
	IngestEvents    *prometheus.CounterVec   // tier, result: event, duplicate, refused
	IngestQueue     prometheus.Gauge         // messages read but not yet classified
	StreamEntries   prometheus.Counter       // entries read from Redis streams
	StreamFaults    *prometheus.CounterVec   // what: trimmed, restarted, refused, position, lost
	RedisUp         prometheus.Gauge         // 1 while subscribed
	RedisReconnects prometheus.Counter       // connections made after the first
	BrokerCut       prometheus.Counter       // connections of the embedded Redis ended because they did not read

	EventsAccepted *prometheus.CounterVec   // tier
	MatchSeconds   prometheus.Histogram     // finding the interested sessions of one event
	WindowSeconds  prometheus.Histogram     // how long an event waited for company
	DeliverSeconds *prometheus.HistogramVec // tier: from receiving an event to handing its frame to the socket
	PublishSeconds prometheus.Histogram     // from the producer's publish time to handing the event's frame to the socket
	BatchEvents    prometheus.Histogram     // events in a frame
	OutboxBytes    prometheus.Histogram     // bytes that wait for a session after a frame was sent
	FramesEncoded  prometheus.Counter       // batches encoded; fewer than frames, since sessions share them
	FramesSent     prometheus.Counter
	FramesHeld     prometheus.Counter // frames that a socket did not take at once
	EventsSent     prometheus.Counter
	Suppressed     prometheus.Counter // events held back by the rate limit
	Dropped        prometheus.Counter // events left out because an outbox was full

	Sessions         prometheus.Gauge
	Subscriptions    prometheus.Gauge
	SessionsClosed   *prometheus.CounterVec // reason
	SessionsCut      *prometheus.CounterVec // reason: outbox_full, answers_unread, snapshots_unread, write_timeout
	RequestsRejected *prometheus.CounterVec // code of the error frame
	TurnsMissed      prometheus.Counter

	HTTPSeconds *prometheus.HistogramVec // route, code

	DBSeconds         *prometheus.HistogramVec // op: what was asked of the database
	DBUp              prometheus.Gauge         // 1 while the database answers
	ArchiveQueue      prometheus.Gauge         // events waiting in memory to be written
	ArchiveSpillBytes prometheus.Gauge         // size of the spill files
	ArchiveWritten    prometheus.Counter       // events handed to the database
	ArchiveSpilled    prometheus.Counter       // events written to a spill file
	ArchiveDropped    *prometheus.CounterVec   // reason: queue_full, spill_full, spill_failed, unreadable, refused, stopped
	OutcomesDropped   prometheus.Counter       // outcomes that came while too many waited for the database
	ArchivePruned     *prometheus.CounterVec   // tier: events deleted because of their age
}

// matchBuckets are cut at the budgets of one event's matching: half of the events within 6 µs and 99 of 100 within 40 µs,
// against the 5 ms that were ordered.
var matchBuckets = []float64{1e-6, 2e-6, 4e-6, 6e-6, 10e-6, 20e-6, 40e-6, 100e-6, 500e-6, .001, .005, .025, .1}

// batchBuckets are cut at the bound of a frame's events and below it by halves.
var batchBuckets = prometheus.ExponentialBuckets(1, 2, 10)

// outboxBuckets are cut at the bound of an outbox and of what one stuck client may hold, 128 and 256 KB; most frames leave
// nothing behind.
var outboxBuckets = []float64{0, 1 << 10, 4 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10}

// latencyBuckets are cut at the budgets: 5 ms to match, 25 ms of our own delivery target, 50 ms to paint, 100 ms in all.
var latencyBuckets = []float64{.00001, .00004, .0001, .0005, .001, .0025, .005, .01, .025, .05, .09, .1, .25, .5, 1, 5}

// lagBuckets are latencyBuckets and beyond: a stream that was written while the server was away is read hours later.
var lagBuckets = append(slices.Clone(latencyBuckets), 15, 60, 600, 3600, 86400)

// New returns collectors registered in a registry of their own, together with the Go runtime's and the process's.
func New() *Metrics {
	m := &Metrics{Registry: prometheus.NewRegistry()}
	m.Registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.IngestMessages = counters(m, "ingest_messages_total", "Messages read from Redis by what became of them.", "result")
	m.IngestRejects = counters(m, "ingest_rejects_total", "Messages that are no event, by reason.", "reason")
	m.IngestDropped = counter(m, "ingest_dropped_total", "Messages lost because the ingest queue was full.")
	m.IngestLag = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "tierboard", Name: "ingest_lag_seconds", Help: "From the producer's publish time to our reading it.", Buckets: lagBuckets,
	}, []string{"tier"})
	m.Registry.MustRegister(m.IngestLag)
	m.IngestEvents = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "tierboard", Name: "ingest_events_total", Help: "Events that messages held, by tier and what became of them.",
	}, []string{"tier", "result"})
	m.Registry.MustRegister(m.IngestEvents)
	m.IngestQueue = gauge(m, "ingest_queue_messages", "Messages read but not yet classified.")
	m.StreamEntries = counter(m, "ingest_stream_entries_total", "Entries read from Redis streams.")
	m.StreamFaults = counters(m, "ingest_stream_faults_total", "Faults of Redis streams: entries trimmed before they were read, streams that "+
		"began anew, reads that Redis refused, positions that could not be kept, losses behind them that made them be read again.", "what")
	m.RedisUp = gauge(m, "redis_up", "1 while subscribed to Redis.")
	m.RedisReconnects = counter(m, "redis_reconnects_total", "Redis connections made after the first.")
	m.BrokerCut = counter(m, "broker_cut_total", "Connections of the embedded Redis ended because they did not read.")

	m.EventsAccepted = counters(m, "events_accepted_total", "Events given a sequence number.", "tier")
	m.MatchSeconds = histogram(m, "match_seconds", "Finding the interested sessions of one event.", matchBuckets)
	m.WindowSeconds = histogram(m, "window_wait_seconds", "How long an event waited for company.", latencyBuckets)
	m.DeliverSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "tierboard", Name: "deliver_seconds",
		Help: "From receiving an event to handing its frame to the socket.", Buckets: latencyBuckets,
	}, []string{"tier"})
	m.Registry.MustRegister(m.DeliverSeconds)
	m.BatchEvents = histogram(m, "batch_events", "Events in a frame.", batchBuckets)
	m.OutboxBytes = histogram(m, "outbox_bytes", "Bytes that wait for a session after a frame was sent.", outboxBuckets)
	m.PublishSeconds = histogram(m, "publish_write_seconds", "From the producer's publish time to handing the event's frame to the socket.", latencyBuckets)
	m.FramesEncoded = counter(m, "batches_encoded_total", "Batches encoded; sessions that send the same at the same moment share one.")
	m.FramesHeld = counter(m, "frames_held_total", "Frames that a socket did not take at once.")
	m.FramesSent = counter(m, "frames_sent_total", "Frames handed to sockets.")
	m.EventsSent = counter(m, "events_sent_total", "Events handed to sockets, counted per session.")
	m.Suppressed = counter(m, "events_suppressed_total", "Events held back by the rate limit, counted per session.")
	m.Dropped = counter(m, "events_dropped_total", "Events left out because a session's outbox was full.")

	m.Sessions = gauge(m, "sessions", "Open WebSocket sessions.")
	m.Subscriptions = gauge(m, "subscriptions", "Subscriptions of open sessions.")
	m.SessionsClosed = counters(m, "sessions_closed_total", "Sessions ended, by reason.", "reason")
	m.SessionsCut = counters(m, "sessions_cut_total", "Sessions ended because they did not read, by what was full or late.", "reason")
	m.RequestsRejected = counters(m, "requests_rejected_total", "Client frames refused, by error code.", "code")
	m.TurnsMissed = counter(m, "turns_missed_total", "Handshakes and requests that were done without a turn, since they had waited 50 ms for it.")

	m.HTTPSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "tierboard", Name: "http_request_seconds", Help: "HTTP requests by route and status.", Buckets: latencyBuckets,
	}, []string{"route", "code"})
	m.Registry.MustRegister(m.HTTPSeconds)

	m.DBSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "tierboard", Name: "db_seconds", Help: "Calls of the database by operation.", Buckets: latencyBuckets,
	}, []string{"op"})
	m.Registry.MustRegister(m.DBSeconds)
	m.DBUp = gauge(m, "db_up", "1 while the database answers.")
	m.ArchiveQueue = gauge(m, "archive_queue_events", "Events waiting in memory to be written to the database.")
	m.ArchiveSpillBytes = gauge(m, "archive_spill_bytes", "Size of the files that hold events while the database is away.")
	m.ArchiveWritten = counter(m, "archive_written_total", "Events handed to the database.")
	m.OutcomesDropped = counter(m, "outcomes_dropped_total", "Outcomes that came while too many waited for the database.")
	m.ArchiveSpilled = counter(m, "archive_spilled_total", "Events written to a spill file because the database was away or slow.")
	m.ArchiveDropped = counters(m, "archive_dropped_total", "Events that will never be in the database, by reason.", "reason")
	m.ArchivePruned = counters(m, "archive_pruned_total", "Events deleted because they are older than their tier is kept.", "tier")
	return m
}

// Handler answers with every number in Prometheus' text format. At most four requests are answered at once.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

func counter(m *Metrics, name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: "tierboard", Name: name, Help: help})
	m.Registry.MustRegister(c)
	return c
}

func counters(m *Metrics, name, help, label string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tierboard", Name: name, Help: help}, []string{label})
	m.Registry.MustRegister(c)
	return c
}

func gauge(m *Metrics, name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "tierboard", Name: name, Help: help})
	m.Registry.MustRegister(g)
	return g
}

func histogram(m *Metrics, name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "tierboard", Name: name, Help: help, Buckets: buckets})
	m.Registry.MustRegister(h)
	return h
}
