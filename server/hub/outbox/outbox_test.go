package outbox

import (
	"errors"
	"slices"
	"testing"
	"time"

	"tierboard/server/hub/frame"
	"tierboard/shared/wire"
)

// box is an outbox under test, and what its bounds' callback counted.
type box struct {
	Outbox
	unread int
}

// open returns an outbox for a sink that is full at 100 bytes of batches and ends above 50 of answers.
func open(sink Sink) *box {
	b := &box{}
	b.Init(&Bounds{Batches: 100, Control: 50, Unread: func() { b.unread++ }}, sink)
	return b
}

// batch returns a batch of n bytes that begin with a number, by which tests know it again.
func batch(no byte, n int) frame.Frame {
	f := frame.Frame{Ready: make([]byte, n), Lent: true}
	f.Ready[0] = no
	f.Bytes = f.Ready[2:]
	return f
}

// answer is a control frame of n bytes.
func answer(no byte, n int) frame.Frame {
	f := batch(no, n)
	f.Control, f.Lent = true, false
	return f
}

// want pops a frame and checks which one it is; 0 for none.
func (b *box) want(t *testing.T, no byte, drained bool) {
	t.Helper()
	f, ok, got, err := b.Pop()
	if err != nil || ok != (no != 0) || got != drained || ok && f.Ready[0] != no {
		t.Errorf("popped %v, %v, drained %v, %v; want frame %d, drained %v", f.Ready, ok, got, err, no, drained)
	}
}

// woken reports whether there is a token for who waits.
func (b *box) woken() bool {
	select {
	case <-b.Wake():
		return true
	default:
		return false
	}
}

func TestBatchesQueueUpToTheirBound(t *testing.T) {
	b := open(nil)
	if b.woken() || b.Waiting() != 0 {
		t.Error("an empty outbox wakes its reader")
	}
	first := batch(1, 60)
	if n := b.Push(first); n != 60 || b.Full() {
		t.Errorf("%d bytes wait, full %v; want 60 with room", n, b.Full())
	}
	first.Ready[0] = 99 // the press uses its buffer again
	if n := b.Push(batch(2, 60)); n != 120 || !b.Full() {
		t.Errorf("%d bytes wait, full %v; want 120 past the bound", n, b.Full())
	}
	if b.Push(answer(3, 10)); b.Waiting() != 130 || !b.woken() {
		t.Errorf("%d bytes wait, want the answer's too", b.Waiting())
	}
	b.want(t, 1, false) // still in the writer's hands
	b.want(t, 2, false) // the same, and 60 is more than half
	b.want(t, 3, true)
	b.want(t, 0, false) // told once
	if b.Waiting() != 0 || b.Full() {
		t.Errorf("%d bytes wait after all were written", b.Waiting())
	}
}

func TestAnswersThatAreNotReadEndTheSession(t *testing.T) {
	b := open(nil)
	ending := b.Ending()
	b.Push(batch(1, 90)) // another account
	for i := range byte(5) {
		b.Push(answer(i, 10))
	}
	if b.Cause() != nil || b.unread != 0 {
		t.Fatalf("ended with %v at the bound", b.Cause())
	}
	if n := b.Push(answer(9, 10)); n != 0 || b.unread != 1 || b.Cause() == nil || b.Cause().Code != wire.CloseTooSlow || b.Cause().Error() == "" {
		t.Errorf("%d wait, %d told, cause %v; want it cut once", n, b.unread, b.Cause())
	}
	select {
	case <-ending:
	default:
		t.Error("the writer was not told")
	}
	if b.Push(answer(9, 10)) != 0 || b.Full() || b.unread != 1 {
		t.Error("something was taken after the end")
	}
	_, ok, _, err := b.Pop()
	if end, is := errors.AsType[*CloseError](err); ok || !is || end != b.Cause() {
		t.Errorf("popped %v, %v; want the reason and nothing of what was queued", ok, err)
	}
}

func TestFinishLetsTheQueueGoAndAbortDoesNot(t *testing.T) {
	b := open(nil)
	b.Push(batch(1, 10))
	b.Finish(wire.CloseGoingAway, "first")
	b.Finish(wire.ClosePolicy, "second")
	b.Abort(wire.CloseTooSlow, "third")
	b.Push(batch(2, 10))
	b.want(t, 1, false)
	if _, ok, _, err := b.Pop(); ok || err == nil || b.Cause().Code != wire.CloseGoingAway {
		t.Errorf("popped %v, %v; want the first end", ok, err)
	}
	b = open(nil)
	b.Push(batch(1, 10))
	b.Abort(wire.CloseTooSlow, "x")
	select {
	case <-b.Ending(): // asked for after the end
	default:
		t.Error("an outbox that was aborted is not ending")
	}
	if _, ok, _, err := b.Pop(); ok || err == nil {
		t.Errorf("popped %v, %v after Abort; want the reason alone", ok, err)
	}
}

// line is a sink that takes a number of bytes without waiting.
type line struct {
	room  int
	took  []byte // the first byte of each frame
	ended int
	beats []time.Time
}

func (l *line) Try(f frame.Frame) int {
	l.took = append(l.took, f.Ready[0])
	left := max(len(f.Ready)-l.room, 0)
	l.room -= len(f.Ready) - left
	return left
}

func (l *line) Ended() { l.ended++ }

func (l *line) Beat(now time.Time) []byte {
	l.beats = append(l.beats, now)
	return []byte{0x89, 0}
}

func TestASinkGetsFramesDirectlyUntilItHasToWait(t *testing.T) {
	l := &line{room: 100}
	b := open(l)
	if b.Wake() != nil {
		t.Error("somebody could wait for an outbox with a sink")
	}
	if n := b.Push(batch(1, 60)); n != 0 {
		t.Errorf("%d bytes wait of what was written", n)
	}
	if n := b.Push(batch(2, 160)); n != 120 || !b.Full() {
		t.Errorf("%d bytes wait, want what did not go at once", n)
	}
	b.Push(batch(3, 20)) // in its turn
	if !slices.Equal(l.took, []byte{1, 2}) || b.Waiting() != 140 {
		t.Errorf("the sink took %v while %d bytes wait", l.took, b.Waiting())
	}
	b.want(t, 3, true) // what the sink kept is written
	if _, ok, drained, err := b.Pop(); ok || drained || !errors.Is(err, ErrIdle) {
		t.Errorf("popped %v, %v, %v; want it idle", ok, drained, err)
	}
	l.room = 100
	if n := b.Push(answer(4, 60)); n != 0 || !slices.Equal(l.took, []byte{1, 2, 4}) {
		t.Errorf("%d bytes wait and the sink took %v, want the next frame at once", n, l.took)
	}
	if n := b.Push(answer(5, 60)); n != 20 || b.unread != 0 {
		t.Errorf("%d bytes of an answer wait, %d cut; want its rest kept", n, b.unread)
	}
}

func TestASinkIsToldOfTheEndWhenNobodyElseWouldBe(t *testing.T) {
	now := time.Unix(1, 0)
	for name, c := range map[string]struct {
		end   func(*box)
		lags  bool
		ended int
	}{
		"finish":             {func(b *box) { b.Finish(wire.CloseGoingAway, "x") }, false, 1},
		"finish behind lag":  {func(b *box) { b.Finish(wire.CloseGoingAway, "x") }, true, 0}, // Pop tells it
		"abort":              {func(b *box) { b.Abort(wire.CloseTooSlow, "x") }, false, 1},
		"abort behind lag":   {func(b *box) { b.Abort(wire.CloseTooSlow, "x") }, true, 1},
		"abort after finish": {func(b *box) { b.Finish(wire.ClosePolicy, "x"); b.Abort(wire.CloseTooSlow, "y") }, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := &line{room: 100}
			b := open(l)
			if sign := b.Sign(now); len(sign) != 2 || len(l.beats) != 1 || !l.beats[0].Equal(now) {
				t.Errorf("sign %v, asked at %v; want it asked now", sign, l.beats)
			}
			if c.lags {
				b.Push(batch(1, 200))
			}
			b.Release() // too early, and harmless
			c.end(b)
			if l.ended != c.ended {
				t.Errorf("told %d times, want %d", l.ended, c.ended)
			}
			if b.Sign(now) != nil || len(l.beats) != 1 {
				t.Error("a sign of life after the end")
			}
			b.Release()
			if b.sink != nil || b.Push(batch(2, 2)) != 0 {
				t.Error("the outbox holds on to the connection")
			}
			if _, _, _, err := b.Pop(); !errors.Is(err, b.Cause()) {
				t.Errorf("Pop ends with %v, want the reason", err)
			}
		})
	}
	if open(nil).Sign(now) != nil {
		t.Error("a sign of life without a sink")
	}
}
