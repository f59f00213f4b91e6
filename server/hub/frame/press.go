package frame

import (
	"slices"
	"time"

	"tierboard/server/recent"
	"tierboard/shared/wire"
)

// Press encodes batches. It keeps the last ones, so that sessions that send the same events at the same moment share the
// bytes: the members of a cohort, whose windows open and close together, and every quiet session that gets an event.
// Its buffers are used again, so a frame is good only until the next Print. The zero Press is ready for use, by one goroutine.
type Press struct {
	pieces [][]byte // scratch
	sheets [64]sheet
	prints uint64 // batches encoded, not shared
}

// sheet is an encoded batch and what it was made of.
type sheet struct {
	at      time.Time
	seq     uint64
	format  wire.Format
	plain   bool // nothing in it but events: only such sheets are shared
	items   []*recent.Item
	buf     []byte
	encoded Frame
}

// mostKept is the largest buffer a sheet keeps, in bytes.
const mostKept = 64 << 10

// Prints is how many batches were encoded so far; those that found their bytes ready do not count.
func (p *Press) Prints() uint64 { return p.prints }

// Print returns the batch encoded in a format, with the items as its events and now as the time at which it was sent. The
// frame is lent: its bytes are good until the next Print. Of the frame only Ready, Bytes and Lent are set. It writes to the
// batch, which the caller may use again.
func (p *Press) Print(b *wire.Batch, items []*recent.Item, f wire.Format, now time.Time) Frame {
	key := uint64(f)
	for _, it := range items {
		key = (key ^ it.Event.Seq) * 0x9e3779b97f4a7c15
	}
	sh := &p.sheets[key>>58]
	plain := b.ID == "" && b.Suppressed == 0 && b.Dropped == 0 && !b.Reset
	if plain && sh.plain && sh.seq == b.Seq && sh.format == f && sh.at.Equal(now) && slices.Equal(sh.items, items) {
		return sh.encoded
	}
	for _, it := range items {
		p.pieces = append(p.pieces, it.Bytes(f))
	}
	b.SentAt, b.Encoded = now, p.pieces
	if len(items) == 0 {
		b.Encoded = nil
	}
	if cap(sh.buf) < headroom || cap(sh.buf) > mostKept {
		sh.buf = make([]byte, headroom, 1024)
	}
	sh.buf = b.Append(sh.buf[:headroom], f)
	clear(p.pieces)
	p.pieces = p.pieces[:0]
	p.prints++
	sh.at, sh.seq, sh.format, sh.plain = now, b.Seq, f, plain
	clear(sh.items)
	sh.items = append(sh.items[:0], items...)
	sh.encoded = seal(sh.buf, f)
	sh.encoded.Lent = true
	return sh.encoded
}
