package saved

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tierboard/server/gate"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/shelf"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// keptView is what the library keeps of a view.
type keptView struct {
	Default bool           `json:"default"`
	Layout  map[string]any `json:"layout"`
}

// views is the shelf of saved views.
func (s *Saved) views() shelf.Shelf[api.ViewBody, api.View] {
	show := func(e shelf.Entry) (api.View, error) {
		var kept keptView
		if err := json.Unmarshal(e.Body, &kept); err != nil {
			return api.View{}, fmt.Errorf("read view %s: %w", e.ID, err)
		}
		return api.View{
			ID: e.ID, Name: e.Name, Default: kept.Default, Layout: kept.Layout, Version: e.Version,
			CreatedAt: answer.Time(e.CreatedAt), UpdatedAt: answer.Time(e.UpdatedAt),
		}, nil
	}
	return shelf.Shelf[api.ViewBody, api.View]{
		Rack: s.rack, Name: shelf.Views, Path: api.PathViews, Word: "a view", ID: "View",
		About: "A view is filters, order, density and columns of the board under a name. At most one is the default: making one the default ends that of the others.",
		Check: func(b api.ViewBody) (string, any, error) {
			return b.Name, keptView{Default: b.Default, Layout: b.Layout}, nil
		},
		Show: show,
		List: func(v []api.View) any { return api.ViewList{Views: v, Metadata: api.CountMeta{Count: len(v)}} },
		Saved: func(ctx context.Context, user string, e shelf.Entry) error {
			if v, err := show(e); err != nil || !v.Default {
				return err
			}
			return s.onlyDefault(ctx, user, e.ID)
		},
	}
}

// onlyDefault ends the default of every other view.
func (s *Saved) onlyDefault(ctx context.Context, user, id string) error {
	entries, err := s.rack.Library.Entries(ctx, user, shelf.Views)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var kept keptView
		if err := json.Unmarshal(e.Body, &kept); err != nil || e.ID == id || !kept.Default {
			continue
		}
		kept.Default = false
		if e.Body, err = json.Marshal(kept); err != nil {
			return err
		}
		if _, err := s.rack.Library.Change(ctx, user, shelf.Views, e); err != nil && !errors.Is(err, query.ErrChanged) && !errors.Is(err, query.ErrNotFound) {
			return err
		}
	}
	return nil
}

// watchlists is the shelf of lists of symbols.
func (s *Saved) watchlists() shelf.Shelf[api.WatchlistBody, api.Watchlist] {
	return shelf.Shelf[api.WatchlistBody, api.Watchlist]{
		Rack: s.rack, Name: shelf.Watchlists, Path: api.PathWatchlists, Word: "a watchlist", ID: "Watchlist",
		About: "A watchlist is a list of symbols under a name; lists take its id in the parameter watchlist.",
		Check: func(b api.WatchlistBody) (string, any, error) {
			symbols := make([]string, 0, len(b.Symbols))
			for i, s := range b.Symbols {
				clean := filter.Symbol(s)
				if clean == "" || len(clean) > event.MaxSymbol || strings.Contains(clean, ",") {
					return "", nil, problem.At(problem.Body, problem.Field(fmt.Sprintf("body.symbols[%d]", i), "", "is no symbol (1 to %d characters, no comma)", event.MaxSymbol))
				}
				symbols = append(symbols, clean)
			}
			slices.Sort(symbols)
			return b.Name, slices.Compact(symbols), nil
		},
		Show: showWatchlist,
		List: func(v []api.Watchlist) any {
			return api.WatchlistList{Watchlists: v, Metadata: api.CountMeta{Count: len(v)}}
		},
	}
}

// showWatchlist turns a kept watchlist back.
func showWatchlist(e shelf.Entry) (api.Watchlist, error) {
	out := api.Watchlist{ID: e.ID, Name: e.Name, Version: e.Version, CreatedAt: answer.Time(e.CreatedAt), UpdatedAt: answer.Time(e.UpdatedAt)}
	if err := json.Unmarshal(e.Body, &out.Symbols); err != nil {
		return out, fmt.Errorf("read watchlist %s: %w", e.ID, err)
	}
	return out, nil
}

// Watchlist returns the user's watchlist that a parameter names.
func (s *Saved) Watchlist(ctx context.Context, id string) (api.Watchlist, error) {
	e, err := s.rack.Library.Entry(ctx, gate.User(ctx), shelf.Watchlists, id)
	if errors.Is(err, query.ErrNotFound) {
		return api.Watchlist{}, problem.At(problem.Parameter, problem.Field("query.watchlist", id, "is no watchlist of yours"))
	}
	if err != nil {
		return api.Watchlist{}, s.rack.Fault(ctx, err)
	}
	return showWatchlist(e)
}
