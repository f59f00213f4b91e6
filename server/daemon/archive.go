package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"tierboard/server/archive"
	"tierboard/server/classify"
	"tierboard/server/config"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/store"
	"tierboard/shared/event"
)

// refill is how many events of each tier a server that starts reads back from the archive, so that the first board is not empty.
const refill = 500

// keeper is the archive and what stands in front of it.
type keeper struct {
	hub      *hub.Hub
	store    *store.Store
	archive  *archive.Archive
	outcomes *outcomes
	feed     *feed // hears what is wrong with streams
	log      *slog.Logger

	again atomic.Int32  // streams that are read again
	laps  atomic.Uint64 // how often one began to be

	lookLap  uint64    // the publisher's: the lap that lookUpTo was asked in
	lookUpTo time.Time // the publisher's: no event of the archive was detected later, but for what the hub remembers
}

// newKeeper opens the database and makes the writer. Nothing runs yet.
func newKeeper(ctx context.Context, c config.Config, h *hub.Hub, f *feed, m *metrics.Metrics, log *slog.Logger) (*keeper, error) {
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
	return &keeper{hub: h, store: db, archive: writer, outcomes: newOutcomes(db, m, log), feed: f, log: log}, nil
}

// lookTimeout is how long the archive may take to tell whether it has an event.
const lookTimeout = time.Second

// Publish hands an event to the hub, and to the archive if it is a new one. It is not called twice at once. The archive never makes it wait, unless a stream is
// read again: then an event that the hub has forgotten long ago is looked up, so that nobody sees it as a new one.
func (k *keeper) Publish(ctx context.Context, e *event.Event) (bool, error) {
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
func (k *keeper) known(ctx context.Context, e *event.Event) bool {
	if !k.store.Health().Up {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
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
func (k *keeper) StreamAgain(_ string, on bool) {
	k.outcomes.rereading(on)
	if on {
		k.laps.Add(1)
		k.again.Add(1)
	} else {
		k.again.Add(-1)
	}
}

// StreamFault takes word of a stream that cannot be read, as a follow.Witness.
func (k *keeper) StreamFault(stream, why string) { k.feed.StreamFault(stream, why) }

// Outcomes takes what became of events. It does not wait while the database is away.
func (k *keeper) Outcomes(list []classify.Outcome) { k.outcomes.add(list) }

// Position returns how far a stream was read.
func (k *keeper) Position(ctx context.Context, stream string) (string, error) {
	return k.store.Position(ctx, stream)
}

// SetPosition stores how far a stream was read.
func (k *keeper) SetPosition(ctx context.Context, stream, id string) error {
	return k.store.SetPosition(ctx, stream, id)
}

// Barrier waits until what was published and what became of events before the call would survive the end of the process. It
// returns follow.ErrLost if outcomes were lost.
func (k *keeper) Barrier(ctx context.Context) error {
	if err := k.archive.Barrier(ctx); err != nil {
		return err
	}
	return k.outcomes.barrier(ctx)
}

// refill publishes the archive's newest events to the hub, so that snapshots and lists go on where the last server stopped. It
// runs before anything else publishes; a database that is away leaves the board empty.
func (k *keeper) refill(ctx context.Context, arrived func(tier string, at time.Time)) {
	events, err := k.store.Recent(ctx, refill)
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
