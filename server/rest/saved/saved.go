// Package saved answers what users saved: preferences, subscriptions with an estimate of the events they bring, views and
// watchlists.
package saved

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"tierboard/server/gate"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/shelf"
	"tierboard/server/rest/source"
	"tierboard/shared/api"
)

// Saved answers what users saved. Any number of goroutines may use it.
type Saved struct {
	rack   *shelf.Rack
	source *source.Source
	now    func() time.Time
}

// New returns a Saved that keeps everything in a rack, and estimates from a source how many events filters bring.
func New(rack *shelf.Rack, from *source.Source, now func() time.Time) *Saved {
	return &Saved{rack: rack, source: from, now: now}
}

// Operations are those of preferences, subscriptions, views and watchlists, in this order.
func (s *Saved) Operations() []operation.Operation {
	ops := []operation.Operation{
		{
			Method: http.MethodGet, Path: api.PathPreferences, ID: "getPreferences", Tag: operation.TagUser, Summary: "Get your preferences",
			Out: api.Preferences{}, Headers: map[string]string{"ETag": "The version, for If-Match."},
			Problems: []problem.Kind{problem.Unavailable}, Handle: s.preferences,
		},
		{
			Method: http.MethodPatch, Path: api.PathPreferences, ID: "changePreferences", Tag: operation.TagUser, Summary: "Change your preferences",
			Doc: "The named settings replace those before, null removes one, and settings that are not named stay.",
			In:  api.PreferencesChange{}, Out: api.Preferences{}, IfMatch: true, Headers: map[string]string{"ETag": "The new version."},
			Problems: []problem.Kind{problem.Unavailable}, Handle: s.changePreferences,
		},
	}
	ops = append(ops, s.subscriptions().Operations()...)
	ops = append(ops, operation.Operation{
		Method: http.MethodPost, Path: api.PathEstimate, ID: "estimateSubscription", Tag: operation.TagUser, Summary: "Estimate how many events filters bring",
		Doc: "From the events of the last 24 hours, as far as they are known.", In: api.EstimateBody{}, Out: api.Estimate{}, Handle: s.estimate,
	})
	ops = append(ops, s.views().Operations()...)
	return append(ops, s.watchlists().Operations()...)
}

// Bounds of preferences.
const (
	mostPreferences = 200
	maxPreference   = 64 // bytes of a name
)

// current returns a user's preferences; version 0 means that there are none yet.
func (s *Saved) current(ctx context.Context, user string) (api.Preferences, error) {
	out := api.Preferences{Values: map[string]any{}}
	e, err := s.rack.Library.Entry(ctx, user, shelf.Preferences, shelf.PreferencesID)
	if errors.Is(err, query.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return out, s.rack.Fault(ctx, err)
	}
	if err := json.Unmarshal(e.Body, &out.Values); err != nil {
		return out, fmt.Errorf("read preferences of user %s: %w", user, err)
	}
	out.Version, out.UpdatedAt = e.Version, answer.Optional(e.UpdatedAt)
	return out, nil
}

// preferences answers with the user's preferences.
func (s *Saved) preferences(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	p, err := s.current(r.Context(), gate.User(r.Context()))
	if err != nil {
		return err
	}
	tag := shelf.Tag(p.Version)
	w.Header().Set("ETag", tag)
	if answer.Matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return answer.JSON(w, http.StatusOK, p)
}

// changePreferences merges a change.
func (s *Saved) changePreferences(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	version, err := shelf.IfMatch(r)
	if err != nil {
		return err
	}
	var change api.PreferencesChange
	if err := s.rack.Read(w, r, &change); err != nil {
		return err
	}
	ctx, user := r.Context(), gate.User(r.Context())
	p, err := s.current(ctx, user)
	if err != nil {
		return err
	}
	if version != shelf.Any && version != p.Version {
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
	e := shelf.Entry{ID: shelf.PreferencesID, Name: shelf.Preferences, Body: raw, Version: p.Version}
	if p.Version == 0 {
		e, err = s.rack.Library.Add(ctx, user, shelf.Preferences, e)
		if errors.Is(err, query.ErrConflict) { // somebody was faster
			err = query.ErrChanged
		}
	} else {
		e, err = s.rack.Library.Change(ctx, user, shelf.Preferences, e)
	}
	if err != nil {
		return s.rack.Fault(ctx, err)
	}
	w.Header().Set("ETag", shelf.Tag(e.Version))
	return answer.JSON(w, http.StatusOK, api.Preferences{Values: p.Values, Version: e.Version, UpdatedAt: answer.Optional(e.UpdatedAt)})
}
