// Package keeper keeps what the server must not lose: it hands events to the hub and to the archive, outcomes to the database, and
// remembers how far streams were read.
package keeper

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"tierboard/server/archive"
	"tierboard/server/classify/found"
	"tierboard/server/config"
	"tierboard/server/daemon/outcomes"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/store"
	"tierboard/server/store/connect"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// PerTier is how many events of each tier a server that starts reads back from the archive, so that the first board is not empty.
const PerTier = 500

// Keeper is the archive and what stands in front of it. Publish is for one goroutine; everything else may be called by any number.
type Keeper struct {
	hub      *hub.Hub
	store    *store.Store
	archive  *archive.Archive
	outcomes *outcomes.Queue
	fault    func(stream, why string)
	within   time.Duration // lookTimeout, but for tests
	log      *slog.Logger

	again atomic.Int32  // streams that are read again
	laps  atomic.Uint64 // how often one began to be

	lookLap  uint64    // the publisher's: the lap that lookUpTo was asked in
	lookUpTo time.Time // the publisher's: no event of the archive was detected later, but for what the hub remembers
}

// Open opens the database that the settings name and makes the writer in front of it. fault hears, in words that name it, why a
// stream cannot be read, and "" when it can. Nothing runs yet. The caller closes the Keeper.
func Open(ctx context.Context, c config.Config, h *hub.Hub, fault func(stream, why string), m *metrics.Metrics, log *slog.Logger) (*Keeper, error) {
	dir := c.DataDir
	if c.Demo {
		// Invented events have a place of their own, and none of them outlives its market: a later start without --demo must not
		// find them, and one with it begins a new market.
		dir = filepath.Join(dir, "demo")
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("--data-dir (TIERBOARD_DATA_DIR): %w", err)
		}
	}
	days := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
	sc := store.DefaultConfig()
	sc.URL, sc.DataDir, sc.Epoch = c.DatabaseURL, dir, h.Epoch()
	sc.Keep = map[event.Tier]time.Duration{event.Daily: days(c.KeepDaily), event.Intraday: days(c.KeepIntraday), event.Combo: days(c.KeepCombo)}
	db, err := store.Open(ctx, sc, m, log)
	if err != nil {
		return nil, fmt.Errorf("archive (--database-url, --data-dir): %w", err)
	}
	ac := archive.DefaultConfig()
	ac.Dir, ac.SpillBytes = filepath.Join(dir, "spill"), int64(c.SpillMB)<<20
	ac.SegmentBytes = min(ac.SegmentBytes, ac.SpillBytes/2)
	writer, err := archive.New(ac, db, m, log)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("archive (--data-dir): %w", err)
	}
	return &Keeper{hub: h, store: db, archive: writer, outcomes: outcomes.New(db, m, log), fault: fault, within: lookTimeout, log: log}, nil
}

// Store returns the database, for those who only read.
func (k *Keeper) Store() *store.Store { return k.store }

// Close closes the database. Run has ended.
func (k *Keeper) Close() error { return k.store.Close() }

// Run stores what comes until ctx ends, and then returns nil. It is called once.
func (k *Keeper) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return k.archive.Run(ctx) })
	group.Go(func() error { return k.store.Run(ctx) })
	group.Go(func() error { return k.outcomes.Run(ctx) })
	return group.Wait()
}

// lookTimeout is how long the archive may take to tell whether it has an event.
const lookTimeout = time.Second

// Publish hands an event to the hub, and to the archive if it is a new one. It is not called twice at once. The archive never makes it wait,
// unless a stream is read again: then an event that the hub has forgotten long ago is looked up, so that nobody sees it as a new one.
func (k *Keeper) Publish(ctx context.Context, e *event.Event) (bool, error) {
	if k.again.Load() > 0 && k.known(ctx, e) {
		return false, nil
	}
	accepted, err := k.hub.Publish(ctx, e)
	if accepted {
		k.archive.Add(e)
	}
	return accepted, err
}

// known reports whether the archive has an event. Nothing that was detected after the newest it had when reading again began is
// looked up, so that a first start, or what is really new, costs nothing. An archive that does not answer has no event: better
// shown twice than not at all. It is not asked again before it is back.
func (k *Keeper) known(ctx context.Context, e *event.Event) bool {
	if !k.store.Health().Up {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, k.within)
	defer cancel()
	if lap := k.laps.Load(); lap != k.lookLap {
		newest, err := k.store.NewestDetection(ctx)
		if err != nil {
			return false
		}
		k.lookLap, k.lookUpTo = lap, newest
	}
	if e.DetectedAt.Truncate(time.Millisecond).After(k.lookUpTo) {
		return false
	}
	known, err := k.store.Known(ctx, e)
	return err == nil && known
}

// StreamAgain takes word of a stream that is read again, as a follow.Witness.
func (k *Keeper) StreamAgain(_ string, on bool) {
	k.outcomes.Rereading(on)
	if on {
		k.laps.Add(1)
		k.again.Add(1)
	} else {
		k.again.Add(-1)
	}
}

// StreamFault takes word of a stream that cannot be read, as a follow.Witness.
func (k *Keeper) StreamFault(stream, why string) { k.fault(stream, why) }

// Outcomes takes what became of events. It does not wait while the database is away.
func (k *Keeper) Outcomes(list []found.Outcome) { k.outcomes.Add(list) }

// Position returns how far a stream was read.
func (k *Keeper) Position(ctx context.Context, stream string) (string, error) {
	return k.store.Position(ctx, stream)
}

// SetPosition stores how far a stream was read.
func (k *Keeper) SetPosition(ctx context.Context, stream, id string) error {
	return k.store.SetPosition(ctx, stream, id)
}

// Barrier waits until what was published and what became of events before the call would survive the end of the process. It
// returns follow.ErrLost if outcomes were lost.
func (k *Keeper) Barrier(ctx context.Context) error {
	if err := k.archive.Barrier(ctx); err != nil {
		return err
	}
	return k.outcomes.Barrier(ctx)
}

// Refill publishes the archive's newest events, PerTier of each, to the hub, so that snapshots and lists go on where the last server stopped. It
// runs before anything else publishes; a database that is away leaves the board empty.
func (k *Keeper) Refill(ctx context.Context, arrived func(tier string, at time.Time)) {
	events, err := k.store.Recent(ctx, PerTier)
	if err != nil {
		k.log.Warn("the board starts empty: the archive cannot be read", slog.Any("err", err))
		return
	}
	for _, e := range events {
		if _, err := k.hub.Publish(ctx, e); err != nil {
			return
		}
		if e.Tier != event.TierNone {
			arrived(e.Tier.String(), e.ReceivedAt)
		}
	}
	k.hub.Recent().Stored(events) // that is where they come from
	if len(events) > 0 {
		k.log.Info("read back from the archive", slog.Int("events", len(events)))
	}
}

// Health tells how the archive does.
func (k *Keeper) Health() api.ArchiveHealth { return healthOf(k.store.Health(), k.archive.Health()) }

// healthOf judges the database and the writer in front of it.
func healthOf(db connect.Health, w archive.Health) api.ArchiveHealth {
	h := api.ArchiveHealth{Status: "ok", Waiting: w.Queue, Lost: w.Lost}
	if !w.StoredAt.IsZero() {
		at := w.StoredAt.UTC().Truncate(time.Millisecond)
		h.StoredAt = &at
	}
	switch {
	case w.Losing:
		h.Status, h.Reason = "down", "events had to be thrown away: the database is away and its files are full"
	case !db.Up:
		h.Status, h.Reason = "down", "the database has been away since "+db.Since.UTC().Format(time.TimeOnly)+" UTC; events wait"
	case w.Failing:
		h.Status, h.Reason = "degraded", "the database has not taken events since "+w.Since.UTC().Format(time.TimeOnly)+" UTC; they wait"
	case w.SpillBytes > 0:
		h.Status, h.Reason = "degraded", "events from an outage are being stored"
	}
	return h
}
