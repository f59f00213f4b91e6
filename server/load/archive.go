package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"tierboard/server/load/report"
	"tierboard/server/load/target"
)

// asks is how many events of a run are asked for by their ids, to see that the archive really has them.
const asks = 100

// drain waits until the archive has written what it accepted since start, for at most twice the budget, and asks for some events.
func (m *measurement) drain(ctx context.Context, run *report.Run, start target.Numbers) error {
	began := time.Now()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		n, err := m.target.Read(ctx, false)
		if err != nil {
			return err
		}
		accepted := n.Sum(start, "tierboard_events_accepted_total")
		written, dropped := n.Sum(start, "tierboard_archive_written_total"), n.Sum(start, "tierboard_archive_dropped_total")
		waiting := n.Sum(target.Numbers{}, "tierboard_archive_queue_events") + n.Sum(target.Numbers{}, "tierboard_archive_spill_bytes")
		run.Drained = time.Since(began).Seconds()
		run.Unstored = int(max(accepted-written, dropped))
		if waiting == 0 && written+dropped >= accepted {
			break
		}
		if run.Drained > 2*report.ArchiveDrain.Seconds() {
			run.Notes = append(run.Notes, fmt.Sprintf("the archive still had %v of %v events to write", accepted-written, accepted))
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return m.ask(ctx, run)
}

// ask asks for some events that sessions got.
func (m *measurement) ask(ctx context.Context, run *report.Run) error {
	rng := rand.New(rand.NewPCG(m.cfg.Seed, 4)) //nolint:gosec // chooses events
	asked, absent := 0, 0
	for range 10 * asks {
		n := rng.IntN(max(run.Published, 1))
		if asked == asks || !m.book.Known(n) {
			continue
		}
		asked++
		found, err := m.target.Has(ctx, m.traffic.ID(n))
		if err != nil {
			return err
		}
		if !found {
			absent++
		}
	}
	if absent > 0 {
		run.Unstored = max(run.Unstored, absent)
		run.Notes = append(run.Notes, fmt.Sprintf("of %d events that sessions got, the server does not find %d any more", asked, absent))
	}
	return nil
}
