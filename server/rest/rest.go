// Package rest answers the HTTP questions: lists of patterns, performance, health, the market's calendar, what users saved,
// and the server's own numbers. The published contract (OpenAPI 3.1) is made of the same tables and types that answer, so it
// cannot say anything else.
//
// # Path of a request
//
// gate (user, limits, compression) → the operation, found by path and method → query reads the parameters → lists go to the
// ring of recent events when it covers the question, else to the archive → presenter. An operation returns an error
// instead of writing one; problem turns it into a document that names the field and shows nothing of the server.
//
// This package only puts the parts together: each of the packages below it answers one sort of question.
//
// # Decisions
//
// huma is used for the contract, the schemas and the validation of bodies, and its adapter of the standard mux for routes, but
// not its handler wrapper. Because: lists stream bytes that are encoded already, parameters must mean what they mean in a
// live filter, and the wrapper's errors are made by a setting of the whole process. Look again when: huma's error
// constructor belongs to an API.
//
// The docs page is written by the server from the contract, without a script. Because: the usual renderers weigh some
// 2.4 MB and need a looser policy; a page of text and copyable commands says the same.
//
// Every change may carry an Idempotency-Key; what is remembered of it is in memory. Because: a key is for the retry seconds
// after an answer was lost. Rejected: a table for it, which would make each change two. Look again when: changes cost money.
//
// status, related and outcome come on request, what the producer sent does not come as it was: see packages api and query.
package rest

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tierboard/server/calendar"
	"tierboard/server/gate"
	"tierboard/server/health"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/problem"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/catalogue"
	"tierboard/server/rest/clock"
	"tierboard/server/rest/docs"
	"tierboard/server/rest/item"
	"tierboard/server/rest/list"
	"tierboard/server/rest/once"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/ops"
	"tierboard/server/rest/performance"
	"tierboard/server/rest/related"
	"tierboard/server/rest/route"
	"tierboard/server/rest/saved"
	"tierboard/server/rest/shelf"
	"tierboard/server/rest/source"
	"tierboard/server/rest/status"
	"tierboard/shared/api"
)

// Config is what the routes answer from. Hub, Market, Health, Library and Gate are required.
type Config struct {
	// Hub has the recent events.
	Hub *hub.Hub
	// Archive has all of them; nil means that lists end where the ring ends.
	Archive Archive
	// ArchiveHealth tells how the archive does; nil leaves it out of the report.
	ArchiveHealth func() api.ArchiveHealth
	// Library keeps what users save.
	Library shelf.Library
	// Market returns the exchange's calendar, which an operator may replace.
	Market func() *calendar.Calendar
	// Health judges the feed.
	Health interface {
		Report(now time.Time) health.Report
	}
	// DeadLetters returns the newest messages that are no event, at most limit, and how many there ever were; nil for none.
	DeadLetters func(limit int) ([]api.DeadLetter, uint64)
	// Gate is in front of everything.
	Gate *gate.Gate
	// PerMinute and ExportsPerMinute are the gate's limits, to tell users.
	PerMinute, ExportsPerMinute int
	// Stream answers the event stream; nil leaves it out.
	Stream http.Handler
	// Streams returns how many event streams are open, and StreamsPerUser is how many a user may have; nil and 0 without Stream.
	Streams        func() int
	StreamsPerUser int
	// SlowSessions returns the live streams for which most waits to be sent, at most limit; nil for none.
	SlowSessions func(limit int) []api.SlowSession
	// ExportRows is the most rows of an export; 0 means 100,000.
	ExportRows int
	// Version is the server's build, for the contract and the operator.
	Version string
	// Settings returns the settings in force, secrets masked; nil for none.
	Settings func() []api.Setting
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Archive is the database behind the lists and the reports of performance.
type Archive interface {
	source.Archive
	performance.Archive
}

// defaultExportRows is the most rows of an export unless a setting says otherwise.
const defaultExportRows = 100_000

// Validate reports every part that is missing or out of range.
func (c Config) Validate() error {
	var errs []error
	need := func(ok bool, name string) {
		if !ok {
			errs = append(errs, fmt.Errorf("rest: %s: missing", name))
		}
	}
	need(c.Hub != nil, "hub")
	need(c.Library != nil, "library")
	need(c.Market != nil, "market")
	need(c.Health != nil, "health")
	need(c.Gate != nil, "gate")
	if c.ExportRows < 0 {
		errs = append(errs, fmt.Errorf("rest: export_rows: %d is negative", c.ExportRows))
	}
	return errors.Join(errs...)
}

// REST is the handler of /api/, /openapi.json, /openapi.yaml, /frames.json, /docs and /problems/. It may serve any number of requests.
type REST struct {
	cfg     Config
	m       *metrics.Metrics
	log     *slog.Logger
	started time.Time

	contract *operation.Contract
	table    *route.Table
	handler  http.Handler
}

// New returns a REST. It starts nothing.
func New(cfg Config, m *metrics.Metrics, log *slog.Logger) (*REST, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.ExportRows == 0 {
		cfg.ExportRows = defaultExportRows
	}
	x := &REST{cfg: cfg, m: m, log: log, started: cfg.Now(), table: route.New()}
	x.contract = operation.New(cfg.Version, x.table, once.New(cfg.Now, operation.MaxBody))
	x.contract.Add(x.operations()...)
	x.publish()
	x.handler = cfg.Gate.Wrap(x.table)
	return x, nil
}

// Routes adds the handler to a mux, by the paths it answers. The stream, where there is one, is not compressed.
func (x *REST) Routes(mux *http.ServeMux) {
	for _, path := range []string{"/api/", api.PathOpenAPIJSON, api.PathOpenAPIYAML, api.PathFrames, api.PathDocs, api.PathProblems} {
		mux.Handle(path, x.handler)
	}
	if x.cfg.Stream != nil {
		mux.Handle(api.PathStream, x.cfg.Gate.WrapStream(http.HandlerFunc(x.stream)))
	}
}

// OpenAPI returns the contract. The caller must not change it.
func (x *REST) OpenAPI() *huma.OpenAPI { return x.contract.Spec() }

// operations makes every operation of the surface, in the order of the docs page.
func (x *REST) operations() []operation.Operation {
	cfg := &x.cfg
	from := source.New(cfg.Hub, cfg.Archive, x.log)
	relations := related.New(from)
	kept := saved.New(&shelf.Rack{Library: cfg.Library, Read: x.contract.Read, Log: x.log}, from, cfg.Now)
	lists := list.New(list.Config{
		Hub: cfg.Hub, Source: from, Relations: relations, Watchlist: kept.Watchlist, Market: cfg.Market, Gate: cfg.Gate, ExportRows: cfg.ExportRows, Now: cfg.Now,
	})
	outcomes := performance.New(performance.Config{Archive: cfg.Archive, Fault: from.Fault, Market: cfg.Market, Metrics: x.m, Now: cfg.Now})
	tiers := status.New(status.Config{Health: cfg.Health, Archive: cfg.ArchiveHealth, Hub: cfg.Hub, Market: cfg.Market, Metrics: x.m, Now: cfg.Now})
	operator := ops.New(ops.Config{
		Hub: cfg.Hub, Metrics: x.m, DeadLetters: cfg.DeadLetters, Streams: cfg.Streams, SlowSessions: cfg.SlowSessions, Settings: cfg.Settings,
		Version: cfg.Version, Started: x.started, Now: cfg.Now,
	})
	return slices.Concat(
		lists.Operations(),
		[]operation.Operation{catalogue.Types()},
		item.New(from, relations, cfg.Now).Operations(),
		[]operation.Operation{catalogue.Symbols(from, cfg.Now), outcomes.Operation(), tiers.Operation()},
		clock.New(cfg.Market, cfg.Now).Operations(),
		x.streamOperations(),
		[]operation.Operation{x.meOperation()},
		kept.Operations(),
		operator.Operations(),
	)
}

// publish adds the contract and the pages made of it to the table. They are written when first asked for, since that takes
// longer than everything else at start.
func (x *REST) publish() {
	spec := x.contract.Spec()
	pages := sync.OnceValues(func() (*docs.Pages, error) { return docs.New(spec) })
	page := func(show func(*docs.Pages, http.ResponseWriter, *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			p, err := pages()
			if err != nil {
				x.log.Error("write the docs page", slog.Any("err", err))
				problem.Write(w, err)
				return
			}
			show(p, w, r)
		}
	}
	x.table.Get(api.PathOpenAPIJSON, x.fixed("application/openapi+json", spec.MarshalJSON))
	x.table.Get(api.PathOpenAPIYAML, x.fixed("application/yaml", spec.YAML))
	x.table.Get(api.PathFrames, x.fixed("application/schema+json", docs.FramesJSON))
	x.table.Get(api.PathDocs, page((*docs.Pages).Index))
	x.table.Get(api.PathProblems+"{slug}", page((*docs.Pages).Problem))
}

// fixed answers with the same bytes every time; they are made when first asked for.
func (x *REST) fixed(contentType string, produce func() ([]byte, error)) http.HandlerFunc {
	made := sync.OnceValues(produce)
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := made()
		if err != nil {
			x.log.Error("write the contract", slog.Any("err", err))
			problem.Write(w, err)
			return
		}
		tag := answer.Tag(string(body))
		h := w.Header()
		h.Set("ETag", tag)
		h.Set("Cache-Control", "no-cache")
		if answer.Matches(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Type", contentType)
		_, _ = w.Write(body)
	}
}
