package answer

import (
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestTagsAreComparedWeakly(t *testing.T) {
	tag := Tag("a")
	if tag != Tag("a") || tag == Tag("b") || tag[:3] != `W/"` {
		t.Fatalf("tags %s, %s", tag, Tag("b"))
	}
	for header, want := range map[string]bool{
		"": false, "*": true, " * ": true, tag: true, tag[2:]: true, `"x", ` + tag: true, `"x",` + tag[2:] + `,"y"`: true,
		`"x"`: false, tag[:len(tag)-2] + `"`: false, tag[3 : len(tag)-1]: false, ",": false,
	} {
		if got := Matches(header, tag); got != want {
			t.Errorf("%q matches: %v", header, got)
		}
	}
}

func TestJSON(t *testing.T) {
	for before, want := range map[string]string{"": "private, no-cache", "no-store": "private, no-cache", "private, max-age=3600": "private, max-age=3600"} {
		w := httptest.NewRecorder()
		if before != "" {
			w.Header().Set("Cache-Control", before)
		}
		if err := JSON(w, http.StatusCreated, map[string]int{"a": 1}); err != nil {
			t.Fatal(err)
		}
		if w.Code != http.StatusCreated || w.Body.String() != "{\"a\":1}\n" || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != want {
			t.Errorf("%q: %d %v %q", before, w.Code, w.Header(), w.Body)
		}
	}
	w := httptest.NewRecorder()
	if err := JSON(w, http.StatusOK, math.NaN()); err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("what does not marshal: %v, %v %q", err, w.Header(), w.Body)
	}
}

func TestAppend(t *testing.T) {
	if got := string(Append([]byte(`{"a":`), []string{"<"})); got != `{"a":["\u003c"]` {
		t.Errorf("%s", got)
	}
}

func TestTimesAndNumbers(t *testing.T) {
	at := time.Date(2026, 11, 20, 14, 31, 11, 123_456_789, time.FixedZone("EST", -5*3600))
	want := time.Date(2026, 11, 20, 19, 31, 11, 123_000_000, time.UTC)
	if got := Time(at); got != want {
		t.Errorf("%v", got)
	}
	if got := Optional(at); got == nil || *got != want || Optional(time.Time{}) != nil {
		t.Errorf("%v, %v", got, Optional(time.Time{}))
	}
	for _, c := range []struct {
		v        float64
		decimals int
		want     float64
	}{{1.23456, 2, 1.23}, {1.235, 1, 1.2}, {-2.96, 1, -3}, {7, 0, 7}} {
		if got := Rounded(c.v, c.decimals); got != c.want {
			t.Errorf("%v to %d decimals is %v", c.v, c.decimals, got)
		}
	}
}
