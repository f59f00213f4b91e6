package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"tierboard/shared/event"
)

// write hands batches to the database until ctx ends, and then for Config.Drain what is left.
func (a *Archive) write(ctx context.Context) {
	pause := a.cfg.RetryMin
	for {
		items, drain := a.wait(ctx)
		stopping := ctx.Err() != nil
		if stopping {
			a.drain(ctx, items)
			return
		}
		ok := true
		if len(items) > 0 {
			ok = a.storeItems(ctx, items)
		}
		if ok && drain {
			ok = a.readBack(ctx)
		}
		if ok {
			pause = a.cfg.RetryMin
			continue
		}
		sleep(ctx, a.cfg.RetryMin/2+rand.N(pause)) //nolint:gosec // jitter
		pause = min(2*pause, a.cfg.RetryMax)
	}
}

// sleep waits, but not beyond ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// wait returns a batch when it is full or its first event has waited for the window, and whether there are files to read
// back. While the database fails and the events go to files, only the files are tried: what is in them is safe.
func (a *Archive) wait(ctx context.Context) (items []item, drain bool) {
	for {
		drain = !a.spill.empty()
		if a.stuck() && drain {
			return nil, true
		}
		count, since := a.queue.oldest()
		left := a.cfg.Window - time.Since(since)
		if ctx.Err() != nil || count >= a.cfg.Batch || (count > 0 && left <= 0) {
			return a.queue.take(a.cfg.Batch, combo), drain
		}
		if drain {
			return nil, true
		}
		if count == 0 {
			left = time.Hour
		}
		t := time.NewTimer(left)
		select {
		case <-ctx.Done():
		case <-a.queue.full:
		case <-t.C:
		}
		t.Stop()
	}
}

// storeItems stores a batch. If that fails the batch goes back to where it came from, unless it is in a file by then: a
// database that hangs must not keep the only copy in memory.
func (a *Archive) storeItems(ctx context.Context, items []item) bool {
	events := make([]*event.Event, len(items))
	for i, it := range items {
		events[i] = it.e
	}
	saved := make(chan bool, 1)
	late := time.AfterFunc(a.cfg.SpillAfter, func() { saved <- a.save(items) })
	err := a.store(ctx, events)
	safe := !late.Stop() && <-saved
	if err != nil && !safe {
		a.queue.putBack(items)
		a.tell() // coming back, some may have met the bound
		return false
	}
	a.queue.done(items)
	a.tell()
	return err == nil
}

// save writes a copy of a batch under way to a file. Should it be stored as well, that does no harm.
func (a *Archive) save(items []item) bool {
	_, err := a.spill.write(items)
	if err != nil {
		a.fault("write events to a file", err)
	}
	return err == nil
}

// store calls the database.
func (a *Archive) store(ctx context.Context, events []*event.Event) error {
	a.mu.Lock()
	if a.trying.IsZero() {
		a.trying = time.Now()
	}
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	err := a.sink.Upsert(ctx, events)
	a.mu.Lock()
	defer a.mu.Unlock()
	if errors.Is(err, context.Canceled) { // Run is to end
		a.trying = time.Time{}
		return err
	}
	if err != nil {
		if a.failed.Before(a.trying) {
			a.log.Warn("the database takes no events", slog.Any("err", err))
		}
		a.lastErr, a.failed = err.Error(), time.Now()
		return err
	}
	if !a.failed.Before(a.trying) {
		a.log.Info("the database takes events again", slog.Duration("after", time.Since(a.trying)))
	}
	a.trying, a.stored = time.Time{}, time.Now()
	a.m.ArchiveWritten.Add(float64(len(events)))
	return nil
}

// readBack stores a part of the oldest file.
func (a *Archive) readBack(ctx context.Context) bool {
	c, err := a.spill.head(a.cfg.Batch)
	if err != nil {
		a.fault("read events back", err)
		return false
	}
	if len(c.events) > 0 {
		if err := a.store(ctx, c.events); err != nil {
			return false
		}
	}
	a.spill.stored(c)
	return true
}

// stuck reports whether the database has failed for so long that events go to files.
func (a *Archive) stuck() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.trying.IsZero() && time.Since(a.trying) >= a.cfg.SpillAfter
}

// watch looks after the queue until ctx ends.
func (a *Archive) watch(ctx context.Context) {
	t := time.NewTicker(a.cfg.Window)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-a.queue.high:
		}
		for ctx.Err() == nil {
			var items []item
			if a.stuck() {
				items = a.queue.take(a.cfg.Batch, combo)
			} else {
				items = a.queue.takeSurplus(a.cfg.Batch)
			}
			if len(items) == 0 || !a.putAway(items) {
				break
			}
		}
		a.m.ArchiveQueue.Set(float64(a.queue.len()))
	}
}

// putAway writes taken items to files; what no file takes goes back.
func (a *Archive) putAway(items []item) bool {
	left, err := a.spill.write(items)
	if err == nil {
		a.queue.done(items)
		a.tell()
		return true
	}
	a.fault("write events to a file", err)
	a.queue.replace(items, left)
	a.tell() // of what comes back, some may have met the bound
	return false
}

// fault notes a failure that is not the database's.
func (a *Archive) fault(what string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text := what + ": " + err.Error()
	if text != a.lastErr {
		a.log.Error("the archive's files", slog.String("doing", what), slog.Any("err", err))
	}
	a.lastErr, a.failed = text, time.Now()
}

// drain stores what is left when Run is to end, batch by batch, until the database fails or time is up.
func (a *Archive) drain(ctx context.Context, items []item) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Drain)
	defer cancel()
	for {
		if len(items) > 0 && !a.storeItems(ctx, items) {
			return
		}
		if a.queue.closeIfEmpty() {
			return
		}
		items = a.queue.take(a.cfg.Batch, combo)
	}
}

// finish writes what the database did not take to files.
func (a *Archive) finish() error {
	defer a.spill.close()
	a.queue.close()
	for {
		items := a.queue.take(a.cfg.Batch, combo)
		if len(items) == 0 {
			a.m.ArchiveQueue.Set(0)
			a.tell()
			return nil
		}
		if !a.putAway(items) {
			n := a.queue.abandon()
			a.tell()
			a.m.ArchiveDropped.WithLabelValues("spill_failed").Add(float64(n))
			return fmt.Errorf("archive: %d events could be written neither to the database nor to a file: %s", n, a.Health().LastError)
		}
	}
}
