// Package catalogue answers what there is to ask for: the patterns that are known, and the symbols that events were seen of.
package catalogue

import (
	"net/http"
	"time"

	"tierboard/server/problem"
	"tierboard/server/query/param"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/source"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/pattern"
)

// Types is the operation that lists the known patterns.
func Types() operation.Operation {
	return operation.Operation{
		Method: http.MethodGet, Path: api.PathTypes, ID: "listPatternTypes", Tag: operation.TagPatterns, Summary: "List the known patterns",
		Doc: "Producers may send others; those keep their own words.", Out: api.PatternTypes{},
		Handle: func(w http.ResponseWriter, r *http.Request) error {
			if err := operation.NoParams(r); err != nil {
				return err
			}
			w.Header().Set("Cache-Control", "private, max-age=3600")
			return answer.JSON(w, http.StatusOK, known())
		},
	}
}

// known returns the known patterns.
func known() api.PatternTypes {
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

// Symbols is the operation that finds symbols in a source; now is the clock.
func Symbols(from *source.Source, now func() time.Time) operation.Operation {
	return operation.Operation{
		Method: http.MethodGet, Path: api.PathSymbols, ID: "findSymbols", Tag: operation.TagPatterns, Summary: "Find symbols",
		Doc:    "For typing ahead: symbols that events were seen of.",
		Params: symbolParams, Out: api.Symbols{}, Problems: []problem.Kind{problem.Unavailable},
		Handle: func(w http.ResponseWriter, r *http.Request) error { return symbols(w, r, from, now()) },
	}
}

// symbolParams are the parameters of the typeahead.
var symbolParams = []param.Param{
	{Name: "q", Type: param.TypeText, Doc: "What the symbol begins with, in any letter case; empty lists the first ones.", Example: "aap"},
	{Name: "limit", Type: param.TypeInteger, Low: 1, High: 100, Default: "20", Doc: "Most symbols.", Example: "20"},
}

// symbols answers a typeahead: the archive's symbols and those of recent events.
func symbols(w http.ResponseWriter, r *http.Request, from *source.Source, now time.Time) error {
	v, err := param.Read(r.URL.RawQuery, symbolParams, now)
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
	found, err := from.Symbols(r.Context(), want, limit)
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, api.Symbols{Symbols: found})
}
