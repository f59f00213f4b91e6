package board

import (
	"errors"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// Bounds of a saved board.
const (
	SavedPerTier = 40        // events a tier
	MaxSaved     = 200 << 10 // bytes
)

// ErrSaved means that a saved board cannot be read.
var ErrSaved = errors.New("board: saved board cannot be read")

// Snapshot encodes the newest events of each column, at most SavedPerTier of each and MaxSaved bytes in all, with the
// time of saving. It is what the board shows when the app starts without a network.
func (b *Board) Snapshot(now time.Time) []byte {
	batch := wire.Batch{SentAt: now, Encoded: [][]byte{}, Reset: true}
	size := len(batch.Append(nil, wire.MsgPack)) + 4 // the list's length takes more bytes when it is not empty
	for i := range SavedPerTier {                    // one of each tier in turn, so that a large event costs no column all of its own
		for t := range b.columns {
			if i >= len(b.columns[t].all) {
				continue
			}
			raw := wire.AppendEvent(nil, b.columns[t].all[i].Event, wire.MsgPack)
			if size+len(raw) > MaxSaved {
				continue
			}
			size += len(raw)
			batch.Encoded = append(batch.Encoded, raw)
		}
	}
	return batch.Append(make([]byte, 0, size), wire.MsgPack)
}

// Restore replaces the board's content with a saved one and returns when it was saved. Bytes that Snapshot did not
// write give ErrSaved and leave the board as it was. Nothing restored counts as new, and the first snapshot from
// the server replaces it.
func (b *Board) Restore(saved []byte, now time.Time) (savedAt time.Time, err error) {
	if len(saved) > MaxSaved {
		return time.Time{}, ErrSaved
	}
	frame, err := wire.Decode(saved)
	if err != nil {
		return time.Time{}, ErrSaved
	}
	batch, ok := frame.(*wire.Batch)
	if !ok || batch.SentAt.IsZero() || !batch.Reset || batch.ID != "" {
		return time.Time{}, ErrSaved
	}
	for _, e := range batch.Events {
		if e.Kind != event.Pattern || e.Validate() != nil {
			return time.Time{}, ErrSaved
		}
	}
	b.Apply(batch, now)
	return batch.SentAt, nil
}
