package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tierboard/shared/api"
)

func TestWriteNamesTheFieldAndHidesTheRest(t *testing.T) {
	for _, c := range []struct {
		rule string
		err  error
		want api.Problem
	}{
		{
			"a parameter",
			At(Parameter, Field("query.limit", "0", "must be 1 to 1000")),
			api.Problem{
				Type: "/problems/invalid-parameter", Title: Parameter.Title, Status: 422, Detail: "limit: must be 1 to 1000", RequestID: "r-1",
				Errors: []api.FieldError{{Location: "query.limit", Message: "must be 1 to 1000", Value: "0"}},
			},
		},
		{
			"wrapped",
			fmt.Errorf("list: %w", New(NotFound, "No event has this id.")),
			api.Problem{Type: "/problems/not-found", Title: NotFound.Title, Status: 404, Detail: "No event has this id.", RequestID: "r-1"},
		},
		{
			"anything else says nothing about itself",
			errors.New("pq: password authentication failed for user admin"),
			api.Problem{Type: "/problems/internal", Title: Internal.Title, Status: 500, Detail: "Something went wrong in the server.", RequestID: "r-1"},
		},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := httptest.NewRecorder()
			w.Header().Set("X-Request-Id", "r-1")
			w.Header().Set("ETag", `W/"x"`)
			status := Write(w, c.err)
			var got api.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) || status != c.want.Status || w.Code != status {
				t.Errorf("got %d %+v\nwant %+v", w.Code, got, c.want)
			}
			if w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("ETag") != "" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	w := httptest.NewRecorder()
	Write(w, &Error{Kind: RateLimited, Detail: "x", Retry: 1500 * time.Millisecond})
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Errorf("got %q", got)
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"symbols", "sort", "since", "limit", "exclude_symbols"}
	for word, want := range map[string]string{
		"symbl": "symbols", "SYMBOLS": "symbols", "sines": "since", "limt": "limit", "zzzzzz": "", "": "",
		"exclude_symbol": "exclude_symbols", strings.Repeat("x", 1000): "",
	} {
		got := Suggest(word, known)
		if want != "" {
			want = "; did you mean " + want + "?"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestPlainRefusesAnythingThatCouldBeMarkup(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "AAPL": true, "-15m": true, "2026-11-20T19:31:07.412Z": true, "BRK.B": true,
		"<script>": false, "a b": false, "é": false, "'": false, `"`: false, "\x00": false, strings.Repeat("a", 41): false,
	} {
		if Plain(text) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

func TestKindsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Slug] || k.Status < 400 || k.Title == "" || k.Meaning == "" {
			t.Errorf("%+v", k)
		}
		seen[k.Slug] = true
	}
}
