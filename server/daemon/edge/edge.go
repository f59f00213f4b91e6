// Package edge is what stands around all routes of an address: who may ask under which name, the headers of what is no page, what
// becomes of a handler's panic, how long requests take, and whether the server is ready.
package edge

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"tierboard/server/ingest"
	"tierboard/server/metrics"
	"tierboard/server/web/hosts"
	"tierboard/shared/api"
)

// The states of a server, as /readyz tells them; it begins with starting.
const (
	starting int32 = iota
	serving
	draining
)

// Probe answers whether the server lives and whether it can serve. A Redis that is away changes neither: the board goes
// on with what it has and says that the feed is down. The zero Probe says that the server starts; any number of goroutines may use it.
type Probe struct{ state atomic.Int32 }

// Serve tells that the server can serve from now on, unless it drains already.
func (p *Probe) Serve() { p.state.CompareAndSwap(starting, serving) }

// Drain tells that the server is about to stop.
func (p *Probe) Drain() { p.state.Store(draining) }

// alive answers /healthz.
func (p *Probe) alive(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") }

// ready answers /readyz.
func (p *Probe) ready(w http.ResponseWriter, _ *http.Request) {
	switch p.state.Load() {
	case serving:
		say(w, http.StatusOK, "ready")
	case draining:
		say(w, http.StatusServiceUnavailable, "draining")
	default:
		say(w, http.StatusServiceUnavailable, "starting")
	}
}

// say answers with one word.
func say(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(word + "\n"))
}

// Router adds routes of its own.
type Router interface {
	// Routes adds them to a mux, by the paths it answers.
	Routes(mux *http.ServeMux)
}

// Letters are the messages that are no event; *ingest.DeadLetters is one.
type Letters interface {
	// Newest returns at most limit of them, newest first.
	Newest(limit int) []ingest.DeadLetter
	// Total returns how many there ever were.
	Total() uint64
}

// Edge is what all routes share. It does not change: any number of goroutines may use it.
type Edge struct {
	names hosts.Hosts
	m     *metrics.Metrics
	log   *slog.Logger
}

// New returns an Edge that lets requests in under some names, measures them and logs those that fail.
func New(names hosts.Hosts, m *metrics.Metrics, log *slog.Logger) *Edge { return &Edge{names, m, log} }

// Main returns the handler of the main address. The page replaces the headers by its own.
func (e *Edge) Main(p *Probe, stream, page http.Handler, more ...Router) http.Handler {
	mux := http.NewServeMux()
	for _, r := range more {
		r.Routes(mux)
	}
	mux.HandleFunc("GET "+api.PathHealth, p.alive)
	mux.HandleFunc("GET "+api.PathReady, p.ready)
	mux.Handle("GET "+api.PathMetrics, e.m.Handler())
	mux.Handle("/", page)
	// The stream is outside of what measures requests: it lasts for hours, and takes the connection over.
	outer := http.NewServeMux()
	outer.Handle(api.PathWebSocket, stream)
	outer.Handle("/", e.observe(mux))
	return headers(e.names.Guard(e.survive(outer)))
}

// Admin returns the handler of the admin address.
func (e *Edge) Admin(p *Probe, letters Letters) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+api.PathHealth, p.alive)
	mux.HandleFunc("GET "+api.PathReady, p.ready)
	mux.Handle("GET "+api.PathMetrics, e.m.Handler())
	mux.HandleFunc("GET /dead-letters", deadLetters(letters))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return headers(e.names.Guard(e.survive(mux)))
}

// headers puts the headers of an answer that is no page on every answer: nothing of it may be run, framed, kept
// or read by another site. A page that has its own headers replaces them.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// survive logs a panic of a handler and ends the connection, so that the client does not take half an answer for a whole.
func (e *Edge) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch fault := recover(); fault {
			case nil:
			case http.ErrAbortHandler:
				panic(fault) // asked for
			default:
				e.log.Error("request failed", slog.String("method", r.Method), slog.String("route", r.Pattern),
					slog.Any("panic", fault), slog.String("stack", string(debug.Stack())))
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// observe measures requests by route. A route is the pattern that answered, never the path, which is unbounded.
func (e *Edge) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		took := time.Since(began)
		route := r.Pattern // set by the mux
		if route == "" {
			route = "none"
		}
		if route == api.PathStream && rec.status == http.StatusOK { // a connection, not a request: it is counted as a session
			return
		}
		e.m.HTTPSeconds.WithLabelValues(route, strconv.Itoa(rec.status)).Observe(took.Seconds())
		e.log.Debug("request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("took", took))
	})
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter

	status int
	bytes  int64
	wrote  bool
}

// WriteHeader remembers the first final status.
func (r *recorder) WriteHeader(status int) {
	if !r.wrote && status >= http.StatusOK {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// deadLetters answers with the newest rejects, at most ?limit=N of them, newest first.
func deadLetters(letters Letters) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		limit := 100
		if text := r.URL.Query().Get("limit"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				say(w, http.StatusBadRequest, "limit: must be a number from 1")
				return
			}
			limit = n
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(struct {
			Total  uint64              `json:"total"`
			Newest []ingest.DeadLetter `json:"newest"`
		}{letters.Total(), letters.Newest(limit)})
	}
}
