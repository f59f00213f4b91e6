package turn

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestSoManyAtATime(t *testing.T) {
	for _, most := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			turns := New(most, func() { t.Error("a turn is missed") })
			var mu sync.Mutex
			var working, highest, done int // guarded by mu
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					turns.Do(func() {
						mu.Lock()
						working++
						highest = max(highest, working)
						mu.Unlock()
						time.Sleep(time.Millisecond)
						mu.Lock()
						working--
						done++
						mu.Unlock()
					})
				})
			}
			wg.Wait()
			if highest != most || done != 10 {
				t.Errorf("%d at a time and %d in all, want %d and 10", highest, done, most)
			}
		})
	}
}

func TestNobodyWaitsForOneWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		missed := 0
		turns, peer := New(1, func() { missed++ }), make(chan struct{})
		var stuck sync.WaitGroup
		stuck.Go(func() { turns.Do(func() { <-peer }) })
		synctest.Wait()
		began := time.Now()
		turns.Do(func() {})
		if took := time.Since(began); took != patience {
			t.Errorf("waited %v, want %v", took, patience)
		}
		if missed != 1 {
			t.Errorf("%d turns are missed, want 1", missed)
		}
		close(peer)
		stuck.Wait()
		began = time.Now()
		turns.Do(func() {})
		if took := time.Since(began); took != 0 {
			t.Errorf("waited %v for a turn that nobody has", took)
		}
	})
}

func TestAFaultGivesTheTurnBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := New(1, func() { t.Error("a turn is missed") })
		func() {
			defer func() { _ = recover() }()
			turns.Do(func() { panic("fault") })
		}()
		began := time.Now()
		turns.Do(func() {})
		if took := time.Since(began); took != 0 {
			t.Errorf("waited %v for a turn that nobody has", took)
		}
	})
}

func TestHalfOfTheProcessors(t *testing.T) {
	if got, want := cap(New(0, func() {}).taken), max(runtime.GOMAXPROCS(0)/2, 1); got != want {
		t.Errorf("%d at a time, want %d", got, want)
	}
}

func TestListener(t *testing.T) {
	under, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listener(under)
	if l.Addr() != under.Addr() {
		t.Errorf("address %v, want %v", l.Addr(), under.Addr())
	}
	var dialer net.Dialer
	for range 3 {
		out, err := dialer.DialContext(context.Background(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		in, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if in.RemoteAddr().String() != out.LocalAddr().String() {
			t.Errorf("accepted %v, want %v", in.RemoteAddr(), out.LocalAddr())
		}
		_, _ = in.Close(), out.Close()
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v", err)
	}
}
