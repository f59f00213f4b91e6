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
	first := r.ask("POST", "/api/watchlists", body, once.Header, "k1").is(201)
	again := r.ask("POST", "/api/watchlists", body, once.Header, "k1").is(201)
	if again.Body.String() != first.Body.String() || again.Header().Get("Location") != first.Header().Get("Location") ||
		again.Header().Get("Etag") != `"1"` || again.Header().Get("Idempotency-Replayed") != "true" || first.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("%v %s\n%v %s", first.Header(), first.Body, again.Header(), again.Body)
	}
	r.ask("POST", "/api/watchlists", body).problem(409, "body.name") // without a key it is another change
	r.ask("POST", "/api/watchlists", `{"name":"b","symbols":[]}`, once.Header, "k1").problem(422, "header."+once.Header)
	r.ask("POST", "/api/views", `{"name":"b","layout":{}}`, once.Header, "k1").problem(422, "header."+once.Header)
	for _, key := range []string{"", "<b>", strings.Repeat("x", 41)} {
		r.ask("POST", "/api/watchlists", body, once.Header, key).problem(422, "header."+once.Header)
	}

	// A change of a version, repeated, is no conflict.
	path := first.Header().Get("Location")
	for range 2 {
		r.ask("PUT", path, `{"name":"c","symbols":[]}`, "If-Match", `"1"`, once.Header, "k2").is(200)
	}
	r.ask("PUT", path, `{"name":"c","symbols":[]}`, "If-Match", `"1"`, once.Header, "k3").problem(412, "")
	for range 2 {
		r.ask("PATCH", "/api/me/preferences", `{"values":{"a":1}}`, "If-Match", `"0"`, once.Header, "k4").is(200)
	}
	for range 2 {
		r.ask("DELETE", path, "", "If-Match", `"2"`, once.Header, "k5").is(204)
	}

	// What was refused is not remembered: the same key may be used again.
	r.ask("POST", "/api/watchlists", `{`, once.Header, "k6").problem(400, "body")
	r.ask("POST", "/api/watchlists", `{"name":"d","symbols":[]}`, once.Header, "k6").is(201)

	// A key is the user's own, and for a day.
	r.user = "eve"
	if a := r.ask("POST", "/api/watchlists", body, once.Header, "k1").is(201); a.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("another user's answer: %s", a.Body)
	}
	r.now = r.now.Add(once.Life + time.Second)
	r.ask("POST", "/api/watchlists", `{"name":"e","symbols":[]}`, once.Header, "k1").is(201)
	r.ask("POST", "/api/watchlists", strings.Repeat(" ", operation.MaxBody+1), once.Header, "k7").problem(413, "body")
}

// TestChangesAtTheSameTimeHappenOnce sends one change many times at once.
func TestChangesAtTheSameTimeHappenOnce(t *testing.T) {
	r := full(t)
	locations := make([]string, 20)
	var wg sync.WaitGroup
	for i := range locations {
		wg.Go(func() {
			a := r.ask("POST", "/api/views", `{"name":"a","layout":{}}`, once.Header, "same")
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
	r.get("/api/views").is(200).read(&all)
	if len(all.Views) != 1 {
		t.Errorf("%d views", len(all.Views))
	}
}
