// Package turn lets those who come to a server wait for what it does for those who are there.
//
// Go runs what can run in the order in which it became able to, with no priorities: when thousands of clients come back at
// once, dozens of handshakes stand in front of the one goroutine that delivers events to everybody else, and while every
// processor is busy nobody asks the network for what has come. So only half of the processors work for newcomers at a
// time (Turns), each piece of that work first lets everything else run that can, and a connection is accepted
// only when there is time for it (Listener): until then it waits in the kernel, where it is in nobody's way.
//
// # Decisions
//
// 2026-11-23 A turn is waited for with a bound. Because: a turn is meant for work and not for waiting, but a peer can make a
// handshake wait: it leaves answers of earlier requests on its connection unread until the next one does not fit the socket; and
// a subscription waits for a shard that has much to do. Were turns waited for without end, a handful of such peers would keep
// everybody out. Those who gave up waiting are counted. Rejected: taking the turn only after the answer has been written, since
// that is half of the work. Look again when: handshakes are written without waiting.
package turn

import (
	"net"
	"runtime"
	"time"
)

// patience is the longest that work waits for its turn. Then it goes on without one.
const patience = 50 * time.Millisecond

// Turns is the right to work for newcomers. Any number of goroutines may use it.
type Turns struct {
	taken  chan struct{}
	missed func()
}

// New returns Turns for so many at a time; 0 means half of the processors that Go uses, and one at least. It calls missed for each
// piece of work that had no turn within 50 ms.
func New(n int, missed func()) *Turns {
	if n <= 0 {
		n = max(runtime.GOMAXPROCS(0)/2, 1)
	}
	return &Turns{make(chan struct{}, n), missed}
}

// Do waits for a turn, for 50 ms at most, lets the processor do whatever else it can, and then the work, which should need
// the processor more than it waits for anybody.
func (t *Turns) Do(work func()) {
	if t.take() {
		defer func() { <-t.taken }()
	}
	runtime.Gosched()
	work()
}

// take waits for a turn and reports whether there was one in time.
func (t *Turns) take() bool {
	select {
	case t.taken <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case t.taken <- struct{}{}:
		return true
	case <-timer.C:
		t.missed()
		return false
	}
}

// Listener returns a listener that accepts a connection only after everything else that can run has had its chance.
func Listener(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

// Accept waits for the next connection.
func (l listener) Accept() (net.Conn, error) {
	runtime.Gosched()
	return l.Listener.Accept() //nolint:wrapcheck // the HTTP server looks at it
}
