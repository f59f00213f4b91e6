package rest

import (
	"net/http"

	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/operation"
	"tierboard/shared/api"
)

// streamOperations describes the event stream, which package sse serves.
func (x *REST) streamOperations() []operation.Operation {
	if x.cfg.Stream == nil {
		return nil
	}
	return []operation.Operation{{
		Method: http.MethodGet, Path: api.PathStream, ID: "streamPatterns", Tag: operation.TagStream, Summary: "Follow patterns as they are detected",
		Doc: "Server-sent events: hello (epoch, max_seq), subscribed (replayed, resumed), pattern (one event, its id is EPOCH-SEQ), gap (what cannot be replayed, and where to read it), " +
			"throttled (how many were held back because more than the limit matched), heartbeat (every 15 s: max_seq, server_time) and bye (come back after retry). " +
			"Last-Event-ID, or after, resumes: what matched since is replayed, or a gap and the newest matches come instead. " +
			"Without either, the stream begins with what is detected next.",
		Params: query.StreamParams(), Formats: []string{"text/event-stream"},
		Problems: []problem.Kind{problem.NotAcceptable, problem.Unavailable},
	}}
}

// stream passes on to whoever serves the stream.
func (x *REST) stream(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		x.cfg.Stream.ServeHTTP(w, r)
	case http.MethodOptions:
		w.Header().Set("Allow", "GET, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, OPTIONS")
		problem.Write(w, problem.New(problem.Method, "This path answers GET."))
	}
}
