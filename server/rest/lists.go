package rest

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tierboard/server/gate"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/record"
	"tierboard/server/rest/source"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// listOperations are the four lists.
func (x *REST) listOperations() []operation.Operation {
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
				return x.list(w, r, path, tier)
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

// list answers a list.
func (x *REST) list(w http.ResponseWriter, r *http.Request, path string, tier event.Tier) error {
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
	if tag := x.listTag(l, &ask.Question, path); tag != "" {
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
		if found, err = x.source.Page(r.Context(), ask); err != nil {
			return err
		}
	}
	extra, err := x.extras(r.Context(), p, found.Rows)
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

// negotiate decides the format: the parameter, else the first type in Accept that we have.
func negotiate(format, accept string) (string, error) {
	if format != "" {
		return format, nil
	}
	if strings.TrimSpace(accept) == "" {
		return "json", nil
	}
	best, weight := "", 0.0
	for item := range strings.SplitSeq(accept, ",") {
		kind, args, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := args["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		name := map[string]string{
			"application/json": "json", "application/*": "json", "*/*": "json",
			"application/x-ndjson": "ndjson", "application/jsonl": "ndjson", "text/csv": "csv", "text/*": "csv",
		}[kind]
		if name != "" && q > weight {
			best, weight = name, q
		}
	}
	if best == "" {
		return "", problem.At(problem.NotAcceptable, problem.Field("header.Accept", "", "names none of application/json, application/x-ndjson, text/csv"))
	}
	return best, nil
}

// freshness returns the Cache-Control of a list: what is about a day that is over hardly changes.
func (x *REST) freshness(l *query.List, now time.Time) string {
	if _, today := x.cfg.Market().SessionAt(now); l.SessionDate != "" && l.SessionDate < today && !l.Active && l.Include == nil {
		return "private, max-age=86400"
	}
	return "private, no-cache"
}

// listTag returns the ETag of a list, or "" when time alone can change it.
func (x *REST) listTag(l *query.List, q *query.Question, path string) string {
	if l.Active || slices.ContainsFunc(l.Include, func(s string) bool { return s == "status" || s == "related" || s == "outcome" }) {
		return ""
	}
	after := ""
	if l.After != nil {
		after = fmt.Sprintf("%+v", *l.After)
	}
	return answer.Tag(fmt.Sprintf("%s\n%s\n%s\n%q\n%s\n%d %v %q\n%v %v\n%d", x.cfg.Hub.Epoch(), path, l.Encode(), q.Filter.Symbols, after,
		l.Limit, l.Limited, l.Format, l.Fields, l.Include, x.version.of(q.Filter.Tiers)))
}

// expand puts the symbols of a watchlist into a question. It reports true when no event can match any more.
func (x *REST) expand(ctx context.Context, id string, q *query.Question) (nothing bool, err error) {
	if id == "" {
		return false, nil
	}
	list, err := x.saved.Watchlist(ctx, id)
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

// extras looks up what a presentation adds.
func (x *REST) extras(ctx context.Context, p *record.Presenter, rows []query.Row) (record.Extras, error) {
	var out record.Extras
	if len(rows) == 0 {
		return out, nil
	}
	var err error
	if p.Outcome {
		if out.Outcomes, err = x.source.Outcomes(ctx, rows); err != nil {
			return out, err
		}
	}
	if p.Related {
		if out.Combos, err = x.combosOf(ctx, rows); err != nil {
			return out, err
		}
	}
	return out, nil
}

// exportWrite is how long a client may take to read one page of an export.
const exportWrite = 30 * time.Second

// export streams all pages of a list, in constant memory. The first page is looked up before anything is written, so that its
// errors are problems; a later one can only cut the answer off, which the client sees.
func (x *REST) export(w http.ResponseWriter, r *http.Request, l *query.List, ask query.Ask, p *record.Presenter, nothing bool) error {
	ctx := r.Context()
	control := http.NewResponseController(w)
	var out *record.Writer
	written := 0
	for {
		ask.Limit = min(query.MaxLimit, x.cfg.ExportRows-written)
		var found source.Page
		var extra record.Extras
		var err error
		if !nothing {
			if found, err = x.source.Page(ctx, ask); err == nil {
				extra, err = x.extras(ctx, p, found.Rows)
			}
		}
		switch {
		case err != nil && out == nil:
			return err
		case err != nil:
			panic(http.ErrAbortHandler)
		}
		if out == nil {
			w.Header().Set("Trailer", "X-Truncated")
			out = record.NewWriter(w, l.Format, p)
		}
		out.Write(found.Rows, extra)
		written += len(found.Rows)
		if !found.More || len(found.Rows) == 0 || written >= x.cfg.ExportRows || r.Method == http.MethodHead {
			out.Flush()
			w.Header().Set("X-Truncated", strconv.FormatBool(found.More && written >= x.cfg.ExportRows))
			return nil
		}
		last := record.Key(found.Rows[len(found.Rows)-1], l.Sort)
		ask.After = &last
		out.Flush()
		_ = control.SetWriteDeadline(time.Now().Add(exportWrite)) // where the connection has one; a test's has not
		if control.Flush() != nil || ctx.Err() != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
