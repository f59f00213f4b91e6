package sheet

import (
	"testing"
	"time"

	"tierboard/app/fetch"
	"tierboard/app/format"
)

func TestFaultsAreWorded(t *testing.T) {
	now := time.Date(2026, 11, 20, 14, 31, 11, 0, time.UTC)
	cases := []struct {
		name   string
		answer fetch.Answer
		had    bool // there was a good answer before
		want   string
	}{
		{"the server's own sentence, with the request", fetch.Answer{Status: 422, Body: `{"detail":"horizon: must be 1d, 5d or 30d","request_id":"Q5"}`}, false, "horizon: must be 1d, 5d or 30d Request Q5."},
		{"a proxy's page has no sentence", fetch.Answer{Status: 502, Body: "<html>Bad gateway</html>"}, false, "The server answered 502."},
		{"no answer, something older is shown", fetch.Answer{}, true, "The server cannot be reached. What is shown is from 14:31:11."},
		{"an answer that is no document", fetch.Answer{Status: 200, Body: "<html>"}, false, "The server's answer cannot be read. Reload the page, it may be older than the server."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var f Freshness
			if c.had && !f.Answered(fetch.Answer{Status: 200, Body: "{}"}, now, &struct{}{}) {
				t.Fatal("a good answer is refused")
			}
			if f.Answered(c.answer, now.Add(time.Minute), &struct{}{}) {
				t.Error("a fault counts as an answer")
			}
			if got := f.Sentence(format.UTC); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if f.Answered(fetch.Answer{Status: 200, Body: "{}"}, now, &struct{}{}); f != (Freshness{At: now}) {
				t.Errorf("after a good answer there is still %+v", f)
			}
		})
	}
}
