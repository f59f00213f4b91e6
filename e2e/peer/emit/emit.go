// Package emit does the job with Flask-SocketIO, the architecture that the product replaces: Debian's packages, on eventlet, with
// one emit for each user who wants an event, as the programs emit that the product replaces. It starts the server, which is a
// program in Python, and says how a client talks with it: over a WebSocket, and no other transport.
//
// It is favoured: it matches nothing. Who wants each event, and what the event says, it is told before the run, and the garbage
// collector is kept off that. Its events are addressed by connection, which is the room that Socket.IO looks up soonest; their
// JSON has the fields that our server sends. What it encodes for each emit is the library's own doing. It pings as it does by
// default, each 25 seconds. It accepts as many connections as there are users; by default it would stop at 1,024.
package emit

import (
	"bytes"
	"context"
	_ "embed" // holds emit.py
	"encoding/json"
	"fmt"
	"os/exec"

	"tierboard/e2e/peer/job"
	"tierboard/e2e/peer/serve"
	"tierboard/server/load/target"
	"tierboard/shared/wire"
)

// python is Debian's, which knows Debian's packages. The first one in the path may be another.
const python = "/usr/bin/python3"

// server is a server of the architecture that the product replaces.
//
//go:embed emit.py
var server string

// told is the job as the server is told it: it matches nothing itself.
type told struct {
	Users  int         `json:"users"`
	Shapes []addressed `json:"shapes"`
	Events []int32     `json:"events"` // the shape of each
}

// addressed is a shape: what an event of it says, but for the id, and who wants it.
type addressed struct {
	Event json.RawMessage `json:"event"`
	Users []int           `json:"users"`
}

// tell works out who wants what.
func tell(j *job.Job) (*told, error) {
	events, err := j.Ready()
	if err != nil {
		return nil, err
	}
	e := &told{Users: j.Users, Events: j.Shapes}
	for i := range events {
		shape := addressed{wire.AppendEvent(nil, events[i], wire.JSON), []int{}}
		for user := range j.Filters {
			if j.Filters[user].Match(j.Traffic.Shape(i)) {
				shape.Users = append(shape.Users, user)
			}
		}
		e.Shapes = append(e.Shapes, shape)
	}
	return e, nil
}

// Check reports why the server cannot run.
func Check(ctx context.Context) error {
	if out, err := exec.CommandContext(ctx, python, "-I", "-c", "import eventlet, flask_socketio").CombinedOutput(); err != nil {
		return fmt.Errorf("Flask-SocketIO cannot be started, `make bench-peer` installs it: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// Start starts the server for a job. The stop that it returns must be called once.
func Start(ctx context.Context, j *job.Job) (t *target.Target, stop func() error, err error) {
	it, err := tell(j)
	if err != nil {
		return nil, nil, err
	}
	text, err := json.Marshal(it)
	if err != nil {
		return nil, nil, fmt.Errorf("tell the job: %w", err)
	}
	cmd := exec.Command(python, "-I", "-c", server)
	cmd.Stdin = bytes.NewReader(text)
	return serve.Start(ctx, cmd)
}
