package saved

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/shelf"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// keptSubscription is what the library keeps of a subscription.
type keptSubscription struct {
	Filters []api.FilterSpec `json:"filters"`
	Active  bool             `json:"active"`
}

// subscriptions is the shelf of saved subscriptions.
func (s *Saved) subscriptions() shelf.Shelf[api.SubscriptionBody, api.Subscription] {
	return shelf.Shelf[api.SubscriptionBody, api.Subscription]{
		Rack: s.rack, Name: shelf.Subscriptions, Path: api.PathSubscriptions, Word: "a subscription", ID: "Subscription",
		About: "A subscription is a list of filters with a name; an event is wanted when one of them wants it.",
		Check: func(b api.SubscriptionBody) (string, any, error) {
			filters, err := parseFilters(b.Filters)
			if err != nil {
				return "", nil, err
			}
			kept := keptSubscription{Active: b.Active == nil || *b.Active}
			for i := range filters {
				kept.Filters = append(kept.Filters, specOf(&filters[i]))
			}
			return b.Name, kept, nil
		},
		Show: func(e shelf.Entry) (api.Subscription, error) {
			var kept keptSubscription
			if err := json.Unmarshal(e.Body, &kept); err != nil {
				return api.Subscription{}, fmt.Errorf("read subscription %s: %w", e.ID, err)
			}
			return api.Subscription{
				ID: e.ID, Name: e.Name, Filters: kept.Filters, Active: kept.Active, Version: e.Version,
				CreatedAt: answer.Time(e.CreatedAt), UpdatedAt: answer.Time(e.UpdatedAt),
			}, nil
		},
		List: func(s []api.Subscription) any {
			return api.SubscriptionList{Subscriptions: s, Metadata: api.CountMeta{Count: len(s)}}
		},
	}
}

// parseFilters reads filters of a body through the one reader of filters.
func parseFilters(specs []api.FilterSpec) ([]filter.Filter, error) {
	raw, err := json.Marshal(specs)
	if err != nil {
		return nil, err
	}
	var list []any
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	filters, err := filter.DefaultSchema().ParseAll(list)
	if bad, ok := errors.AsType[*filter.Error](err); ok {
		return nil, problem.At(problem.Body, problem.Field("body."+bad.Field, "", "%s", query.Unquoted(bad.Problem)))
	}
	return filters, err
}

// specOf writes a canonical filter as a body does.
func specOf(f *filter.Filter) api.FilterSpec {
	out := api.FilterSpec{PatternTypes: f.Patterns, Symbols: f.Symbols, ExcludeSymbols: f.ExcludeSymbols, Timeframes: f.Timeframes}
	for _, k := range f.Kinds {
		out.Kinds = append(out.Kinds, string(k))
	}
	for _, t := range f.Tiers {
		out.Tiers = append(out.Tiers, t.String())
	}
	for _, s := range f.Sessions {
		out.Sessions = append(out.Sessions, string(s))
	}
	for _, d := range f.Directions {
		out.Directions = append(out.Directions, string(d))
	}
	if f.ConfidenceMin > 0 {
		out.ConfidenceMin = &f.ConfidenceMin
	}
	if f.ConfidenceMax > 0 {
		out.ConfidenceMax = &f.ConfidenceMax
	}
	if f.PriorityMin > event.Low {
		out.PriorityMin = f.PriorityMin.String()
	}
	return out
}

// estimate tells how many events filters would have brought.
func (s *Saved) estimate(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	var body api.EstimateBody
	if err := s.rack.Read(w, r, &body); err != nil {
		return err
	}
	filters, err := parseFilters(body.Filters)
	if err != nil {
		return err
	}
	out, err := s.source.Estimate(r.Context(), filters, s.now())
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, out)
}
