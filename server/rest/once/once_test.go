package once

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tierboard/server/problem"
)

// friday is when the tests take place.
var friday = time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC)

// maxBody bounds the bodies of the tests.
const maxBody = 4096

// change is a change that counts how often it happens, and answers with its body.
type change struct {
	mu       sync.Mutex
	happened map[string]int // by body; guarded by mu
	err      error
	status   int
}

func (c *change) happen(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.happened[string(body)]++
	c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Location", "/made")
	w.Header().Set("X-Else", "1")
	w.WriteHeader(c.status)
	_, err = w.Write(body)
	return err
}

// ask makes a request with a key.
func ask(t *testing.T, ctx context.Context, do func(http.ResponseWriter, *http.Request) error, key, body string) (*httptest.ResponseRecorder, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/things", strings.NewReader(body))
	r.Header.Set(Header, key)
	w := httptest.NewRecorder()
	return w, do(w, r)
}

// start returns a change, and the same one made once.
func start(now func() time.Time) (*Once, *change, func(http.ResponseWriter, *http.Request) error) {
	o, c := New(now, maxBody), &change{happened: map[string]int{}, status: http.StatusCreated}
	return o, c, o.Wrap(c.happen)
}

// TestAnswersAreRepeated asks twice, a day later again, and with other bodies and keys.
func TestAnswersAreRepeated(t *testing.T) {
	now := friday
	_, c, do := start(func() time.Time { return now })
	for i := range 3 {
		w, err := ask(t, t.Context(), do, "k", "a")
		if err != nil || w.Code != http.StatusCreated || w.Body.String() != "a" || w.Header().Get("Location") != "/made" || w.Header().Get("Content-Type") != "text/plain" {
			t.Fatalf("%v %d %v %s", err, w.Code, w.Header(), w.Body)
		}
		if again := w.Header().Get("Idempotency-Replayed") == "true"; again != (i > 0) || again != (w.Header().Get("X-Else") == "") {
			t.Errorf("time %d has the headers %v", i, w.Header())
		}
	}
	if c.happened["a"] != 1 {
		t.Errorf("it happened %d times", c.happened["a"])
	}
	for _, key := range []string{"", "<b>", "a b", strings.Repeat("x", 41)} {
		if _, err := ask(t, t.Context(), do, key, "b"); !of(err, problem.Parameter) {
			t.Errorf("the key %q: %v", key, err)
		}
	}
	if _, err := ask(t, t.Context(), do, "k", "b"); !of(err, problem.Parameter) || c.happened["b"] != 0 {
		t.Errorf("another request with the key: %v", err)
	}
	now = now.Add(Life + time.Second)
	if _, err := ask(t, t.Context(), do, "k", "b"); err != nil || c.happened["b"] != 1 {
		t.Errorf("a day later: %v", err)
	}
	r := httptest.NewRequest(http.MethodPost, "/things", strings.NewReader("c"))
	for range 2 { // without a key
		r.Body = io.NopCloser(strings.NewReader("c"))
		if err := do(httptest.NewRecorder(), r); err != nil {
			t.Fatal(err)
		}
	}
	if c.happened["c"] != 2 {
		t.Errorf("without a key it happened %d times", c.happened["c"])
	}
}

// of reports whether an error is a problem of a kind.
func of(err error, kind problem.Kind) bool {
	p, ok := errors.AsType[*problem.Error](err)
	return ok && p.Kind.Slug == kind.Slug
}

// TestOnlySuccessIsRemembered lets a change fail, be refused and panic; the key is free after each.
func TestOnlySuccessIsRemembered(t *testing.T) {
	o, c, do := start(func() time.Time { return friday })
	c.err = errors.New("away")
	if _, err := ask(t, t.Context(), do, "k", "a"); !errors.Is(err, c.err) {
		t.Errorf("%v", err)
	}
	c.err, c.status = nil, http.StatusConflict
	if w, err := ask(t, t.Context(), do, "k", "a"); err != nil || w.Code != http.StatusConflict {
		t.Errorf("%v %d", err, w.Code)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is kept")
			}
		}()
		_, _ = ask(t, t.Context(), o.Wrap(func(http.ResponseWriter, *http.Request) error { panic("no") }), "k", "a")
	}()
	c.status = http.StatusOK
	if w, err := ask(t, t.Context(), do, "k", "a"); err != nil || w.Code != http.StatusOK || w.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("%v %d %v", err, w.Code, w.Header())
	}
	if c.happened["a"] != 3 {
		t.Errorf("it was tried %d times", c.happened["a"])
	}
}

// TestWhoWaitsMayGiveUp asks again while the first one is under way, and gives up.
func TestWhoWaitsMayGiveUp(t *testing.T) {
	o, _, _ := start(func() time.Time { return friday })
	begun, end := make(chan struct{}), make(chan struct{})
	do := o.Wrap(func(w http.ResponseWriter, _ *http.Request) error {
		close(begun)
		<-end
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	first := make(chan error)
	go func() {
		_, err := ask(t, context.Background(), do, "k", "a")
		first <- err
	}()
	<-begun
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := ask(t, ctx, do, "k", "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(end)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if w, err := ask(t, t.Context(), do, "k", "a"); err != nil || w.Code != http.StatusNoContent || w.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("%v %d %v", err, w.Code, w.Header())
	}
}

// TestKeysAreBounded fills the memory of answers; the oldest go.
func TestKeysAreBounded(t *testing.T) {
	o, c, do := start(func() time.Time { return friday })
	o.most = 64 << 10
	big := strings.Repeat("x", 2000)
	for i := range 61 {
		if _, err := ask(t, t.Context(), do, fmt.Sprint("k", i), fmt.Sprint(big, i)); err != nil {
			t.Fatal(err)
		}
	}
	if o.bytes > o.most || o.bytes < o.most/2 || len(o.order) != len(o.known) {
		t.Errorf("%d bytes, %d in order, %d known", o.bytes, len(o.order), len(o.known))
	}
	for i, want := range map[int]int{0: 2, 60: 1} { // the first is forgotten, the last is not
		if _, err := ask(t, t.Context(), do, fmt.Sprint("k", i), fmt.Sprint(big, i)); err != nil || c.happened[fmt.Sprint(big, i)] != want {
			t.Errorf("key %d: %v, happened %d times", i, err, c.happened[fmt.Sprint(big, i)])
		}
	}
	var got int
	long := o.Wrap(func(_ http.ResponseWriter, r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		got = len(body)
		return err
	})
	if _, err := ask(t, t.Context(), long, "long", strings.Repeat("x", 3*maxBody)); err != nil || got != maxBody+1 {
		t.Errorf("%d bytes of a body were read: %v", got, err)
	}
}
