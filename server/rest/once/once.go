// Package once makes a change that carries an Idempotency-Key happen once, however often it is asked for.
package once

import (
	"bytes"
	"crypto/sha256"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"tierboard/server/gate"
	"tierboard/server/problem"
)

// Header is the header that carries a key: one, of 1 to 40 plain characters.
const Header = "Idempotency-Key"

// Life is how long an answer is remembered.
const Life = 24 * time.Hour

// Bounds of what is remembered of changes that were asked for with an Idempotency-Key.
const (
	mostBytes = 8 << 20 // bytes of answers, of all users together; the oldest go first
	cost      = 512     // bytes that an answer costs beside its body
)

// Once remembers the answers to changes that carried an Idempotency-Key, so that a client that has lost an answer can ask
// again without changing anything twice. It remembers for a day, in the memory of this process, and only what succeeded: a
// change that was refused has changed nothing.
type Once struct {
	now     func() time.Time
	most    int // bytes of answers
	maxBody int64

	mu    sync.Mutex
	known map[owned]*answered // guarded by mu
	order []owned             // of the finished ones, oldest first; guarded by mu
	bytes int                 // guarded by mu
}

// owned is a user's key.
type owned struct{ user, key string }

// answered is a change and its answer.
type answered struct {
	asked  [sha256.Size]byte // what was asked for
	done   chan struct{}     // closed when the answer is there, or will never be
	at     time.Time
	status int // 0 unless it succeeded
	header http.Header
	body   []byte
}

// New returns a Once that remembers nothing yet. The bodies of changes are read up to maxBody bytes
// and one more, which is for the change to refuse.
func New(now func() time.Time, maxBody int64) *Once {
	return &Once{now: now, maxBody: maxBody, most: mostBytes, known: map[owned]*answered{}}
}

// Wrap makes a change that may carry an Idempotency-Key happen once. Its errors are problems, or those of the change.
func (o *Once) Wrap(change func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		keys := r.Header.Values(Header)
		if len(keys) == 0 {
			return change(w, r)
		}
		key := keys[0]
		if len(keys) > 1 || key == "" || !problem.Plain(key) {
			return problem.At(problem.Parameter, problem.Field("header."+Header, "", "must be one key of 1 to 40 letters, digits and -_.:+,"))
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, o.maxBody+1))
		if err != nil {
			return problem.At(problem.BadRequest, problem.Field("body", "", "ended early"))
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		asked := sha256.New()
		for _, part := range []string{r.Method, r.URL.RequestURI(), r.Header.Get("If-Match"), string(body)} {
			_, _ = io.WriteString(asked, part+"\x00")
		}
		a := &answered{asked: [sha256.Size]byte(asked.Sum(nil)), done: make(chan struct{})}
		at := owned{gate.User(r.Context()), key}
		for {
			old := o.begin(at, a)
			if old == nil {
				return o.run(w, r, at, a, change)
			}
			if old.asked != a.asked {
				return problem.At(problem.Parameter, problem.Field("header."+Header, key, "was used for another request; use a new one"))
			}
			select {
			case <-old.done:
			case <-r.Context().Done():
				return r.Context().Err()
			}
			if old.status != 0 {
				return old.repeat(w)
			}
		}
	}
}

// begin takes a key for a request, unless another one has it, which is returned.
func (o *Once) begin(at owned, a *answered) *answered {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	for len(o.order) > 0 && now.Sub(o.known[o.order[0]].at) > Life {
		o.forgetOldest()
	}
	if old := o.known[at]; old != nil {
		return old
	}
	o.known[at] = a
	return nil
}

// run makes the change and remembers its answer.
func (o *Once) run(w http.ResponseWriter, r *http.Request, at owned, a *answered, change func(http.ResponseWriter, *http.Request) error) error {
	defer o.finish(at, a) // also when the change panics
	rec := &copied{ResponseWriter: w, status: http.StatusOK}
	err := change(rec, r)
	if err == nil && rec.status < http.StatusMultipleChoices {
		a.header = http.Header{}
		for _, name := range []string{"Content-Type", "Etag", "Location", "Cache-Control"} {
			if v := w.Header().Get(name); v != "" {
				a.header.Set(name, v)
			}
		}
		a.status, a.body = rec.status, rec.body.Bytes()
	}
	return err
}

// finish keeps the answer of a change that succeeded and lets those go on who wait for it.
func (o *Once) finish(at owned, a *answered) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer close(a.done)
	if a.status == 0 {
		delete(o.known, at)
		return
	}
	a.at = o.now()
	o.order = append(o.order, at)
	o.bytes += cost + len(a.body)
	for o.bytes > o.most {
		o.forgetOldest()
	}
}

// forgetOldest forgets the oldest answer. The caller holds the mutex.
func (o *Once) forgetOldest() {
	at := o.order[0]
	o.order = o.order[1:]
	o.bytes -= cost + len(o.known[at].body)
	delete(o.known, at)
}

// repeat gives an answer again.
func (a *answered) repeat(w http.ResponseWriter) error {
	h := w.Header()
	maps.Copy(h, a.header)
	h.Set("Idempotency-Replayed", "true")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
	return nil
}

// copied keeps a copy of an answer.
type copied struct {
	http.ResponseWriter

	status int
	body   bytes.Buffer
}

// WriteHeader notes the status.
func (c *copied) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Write copies.
func (c *copied) Write(b []byte) (int, error) {
	c.body.Write(b)
	return c.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *copied) Unwrap() http.ResponseWriter { return c.ResponseWriter }
