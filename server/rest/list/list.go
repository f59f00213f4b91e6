// Package list answers with lists of events: in pages, or whole as exports.
//
// # Decisions
//
// A list's ETag is made of the route, the question and the position of the newest event of the tiers it is about, before
// anything is looked up. Because: a poller then costs microseconds. What moves without new events (status, outcomes,
// related events, retention's deletions) has no part in it: lists that include one of the first three have no ETag.
package list

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/gate"
	"tierboard/server/hub"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/record"
	"tierboard/server/rest/related"
	"tierboard/server/rest/source"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// Config is what lists are made from. All is required.
type Config struct {
	// Hub tells which event is the newest.
	Hub *hub.Hub
	// Source has the events, and Relations what goes with them.
	Source    *source.Source
	Relations *related.Relations
	// Watchlist returns a watchlist of the user who asks, by its id.
	Watchlist func(ctx context.Context, id string) (api.Watchlist, error)
	// Market returns the exchange's calendar.
	Market func() *calendar.Calendar
	// Gate limits exports.
	Gate *gate.Gate
	// ExportRows is the most rows of an export.
	ExportRows int
	// Now is the clock.
	Now func() time.Time
}

// List answers lists. Any number of goroutines may use it.
type List struct {
	cfg     Config
	version *versions
}

// New returns a List.
func New(cfg Config) *List { return &List{cfg: cfg, version: &versions{hub: cfg.Hub}} }

// Operations are the lists of the three tiers and the list of all.
func (x *List) Operations() []operation.Operation {
	list := func(path string, tier event.Tier, id, summary, doc string) operation.Operation {
		return operation.Operation{
			Method: http.MethodGet, Path: path, ID: id, Tag: operation.TagPatterns, Summary: summary,
			Doc: doc + " Without limit, ndjson and csv are exports of up to 100,000 events in one answer, of which a user may have fewer a minute " +
				"than other requests (exports_per_minute in /api/me, and in the X-RateLimit headers of an export); the trailer X-Truncated tells whether more would have followed.",
			Params: query.ListParams(tier == event.TierNone), Out: api.PatternList{},
			Formats: []string{"application/x-ndjson", "text/csv"},
			Headers: map[string]string{
				"ETag": "Changes when the list may have changed; send it in If-None-Match.",
				"Link": "The next page, with rel=\"next\".",
			},
			Problems: []problem.Kind{problem.NotAcceptable, problem.Cursor, problem.Unavailable},
			Handle: func(w http.ResponseWriter, r *http.Request) error {
				return x.answer(w, r, path, tier)
			},
		}
	}
	return []operation.Operation{
		list(api.PathDaily, event.Daily, "listDailyPatterns", "List daily patterns",
			"Patterns found on daily bars after the close, newest first; market_session tells the session the run reported them in."),
		list(api.PathIntraday, event.Intraday, "listIntradayPatterns", "List intraday patterns",
			"Patterns found while the market trades, newest first; real_time tells those reported live."),
		list(api.PathCombo, event.Combo, "listComboPatterns", "List combo patterns",
			"Daily setups confirmed by an intraday trigger, newest first, with both and how sure the links are."),
		list(api.PathPatterns, event.TierNone, "listPatterns", "List patterns of all tiers",
			"For searching history and for exports."),
	}
}

// answer answers a list.
func (x *List) answer(w http.ResponseWriter, r *http.Request, path string, tier event.Tier) error {
	now := x.cfg.Now()
	l, err := query.ParseList(r.URL.RawQuery, path, tier, now)
	if err != nil {
		return err
	}
	if l.Format, err = negotiate(l.Format, r.Header.Get("Accept")); err != nil {
		return err
	}
	ask := query.Ask{Question: l.Question, After: l.After, Limit: l.Limit}
	nothing, err := x.expand(r.Context(), l.Watchlist, &ask.Question)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", x.freshness(l, now))
	seq := x.cfg.Hub.Seq()
	if tag := x.tag(l, &ask.Question, path); tag != "" {
		h.Set("ETag", tag)
		if answer.Matches(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	p := record.NewPresenter(l.Fields, l.Include, now)
	if l.Format != "json" && !l.Limited && l.After == nil {
		if err := x.cfg.Gate.AdmitExport(w, r); err != nil {
			return err
		}
		return x.export(w, r, l, ask, p, nothing)
	}
	var found source.Page
	if !nothing {
		if found, err = x.cfg.Source.Page(r.Context(), ask); err != nil {
			return err
		}
	}
	extra, err := x.cfg.Relations.Extras(r.Context(), p, found.Rows)
	if err != nil {
		return err
	}
	meta := api.ListMeta{
		Tier: tier.String(), Count: len(found.Rows), AsOf: answer.Time(now), Epoch: x.cfg.Hub.Epoch(), MaxSeq: seq, Applied: l.Applied(),
	}
	meta.Applied.Symbols = ask.Filter.Symbols
	if n := len(found.Rows); found.More && n > 0 {
		meta.NextCursor = l.Cursor(record.Key(found.Rows[n-1], l.Sort), now)
		meta.NextURL = nextURL(path, l, meta.NextCursor)
		h.Set("Link", "<"+meta.NextURL+`>; rel="next"`)
	}
	if l.Format != "json" {
		out := record.NewWriter(w, l.Format, p)
		out.Write(found.Rows, extra)
		out.Flush()
		return nil
	}
	meta.TookMS = float64(gate.Took(r.Context()).Microseconds()) / 1000
	buf := make([]byte, 0, 512+1024*len(found.Rows))
	buf = append(buf, `{"patterns":[`...)
	for i, row := range found.Rows {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = p.Append(buf, row, extra)
	}
	buf = append(answer.Append(append(buf, `],"metadata":`...), meta), '}', '\n')
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(buf)
	return nil
}

// nextURL returns the path of the next page. Presentation is not in the cursor and goes along.
func nextURL(path string, l *query.List, cursor string) string {
	v := url.Values{"cursor": {cursor}}
	if l.Limited {
		v.Set("limit", strconv.Itoa(l.Limit))
	}
	if l.Fields != nil {
		v.Set("fields", strings.Join(l.Fields, ","))
	}
	if l.Include != nil {
		v.Set("include", strings.Join(l.Include, ","))
	}
	if l.Format != "json" {
		v.Set("format", l.Format)
	}
	return path + "?" + v.Encode()
}

// expand puts the symbols of a watchlist into a question. It reports true when no event can match any more.
func (x *List) expand(ctx context.Context, id string, q *query.Question) (nothing bool, err error) {
	if id == "" {
		return false, nil
	}
	list, err := x.cfg.Watchlist(ctx, id)
	if err != nil {
		return false, err
	}
	symbols := list.Symbols
	if len(q.Filter.Symbols) > 0 {
		symbols = slices.DeleteFunc(slices.Clone(symbols), func(s string) bool { return !slices.Contains(q.Filter.Symbols, s) })
	}
	q.Filter.Symbols = symbols
	q.Filter = q.Filter.Canonical()
	return len(symbols) == 0, nil
}
