package rest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/record"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/pattern"
)

// itemOperations are one event, its relations, and the catalogues.
func (x *REST) itemOperations() []operation.Operation {
	return []operation.Operation{
		{
			Method: http.MethodGet, Path: api.PathTypes, ID: "listPatternTypes", Tag: operation.TagPatterns, Summary: "List the known patterns",
			Doc: "Producers may send others; those keep their own words.", Out: api.PatternTypes{},
			Handle: func(w http.ResponseWriter, r *http.Request) error {
				if err := operation.NoParams(r); err != nil {
					return err
				}
				w.Header().Set("Cache-Control", "private, max-age=3600")
				return answer.JSON(w, http.StatusOK, catalogue())
			},
		},
		{
			Method: http.MethodGet, Path: api.PathPattern, ID: "getPattern", Tag: operation.TagPatterns, Summary: "Get one pattern",
			Params: query.ItemParams(), Out: api.Pattern{}, Problems: []problem.Kind{problem.NotFound, problem.Unavailable},
			Handle: x.item,
		},
		{
			Method: http.MethodGet, Path: api.PathRelated, ID: "getRelatedPatterns", Tag: operation.TagPatterns, Summary: "Get a pattern's chain and neighbours",
			Doc: "The daily setup, the intraday trigger and the combos that tie them together, and other events of the symbol around the same time.",
			Out: api.Related{}, Problems: []problem.Kind{problem.NotFound, problem.Unavailable}, Handle: x.related,
		},
		{
			Method: http.MethodGet, Path: api.PathSymbols, ID: "findSymbols", Tag: operation.TagPatterns, Summary: "Find symbols",
			Doc:    "For typing ahead: symbols that events were seen of.",
			Params: symbolParams, Out: api.Symbols{}, Problems: []problem.Kind{problem.Unavailable}, Handle: x.symbols,
		},
	}
}

// catalogue returns the known patterns.
func catalogue() api.PatternTypes {
	out := api.PatternTypes{Types: []api.PatternType{}}
	for _, n := range pattern.Known() {
		t := api.PatternType{
			Slug: n.Slug, Label: n.Label, Family: string(n.Family), Aliases: n.Aliases, Meaning: n.Meaning, DefaultHorizon: "1d", Tiers: []string{},
		}
		for _, tier := range n.Tiers {
			t.Tiers = append(t.Tiers, tier.String())
			if tier != event.Intraday { // what is found on daily bars takes days to show
				t.DefaultHorizon = "5d"
			}
		}
		out.Types = append(out.Types, t)
	}
	return out
}

// eventID returns the id in the path. An id that no event can have is not looked up.
func eventID(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if id == "" || len(id) > event.MaxID || strings.ContainsRune(id, 0) {
		return "", problem.New(problem.NotFound, "There is no event with this id.")
	}
	return id, nil
}

// item answers with one event.
func (x *REST) item(w http.ResponseWriter, r *http.Request) error {
	now := x.cfg.Now()
	v, err := query.Read(r.URL.RawQuery, query.ItemParams(), now)
	if err != nil {
		return err
	}
	p := newPresenterOf(v, now)
	if err := v.Err(); err != nil {
		return err
	}
	id, err := eventID(r)
	if err != nil {
		return err
	}
	row, err := x.source.Event(r.Context(), id)
	if err != nil {
		return err
	}
	extra, err := x.extras(r.Context(), p, []query.Row{row})
	if err != nil {
		return err
	}
	body := append(p.Append(nil, row, extra), '\n')
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	tag := answer.Tag(string(body))
	h.Set("ETag", tag)
	if answer.Matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(body)
	return nil
}

// newPresenterOf reads the presentation of one event.
func newPresenterOf(v *query.Values, now time.Time) *record.Presenter {
	fields, include := query.Presentation(v)
	return record.NewPresenter(fields, include, now)
}

// How far around an event its relations are looked for.
const (
	comboWithin  = 15 * 24 * time.Hour // after a daily setup, ten trading days
	mostNeighbor = 20
)

// combosOf returns, by the id of each daily and intraday event among rows, the combos made of it.
func (x *REST) combosOf(ctx context.Context, rows []query.Row) (map[string][]string, error) {
	ids := map[string]bool{}
	var symbols []string
	var first, last time.Time
	for _, r := range rows {
		if record.Text(r.Body, "tier") == "combo" {
			continue
		}
		ids[r.ID] = true
		symbols = append(symbols, record.Text(r.Body, "symbol"))
		at := record.Time(r.Body, "detected_at")
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // no events, no combos
	}
	found, err := x.combos(ctx, symbols, first, last.Add(comboWithin))
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for _, r := range found {
		daily, intraday := record.Legs(r.Body)
		for _, id := range []string{daily, intraday} {
			if ids[id] {
				out[id] = append(out[id], r.ID)
			}
		}
	}
	return out, nil
}

// combos returns the newest combos of some symbols in a time, at most a page.
func (x *REST) combos(ctx context.Context, symbols []string, since, until time.Time) ([]query.Row, error) {
	f := filter.Filter{Tiers: []event.Tier{event.Combo}, Symbols: symbols}.Canonical()
	found, err := x.source.Page(ctx, query.Ask{Question: query.Question{Filter: f, Since: since, Until: until, Sort: query.Newest}, Limit: query.MaxLimit})
	return found.Rows, err
}

// related answers with an event's chain and neighbours.
func (x *REST) related(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	id, err := eventID(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	row, err := x.source.Event(ctx, id)
	if err != nil {
		return err
	}
	chain, err := x.chain(ctx, row)
	if err != nil {
		return err
	}
	neighbors, err := x.neighbors(ctx, row)
	if err != nil {
		return err
	}
	p := record.NewPresenter(nil, nil, x.cfg.Now())
	buf := answer.Append([]byte(`{"id":`), row.ID)
	for _, part := range []struct {
		name string
		rows []query.Row
	}{{"chain", chain}, {"neighbors", neighbors}} {
		buf = append(buf, `,"`+part.name+`":[`...)
		for i, r := range part.rows {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = p.Append(buf, r, record.Extras{})
		}
		buf = append(buf, ']')
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "private, no-cache")
	_, _ = w.Write(append(buf, '}', '\n'))
	return nil
}

// chain returns the events a row is tied to by combos: itself one, or made into one.
func (x *REST) chain(ctx context.Context, row query.Row) ([]query.Row, error) {
	var out []query.Row
	seen := map[string]bool{row.ID: true}
	add := func(id string) error {
		if id == "" || seen[id] {
			return nil
		}
		seen[id] = true
		found, err := x.source.Event(ctx, id)
		switch {
		case err == nil:
			out = append(out, found)
		case isNotFound(err): // a link to what was never kept, or is not any more
		default:
			return err
		}
		return nil
	}
	combos := []query.Row{row}
	if record.Text(row.Body, "tier") != "combo" {
		at := record.Time(row.Body, "detected_at")
		found, err := x.combos(ctx, []string{record.Text(row.Body, "symbol")}, at, at.Add(comboWithin))
		if err != nil {
			return nil, err
		}
		combos = slices.DeleteFunc(found, func(c query.Row) bool {
			daily, intraday := record.Legs(c.Body)
			return daily != row.ID && intraday != row.ID
		})
	}
	for _, c := range combos[:min(len(combos), mostNeighbor)] {
		daily, intraday := record.Legs(c.Body)
		if err := add(daily); err != nil {
			return nil, err
		}
		if err := add(intraday); err != nil {
			return nil, err
		}
		if !seen[c.ID] {
			seen[c.ID] = true
			out = append(out, c)
		}
	}
	return out, nil
}

// neighbors returns other events of the row's symbol, nearest in time first.
func (x *REST) neighbors(ctx context.Context, row query.Row) ([]query.Row, error) {
	at := record.Time(row.Body, "detected_at")
	f := filter.Filter{Symbols: []string{record.Text(row.Body, "symbol")}}
	before, err := x.source.Page(ctx, query.Ask{Question: query.Question{Filter: f, Until: at, Sort: query.Newest}, Limit: mostNeighbor})
	if err != nil {
		return nil, err
	}
	after, err := x.source.Page(ctx, query.Ask{Question: query.Question{Filter: f, Since: at, Sort: query.Oldest}, Limit: mostNeighbor + 1})
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Concat(before.Rows, after.Rows), func(r query.Row) bool { return r.ID == row.ID })
	far := func(r query.Row) time.Duration { return record.Time(r.Body, "detected_at").Sub(at).Abs() }
	slices.SortStableFunc(all, func(a, b query.Row) int { return cmp.Or(cmp.Compare(far(a), far(b)), strings.Compare(a.ID, b.ID)) })
	return all[:min(len(all), mostNeighbor)], nil
}

// symbolParams are the parameters of the typeahead.
var symbolParams = []query.Param{
	{Name: "q", Type: query.TypeText, Doc: "What the symbol begins with, in any letter case; empty lists the first ones.", Example: "aap"},
	{Name: "limit", Type: query.TypeInteger, Low: 1, High: 100, Default: "20", Doc: "Most symbols.", Example: "20"},
}

// symbols answers a typeahead: the archive's symbols and those of recent events.
func (x *REST) symbols(w http.ResponseWriter, r *http.Request) error {
	v, err := query.Read(r.URL.RawQuery, symbolParams, x.cfg.Now())
	if err != nil {
		return err
	}
	want := filter.Symbol(v.Text("q"))
	if len(want) > event.MaxSymbol {
		v.Refuse("q", "must be at most %d bytes", event.MaxSymbol)
	}
	limit := v.Whole("limit", 20, 1, 100)
	if err := v.Err(); err != nil {
		return err
	}
	found, err := x.source.Symbols(r.Context(), want, limit)
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, api.Symbols{Symbols: found})
}

// isNotFound reports whether an error says that there is no such thing.
func isNotFound(err error) bool {
	p, ok := errors.AsType[*problem.Error](err)
	return ok && p.Kind == problem.NotFound
}
