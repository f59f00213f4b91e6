package main

import (
	"bytes"
	"context"
	_ "embed" // holds emit.py
	"encoding/json"
	"fmt"
	"os/exec"

	"tierboard/server/load/target"
	"tierboard/shared/wire"
)

// python is Debian's, which knows Debian's packages. The first one in the path may be another.
const python = "/usr/bin/python3"

// mostEmitUsers is a little less than the connections at which its server stops to accept: it has 1,024 places, and others want some.
const mostEmitUsers = 950

// emitServer is a server of the architecture that the product replaces.
//
//go:embed emit.py
var emitServer string

// emits is the job as emitServer is told it: it matches nothing itself.
type emits struct {
	Users  int         `json:"users"`
	Shapes []addressed `json:"shapes"`
	Events []int32     `json:"events"` // the shape of each
}

// addressed is a shape: what an event of it says, but for the id, and who wants it.
type addressed struct {
	Event json.RawMessage `json:"event"`
	Users []int           `json:"users"`
}

// newEmits works out who wants what.
func newEmits(j *job) (*emits, error) {
	events, err := j.shaped()
	if err != nil {
		return nil, err
	}
	e := &emits{Users: j.users, Events: j.shapes}
	for i := range events {
		shape := addressed{wire.AppendEvent(nil, events[i], wire.JSON), []int{}}
		for user := range j.filters {
			if j.filters[user].Match(j.traffic.Shape(i)) {
				shape.Users = append(shape.Users, user)
			}
		}
		e.Shapes = append(e.Shapes, shape)
	}
	return e, nil
}

// canEmit reports why emitServer cannot run.
func canEmit(ctx context.Context) error {
	if out, err := exec.CommandContext(ctx, python, "-I", "-c", "import eventlet, flask_socketio").CombinedOutput(); err != nil {
		return fmt.Errorf("Flask-SocketIO cannot be started, `make bench-peer` installs it: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// startEmits starts emitServer with the job of a plan.
func startEmits(ctx context.Context, p plan) (*target.Target, func() error, error) {
	e, err := newEmits(newJob(p))
	if err != nil {
		return nil, nil, err
	}
	told, err := json.Marshal(e)
	if err != nil {
		return nil, nil, fmt.Errorf("tell the job: %w", err)
	}
	cmd := exec.Command(python, "-I", "-c", emitServer)
	cmd.Stdin = bytes.NewReader(told)
	return startChild(ctx, cmd)
}
