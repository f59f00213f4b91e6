package rest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tierboard/server/rest/once"
	"tierboard/server/rest/operation"
	"tierboard/shared/api"
)

// TestChangesHappenOnce repeats changes with their key, as a client does that has lost the answer.
func TestChangesHappenOnce(t *testing.T) {
	r := full(t)
	const body = `{"name":"a","symbols":["AAPL"]}`
	first := r.Ask("POST", "/api/watchlists", body, once.Header, "k1").Is(201)
	again := r.Ask("POST", "/api/watchlists", body, once.Header, "k1").Is(201)
	if again.Body.String() != first.Body.String() || again.Header().Get("Location") != first.Header().Get("Location") ||
		again.Header().Get("Etag") != `"1"` || again.Header().Get("Idempotency-Replayed") != "true" || first.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("%v %s\n%v %s", first.Header(), first.Body, again.Header(), again.Body)
	}
	r.Ask("POST", "/api/watchlists", body).Problem(409, "body.name") // without a key it is another change
	r.Ask("POST", "/api/watchlists", `{"name":"b","symbols":[]}`, once.Header, "k1").Problem(422, "header."+once.Header)
	r.Ask("POST", "/api/views", `{"name":"b","layout":{}}`, once.Header, "k1").Problem(422, "header."+once.Header)
	for _, key := range []string{"", "<b>", strings.Repeat("x", 41)} {
		r.Ask("POST", "/api/watchlists", body, once.Header, key).Problem(422, "header."+once.Header)
	}

	// A change of a version, repeated, is no conflict.
	path := first.Header().Get("Location")
	for range 2 {
		r.Ask("PUT", path, `{"name":"c","symbols":[]}`, "If-Match", `"1"`, once.Header, "k2").Is(200)
	}
	r.Ask("PUT", path, `{"name":"c","symbols":[]}`, "If-Match", `"1"`, once.Header, "k3").Problem(412, "")
	for range 2 {
		r.Ask("PATCH", "/api/me/preferences", `{"values":{"a":1}}`, "If-Match", `"0"`, once.Header, "k4").Is(200)
	}
	for range 2 {
		r.Ask("DELETE", path, "", "If-Match", `"2"`, once.Header, "k5").Is(204)
	}

	// What was refused is not remembered: the same key may be used again.
	r.Ask("POST", "/api/watchlists", `{`, once.Header, "k6").Problem(400, "body")
	r.Ask("POST", "/api/watchlists", `{"name":"d","symbols":[]}`, once.Header, "k6").Is(201)

	// A key is the user's own, and for a day.
	r.user = "eve"
	if a := r.Ask("POST", "/api/watchlists", body, once.Header, "k1").Is(201); a.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("another user's answer: %s", a.Body)
	}
	r.now = r.now.Add(once.Life + time.Second)
	r.Ask("POST", "/api/watchlists", `{"name":"e","symbols":[]}`, once.Header, "k1").Is(201)
	r.Ask("POST", "/api/watchlists", strings.Repeat(" ", operation.MaxBody+1), once.Header, "k7").Problem(413, "body")
}

// TestChangesAtTheSameTimeHappenOnce sends one change many times at once.
func TestChangesAtTheSameTimeHappenOnce(t *testing.T) {
	r := full(t)
	locations := make([]string, 20)
	var wg sync.WaitGroup
	for i := range locations {
		wg.Go(func() {
			a := r.Ask("POST", "/api/views", `{"name":"a","layout":{}}`, once.Header, "same")
			locations[i] = fmt.Sprint(a.Code, a.Header().Get("Location"))
		})
	}
	wg.Wait()
	for _, l := range locations {
		if l != locations[0] || !strings.HasPrefix(l, "201/api/views/") {
			t.Errorf("%q", locations)
			break
		}
	}
	var all api.ViewList
	r.Get("/api/views").Is(200).Read(&all)
	if len(all.Views) != 1 {
		t.Errorf("%d views", len(all.Views))
	}
}
