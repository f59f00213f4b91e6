package rest

import (
	"net/http"

	"tierboard/server/gate"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/shelf"
	"tierboard/shared/api"
)

// meOperation tells who is asking.
func (x *REST) meOperation() operation.Operation {
	return operation.Operation{
		Method: http.MethodGet, Path: api.PathMe, ID: "getMe", Tag: operation.TagUser, Summary: "Tell who is asking",
		Out: api.Me{}, Handle: func(w http.ResponseWriter, r *http.Request) error {
			if err := operation.NoParams(r); err != nil {
				return err
			}
			return answer.JSON(w, http.StatusOK, x.me(gate.User(r.Context())))
		},
	}
}

// me describes a user.
func (x *REST) me(user string) api.Me {
	name := user
	if user == gate.LocalUser {
		name = "Local user"
	}
	return api.Me{ID: user, Name: name, Limits: api.Limits{
		RequestsPerMinute: x.cfg.PerMinute, ExportsPerMinute: x.cfg.ExportsPerMinute, Streams: x.cfg.StreamsPerUser, ExportRows: x.cfg.ExportRows,
		Subscriptions: shelf.Most, Views: shelf.Most, Watchlists: shelf.Most,
	}}
}
