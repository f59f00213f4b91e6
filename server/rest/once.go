package rest

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

// Bounds of what is remembered of changes that were asked for with an Idempotency-Key.
const (
	keyHeader = "Idempotency-Key"
	onceFor   = 24 * time.Hour
	mostOnce  = 8 << 20 // bytes of answers, of all users together; the oldest go first
	onceCost  = 512     // bytes that an answer costs beside its body
)

// once remembers the answers to changes that carried an Idempotency-Key, so that a client that has lost an answer can ask
// again without changing anything twice. It remembers for a day, in the memory of this process, and only what succeeded: a
// change that was refused has changed nothing.
type once struct {
	now  func() time.Time
	most int // bytes of answers

	mu    sync.Mutex
	known map[onceKey]*answered // guarded by mu
	order []onceKey             // of the finished ones, oldest first; guarded by mu
	bytes int                   // guarded by mu
}

// onceKey is a user's key.
type onceKey struct{ user, key string }

// answered is a change and its answer.
type answered struct {
	asked  [sha256.Size]byte // what was asked for
	done   chan struct{}     // closed when the answer is there, or will never be
	at     time.Time
	status int // 0 unless it succeeded
	header http.Header
	body   []byte
}

func newOnce(now func() time.Time) *once {
	return &once{now: now, most: mostOnce, known: map[onceKey]*answered{}}
}

// wrap makes a change that may carry an Idempotency-Key happen once.
func (o *once) wrap(change func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		keys := r.Header.Values(keyHeader)
		if len(keys) == 0 {
			return change(w, r)
		}
		key := keys[0]
		if len(keys) > 1 || key == "" || !problem.Plain(key) {
			return problem.At(problem.Parameter, problem.Field("header."+keyHeader, "", "must be one key of 1 to 40 letters, digits and -_.:+,"))
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil {
			return problem.At(problem.BadRequest, problem.Field("body", "", "ended early"))
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		asked := sha256.New()
		for _, part := range []string{r.Method, r.URL.RequestURI(), r.Header.Get("If-Match"), string(body)} {
			_, _ = io.WriteString(asked, part+"\x00")
		}
		a := &answered{asked: [sha256.Size]byte(asked.Sum(nil)), done: make(chan struct{})}
		at := onceKey{gate.User(r.Context()), key}
		for {
			old := o.begin(at, a)
			if old == nil {
				return o.run(w, r, at, a, change)
			}
			if old.asked != a.asked {
				return problem.At(problem.Parameter, problem.Field("header."+keyHeader, key, "was used for another request; use a new one"))
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
func (o *once) begin(at onceKey, a *answered) *answered {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	for len(o.order) > 0 && now.Sub(o.known[o.order[0]].at) > onceFor {
		o.forgetOldest()
	}
	if old := o.known[at]; old != nil {
		return old
	}
	o.known[at] = a
	return nil
}

// run makes the change and remembers its answer.
func (o *once) run(w http.ResponseWriter, r *http.Request, at onceKey, a *answered, change func(http.ResponseWriter, *http.Request) error) error {
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
func (o *once) finish(at onceKey, a *answered) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer close(a.done)
	if a.status == 0 {
		delete(o.known, at)
		return
	}
	a.at = o.now()
	o.order = append(o.order, at)
	o.bytes += onceCost + len(a.body)
	for o.bytes > o.most {
		o.forgetOldest()
	}
}

// forgetOldest forgets the oldest answer. The caller holds the mutex.
func (o *once) forgetOldest() {
	at := o.order[0]
	o.order = o.order[1:]
	o.bytes -= onceCost + len(o.known[at].body)
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
