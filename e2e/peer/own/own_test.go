package own

import (
	"context"
	"errors"
	"testing"
	"time"

	"tierboard/e2e/peer/job"
)

func TestEveryEventIsTakenOnce(t *testing.T) {
	j := job.New(job.NewPlan(1, 10, 3000)) // more events than there are shapes, of all kinds
	s, err := New(j, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for n := range j.Events {
		text := []byte(`{"symbol":"X","id":"` + j.Traffic.ID(n) + `"}`)
		if err := s.Publish(ctx, nil, text); err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
	}
	again := []byte(`{"id":"` + j.Traffic.ID(j.Events-1) + `"}`)
	if err := s.Publish(ctx, nil, again); !errors.Is(err, errCopy) {
		t.Errorf("an event published again: %v", err)
	}
	if err := s.Publish(ctx, nil, []byte(`{"id":"another"}`)); err == nil {
		t.Error("published an event that is not of the job")
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestTheWindowCanBeFixed(t *testing.T) {
	j := job.New(job.NewPlan(1, 1, 1))
	if _, err := New(j, 101*time.Millisecond); err == nil {
		t.Error("a window that the hub does not have")
	}
	s, err := New(j, 70*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.hub.Window(); got != 70*time.Millisecond {
		t.Errorf("the window is %v", got)
	}
}
