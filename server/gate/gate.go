// Package gate is what every request to the HTTP surface passes: it knows the user, gives the request an id, refuses changes
// from other sites, counts requests, compresses answers and measures them.
//
// A Gate has no goroutine. What it remembers of users is bounded by Config.MaxUsers.
package gate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"tierboard/server/problem"
)

// LocalUser is the user of a server without accounts.
const LocalUser = "local"

// Config says what a Gate lets through. Start from DefaultConfig.
type Config struct {
	// PerMinute is how many requests a user may make in any one minute, counted from its first request.
	PerMinute int
	// ExportsPerMinute is how many of them may be exports, which cost as much as hundreds of pages.
	ExportsPerMinute int
	// DraftFields adds the fields RateLimit and RateLimit-Policy of the IETF's draft (draft-ietf-httpapi-ratelimit-headers-10 and
	// later) to the X-RateLimit ones.
	DraftFields bool
	// MaxUsers is how many users are counted at once; at the bound the one whose minute ends first is forgotten.
	MaxUsers int
	// Origins are the origins ("https://board.example.com") whose pages may use the surface, besides the own one. None by
	// default: then no answer carries a header for cross-origin use.
	Origins []string
	// User tells who asks; an error is answered as the problem it is. Nil means LocalUser.
	User func(*http.Request) (string, error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// DefaultConfig returns the settings of a server without accounts.
func DefaultConfig() Config { return Config{PerMinute: 6000, ExportsPerMinute: 30, MaxUsers: 10000} }

// Validate reports every setting that is out of its range.
func (c Config) Validate() error {
	var errs []error
	if c.PerMinute < 1 {
		errs = append(errs, fmt.Errorf("gate: per_minute: %d is less than 1", c.PerMinute))
	}
	if c.ExportsPerMinute < 1 {
		errs = append(errs, fmt.Errorf("gate: exports_per_minute: %d is less than 1", c.ExportsPerMinute))
	}
	if c.MaxUsers < 1 {
		errs = append(errs, fmt.Errorf("gate: max_users: %d is less than 1", c.MaxUsers))
	}
	for _, o := range c.Origins {
		u, err := url.Parse(o)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Path != "" || strings.ContainsAny(o, "*?#@ ") {
			errs = append(errs, fmt.Errorf("gate: origins: %q is no origin like https://board.example.com", o))
		}
	}
	return errors.Join(errs...)
}

// Gate wraps handlers. Its methods may be called by any number of goroutines.
type Gate struct {
	cfg      Config
	log      *slog.Logger
	origin   *http.CrossOriginProtection
	compress func(http.Handler) http.HandlerFunc

	requests, exports *limit
}

// New returns a Gate.
func New(cfg Config, log *slog.Logger) (*Gate, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.User == nil {
		cfg.User = func(*http.Request) (string, error) { return LocalUser, nil }
	}
	g := &Gate{cfg: cfg, log: log, origin: http.NewCrossOriginProtection()}
	g.requests = newLimit("requests", cfg.PerMinute, cfg.MaxUsers)
	g.exports = newLimit("exports", cfg.ExportsPerMinute, cfg.MaxUsers)
	for _, o := range cfg.Origins {
		if err := g.origin.AddTrustedOrigin(o); err != nil {
			return nil, fmt.Errorf("gate: origins: %w", err)
		}
	}
	var err error
	g.compress, err = gzhttp.NewWrapper(
		gzhttp.MinSize(minSize), gzhttp.EnableZstd(true), gzhttp.CompressionLevel(5),
		gzhttp.ContentTypes(compressible),
	)
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	return g, nil
}

// key is where a request's own things are in its context.
type key struct{}

// request is what the gate knows of a request.
type request struct {
	user  string
	id    string
	began time.Time
	db    time.Duration // owned by the handler's goroutine
}

// of returns what the gate knows of a request; zero values outside of one.
func of(ctx context.Context) *request {
	if r, ok := ctx.Value(key{}).(*request); ok {
		return r
	}
	return &request{user: LocalUser}
}

// User is who makes the request.
func User(ctx context.Context) string { return of(ctx).user }

// RequestID is the id of the request.
func RequestID(ctx context.Context) string { return of(ctx).id }

// Took is how long the request has been in the server.
func Took(ctx context.Context) time.Duration {
	if r := of(ctx); !r.began.IsZero() {
		return time.Since(r.began)
	}
	return 0
}

// Database adds to the time that the request spent in the database. The handler's goroutine may call it, before it writes.
func Database(ctx context.Context, d time.Duration) { of(ctx).db += d }

// Wrap puts the gate in front of a handler.
func (g *Gate) Wrap(next http.Handler) http.Handler {
	return g.wrap(withBrotli(next, g.compress(next)))
}

// WrapStream does the same without compression, for answers that never end.
func (g *Gate) WrapStream(next http.Handler) http.Handler { return g.wrap(next) }

func (g *Gate) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := &request{id: requestID(r), began: time.Now()}
		h := w.Header()
		h.Set("X-Request-Id", own.id)
		h.Set("Vary", "Accept, Accept-Encoding, Authorization, Cookie")
		if g.crossOrigin(w, r) {
			return
		}
		if err := g.origin.Check(r); err != nil {
			problem.Write(w, problem.New(problem.Forbidden, "This change was asked for by a page of another site."))
			return
		}
		user, err := g.cfg.User(r)
		if err != nil {
			problem.Write(w, err)
			return
		}
		own.user = user
		if err := g.admit(w, g.requests, user); err != nil {
			problem.Write(w, err)
			return
		}
		inner := r.WithContext(context.WithValue(r.Context(), key{}, own))
		t := &timed{ResponseWriter: w, own: own}
		next.ServeHTTP(t, inner)
		r.Pattern = inner.Pattern // whoever measures around us asks by it
	})
}

// requestID takes the client's id of a request if it is plain, else makes one.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && problem.Plain(id) {
		return id
	}
	return rand.Text()
}

// crossOrigin answers preflights and marks answers for the allowed origins. It reports whether it has answered.
func (g *Gate) crossOrigin(w http.ResponseWriter, r *http.Request) bool {
	if len(g.cfg.Origins) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !slices.Contains(g.cfg.Origins, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, X-Truncated")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Accept, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// timed writes how long the request took into the answer's headers.
type timed struct {
	http.ResponseWriter

	own   *request
	wrote bool
}

// WriteHeader adds Server-Timing.
func (t *timed) WriteHeader(status int) {
	if !t.wrote && status >= http.StatusOK {
		t.wrote = true
		text := make([]byte, 0, 48)
		if t.own.db > 0 {
			text = append(text, "db;dur="...)
			text = append(strconv.AppendFloat(text, float64(t.own.db.Microseconds())/1000, 'f', -1, 64), ", "...)
		}
		text = append(text, "total;dur="...)
		text = strconv.AppendFloat(text, float64(time.Since(t.own.began).Microseconds())/1000, 'f', -1, 64)
		t.Header().Set("Server-Timing", string(text))
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write writes the headers first, if nobody has.
func (t *timed) Write(b []byte) (int, error) {
	if !t.wrote {
		t.WriteHeader(http.StatusOK)
	}
	return t.ResponseWriter.Write(b)
}

// Flush passes on, since not every wrapper looks for Unwrap.
func (t *timed) Flush() { _ = http.NewResponseController(t.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach the connection.
func (t *timed) Unwrap() http.ResponseWriter { return t.ResponseWriter }
