package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"tierboard/server/gate"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// userOperations are what belongs to whoever asks.
func (x *REST) userOperations() []operation.Operation {
	ops := []operation.Operation{
		{
			Method: http.MethodGet, Path: api.PathMe, ID: "getMe", Tag: operation.TagUser, Summary: "Tell who is asking",
			Out: api.Me{}, Handle: func(w http.ResponseWriter, r *http.Request) error {
				if err := operation.NoParams(r); err != nil {
					return err
				}
				return answer.JSON(w, http.StatusOK, x.me(gate.User(r.Context())))
			},
		},
		{
			Method: http.MethodGet, Path: api.PathPreferences, ID: "getPreferences", Tag: operation.TagUser, Summary: "Get your preferences",
			Out: api.Preferences{}, Headers: map[string]string{"ETag": "The version, for If-Match."},
			Problems: []problem.Kind{problem.Unavailable}, Handle: x.preferences,
		},
		{
			Method: http.MethodPatch, Path: api.PathPreferences, ID: "changePreferences", Tag: operation.TagUser, Summary: "Change your preferences",
			Doc: "The named settings replace those before, null removes one, and settings that are not named stay.",
			In:  api.PreferencesChange{}, Out: api.Preferences{}, IfMatch: true, Headers: map[string]string{"ETag": "The new version."},
			Problems: []problem.Kind{problem.Unavailable}, Handle: x.changePreferences,
		},
	}
	ops = append(ops, x.subscriptions().operations()...)
	ops = append(ops, operation.Operation{
		Method: http.MethodPost, Path: api.PathEstimate, ID: "estimateSubscription", Tag: operation.TagUser, Summary: "Estimate how many events filters bring",
		Doc: "From the events of the last 24 hours, as far as they are known.", In: api.EstimateBody{}, Out: api.Estimate{}, Handle: x.estimate,
	})
	ops = append(ops, x.views().operations()...)
	return append(ops, x.watchlists().operations()...)
}

// me describes a user.
func (x *REST) me(user string) api.Me {
	name := user
	if user == gate.LocalUser {
		name = "Local user"
	}
	return api.Me{ID: user, Name: name, Limits: api.Limits{
		RequestsPerMinute: x.cfg.PerMinute, ExportsPerMinute: x.cfg.ExportsPerMinute, Streams: x.cfg.StreamsPerUser, ExportRows: x.cfg.ExportRows,
		Subscriptions: mostEntries, Views: mostEntries, Watchlists: mostEntries,
	}}
}

// Bounds of preferences.
const (
	mostPreferences = 200
	maxPreference   = 64 // bytes of a name
)

// current returns a user's preferences; version 0 means that there are none yet.
func (x *REST) current(ctx context.Context, user string) (api.Preferences, error) {
	out := api.Preferences{Values: map[string]any{}}
	e, err := x.cfg.Library.Entry(ctx, user, Preferences, PreferencesID)
	if errors.Is(err, query.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return out, x.saveFault(ctx, err)
	}
	if err := json.Unmarshal(e.Body, &out.Values); err != nil {
		return out, fmt.Errorf("read preferences of user %s: %w", user, err)
	}
	out.Version, out.UpdatedAt = e.Version, answer.Optional(e.UpdatedAt)
	return out, nil
}

// preferences answers with the user's preferences.
func (x *REST) preferences(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	p, err := x.current(r.Context(), gate.User(r.Context()))
	if err != nil {
		return err
	}
	tag := versionTag(p.Version)
	w.Header().Set("ETag", tag)
	if answer.Matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return answer.JSON(w, http.StatusOK, p)
}

// changePreferences merges a change.
func (x *REST) changePreferences(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	version, err := ifMatch(r)
	if err != nil {
		return err
	}
	var change api.PreferencesChange
	if err := x.contract.Read(w, r, &change); err != nil {
		return err
	}
	ctx, user := r.Context(), gate.User(r.Context())
	p, err := x.current(ctx, user)
	if err != nil {
		return err
	}
	if version != anyVersion && version != p.Version {
		return problem.New(problem.Changed, "The preferences have another version by now; read them again.")
	}
	for _, name := range slices.Sorted(maps.Keys(change.Values)) {
		switch {
		case name == "" || len(name) > maxPreference || !problem.Plain(name):
			return problem.At(problem.Body, problem.Field("body.values", "", "names of settings must be 1 to 40 plain characters"))
		case change.Values[name] == nil:
			delete(p.Values, name)
		default:
			p.Values[name] = change.Values[name]
		}
	}
	if len(p.Values) > mostPreferences {
		return problem.At(problem.Body, problem.Field("body.values", "", "would make more than %d settings", mostPreferences))
	}
	raw, err := json.Marshal(p.Values)
	if err != nil {
		return err
	}
	if len(raw) > operation.MaxBody {
		return problem.At(problem.Body, problem.Field("body.values", "", "would make more than %d bytes of settings", operation.MaxBody))
	}
	e := Entry{ID: PreferencesID, Name: Preferences, Body: raw, Version: p.Version}
	if p.Version == 0 {
		e, err = x.cfg.Library.Add(ctx, user, Preferences, e)
		if errors.Is(err, query.ErrConflict) { // somebody was faster
			err = query.ErrChanged
		}
	} else {
		e, err = x.cfg.Library.Change(ctx, user, Preferences, e)
	}
	if err != nil {
		return x.saveFault(ctx, err)
	}
	w.Header().Set("ETag", versionTag(e.Version))
	return answer.JSON(w, http.StatusOK, api.Preferences{Values: p.Values, Version: e.Version, UpdatedAt: answer.Optional(e.UpdatedAt)})
}

// keptSubscription is what the library keeps of a subscription.
type keptSubscription struct {
	Filters []api.FilterSpec `json:"filters"`
	Active  bool             `json:"active"`
}

// subscriptions is the shelf of saved subscriptions.
func (x *REST) subscriptions() shelf[api.SubscriptionBody, api.Subscription] {
	return shelf[api.SubscriptionBody, api.Subscription]{
		x: x, name: Subscriptions, Path: api.PathSubscriptions, word: "a subscription", ID: "Subscription",
		about: "A subscription is a list of filters with a name; an event is wanted when one of them wants it.",
		check: func(b api.SubscriptionBody) (string, any, error) {
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
		show: func(e Entry) (api.Subscription, error) {
			var kept keptSubscription
			if err := json.Unmarshal(e.Body, &kept); err != nil {
				return api.Subscription{}, fmt.Errorf("read subscription %s: %w", e.ID, err)
			}
			return api.Subscription{
				ID: e.ID, Name: e.Name, Filters: kept.Filters, Active: kept.Active, Version: e.Version,
				CreatedAt: answer.Time(e.CreatedAt), UpdatedAt: answer.Time(e.UpdatedAt),
			}, nil
		},
		list: func(s []api.Subscription) any {
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
func (x *REST) estimate(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	var body api.EstimateBody
	if err := x.contract.Read(w, r, &body); err != nil {
		return err
	}
	filters, err := parseFilters(body.Filters)
	if err != nil {
		return err
	}
	out, err := x.source.Estimate(r.Context(), filters, x.cfg.Now())
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, out)
}
