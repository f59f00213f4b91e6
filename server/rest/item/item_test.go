package item

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/server/metrics"
	"tierboard/server/rest/related"
	"tierboard/server/rest/resttest"
	"tierboard/server/rest/source"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// start returns who asks for single events of which some are recent.
func start(t *testing.T, archive *resttest.Archive, recent ...*event.Event) *resttest.Caller {
	t.Helper()
	h := resttest.Hub(t, 64, metrics.New())
	from := source.New(h, archive, slog.New(slog.DiscardHandler))
	resttest.Publish(t, h, recent...)
	x := New(from, related.New(from), func() time.Time { return resttest.Friday })
	return resttest.Serve(t, resttest.Gate(t, nil), x.Operations()...)
}

// TestOneEvent asks for an event whole, in part, with all that can be added, and again.
func TestOneEvent(t *testing.T) {
	archive := &resttest.Archive{}
	r := start(t, archive, resttest.Spike("e1", "AAPL", resttest.Friday, .91))
	archive.Store(resttest.Flag("d1", "NVDA", resttest.Friday.Add(-24*time.Hour), .7))
	archive.Know("d1", api.Outcome{Horizon: "1d"})
	if got := r.Get("/api/patterns/e1?fields=symbol,confidence&include=status").Is(200).Body.String(); got != `{"id":"e1","symbol":"AAPL","confidence":0.91,"status":"active"}`+"\n" {
		t.Error(got)
	}
	var d api.Pattern
	a := r.Get("/api/patterns/d1?include=outcome,related").Is(200)
	if a.Read(&d); d.Symbol != "NVDA" || len(d.Outcome) != 1 || a.Header().Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%+v %v", d, a.Header())
	}
	tag := r.Get("/api/patterns/e1").Is(200).Header().Get("ETag")
	if a := r.Get("/api/patterns/e1", "If-None-Match", `"x", `+tag).Is(304); a.Body.Len() > 0 || !strings.HasPrefix(tag, `W/"`) {
		t.Errorf("%q %s", tag, a.Body)
	}

	r.Get("/api/patterns/nope").Problem(404, "")
	r.Get("/api/patterns/"+strings.Repeat("x", event.MaxID+1)).Problem(404, "")
	r.Get("/api/patterns/%00").Problem(404, "")
	r.Get("/api/patterns/e1?fields=prize").Problem(422, "query.fields")
	r.Get("/api/patterns/e1?x=1").Problem(422, "query.x")
	archive.Break(resttest.ErrAway)
	r.Get("/api/patterns/e1?include=outcome").Problem(503, "")
	r.Get("/api/patterns/d1").Problem(503, "")
}

// TestRelatedEvents asks for the chain and the neighbours of an event.
func TestRelatedEvents(t *testing.T) {
	daily, trigger := resttest.Flag("d1", "AAPL", resttest.Friday.Add(-22*time.Hour), .87), resttest.Spike("i1", "AAPL", resttest.Friday.Add(-10*time.Minute), .91)
	archive := &resttest.Archive{}
	r := start(t, archive, daily, trigger, resttest.Setup("c1", daily, trigger, resttest.Friday.Add(-9*time.Minute)))
	var got api.Related
	r.Get("/api/patterns/i1/related").Is(200).Read(&got)
	if got.ID != "i1" || !slices.Equal(resttest.IDs(got.Chain), []string{"d1", "c1"}) || !slices.Equal(resttest.IDs(got.Neighbors), []string{"c1", "d1"}) {
		t.Errorf("%+v", got)
	}
	r.Get("/api/patterns/nope/related").Problem(404, "")
	r.Get("/api/patterns/%00/related").Problem(404, "")
	r.Get("/api/patterns/i1/related?limit=3").Problem(422, "query.limit")
	archive.Break(resttest.ErrAway)
	r.Get("/api/patterns/d1/related").Problem(503, "") // its combos may be older than memory
}
