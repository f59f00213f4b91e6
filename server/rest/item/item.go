// Package item answers with one event, and with the events that are related to it.
package item

import (
	"net/http"
	"strings"
	"time"

	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/query/param"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/record"
	"tierboard/server/rest/related"
	"tierboard/server/rest/source"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// Item answers what is asked of one event. Any number of goroutines may use it.
type Item struct {
	source    *source.Source
	relations *related.Relations
	now       func() time.Time
}

// New returns an Item that finds events in a source and what goes with them in relations; now is the clock.
func New(from *source.Source, relations *related.Relations, now func() time.Time) *Item {
	return &Item{source: from, relations: relations, now: now}
}

// Operations are the event and its relations.
func (x *Item) Operations() []operation.Operation {
	return []operation.Operation{
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
	}
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
func (x *Item) item(w http.ResponseWriter, r *http.Request) error {
	now := x.now()
	v, err := param.Read(r.URL.RawQuery, query.ItemParams(), now)
	if err != nil {
		return err
	}
	fields, include := query.Presentation(v)
	p := record.NewPresenter(fields, include, now)
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
	extra, err := x.relations.Extras(r.Context(), p, []query.Row{row})
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

// related answers with an event's chain and neighbours.
func (x *Item) related(w http.ResponseWriter, r *http.Request) error {
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
	chain, err := x.relations.Chain(ctx, row)
	if err != nil {
		return err
	}
	neighbors, err := x.relations.Neighbors(ctx, row)
	if err != nil {
		return err
	}
	p := record.NewPresenter(nil, nil, x.now())
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
