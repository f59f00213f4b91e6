package pace

import (
	"testing"
	"time"
)

func TestTheWindowGrowsWithTheLoad(t *testing.T) {
	ms := time.Millisecond
	var p Pace
	p.Init(10*ms, 80*ms, time.Unix(0, 0))
	for _, c := range []struct {
		share float64
		want  time.Duration
	}{{0, 10 * ms}, {.3, 10 * ms}, {.45, 30 * ms}, {.6, 50 * ms}, {.725, 65 * ms}, {.85, 80 * ms}, {1, 80 * ms}} {
		if got := p.of(c.share); (got - c.want).Abs() > time.Microsecond {
			t.Errorf("busy %v: window %v, want %v", c.share, got, c.want)
		}
	}
	at := time.Unix(0, 0)
	second := func(idle time.Duration) {
		p.Rest(at, at.Add(idle), false)
		p.Rest(at.Add(time.Second), at.Add(time.Second), false)
		at = at.Add(time.Second)
	}
	second(400 * ms)
	if p.Window() < 49*ms || p.Window() > 51*ms || p.Peek() != p.Window() {
		t.Errorf("window %v after a second 60 %% busy, want 50 ms", p.Window())
	}
	second(0)
	if p.Window() != 80*ms {
		t.Errorf("window %v after a second without rest, want the longest", p.Window())
	}
	second(900 * ms)
	if p.Window() != 10*ms {
		t.Errorf("window %v after a quiet second, want the shortest", p.Window())
	}
	p.Rest(at, at, true)
	if p.Window() != 80*ms {
		t.Errorf("window %v while events crowd, want the longest at once", p.Window())
	}
}
