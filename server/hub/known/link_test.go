package known

import (
	"fmt"
	"testing"
	"time"

	"tierboard/server/recent"
	"tierboard/shared/event"
)

// rig is a ring and what was put into it.
type rig struct {
	*recent.Ring
	sent int
}

// publish links an event and puts it into the ring, as the hub does.
func (r *rig) publish(tier event.Tier, change func(*event.Event)) *event.Event {
	r.sent++
	e := &event.Event{
		Kind: event.Pattern, ID: fmt.Sprint("e", r.sent), Seq: uint64(r.sent), Tier: tier,
		Scope: event.Scope{Symbol: "AAPL", Pattern: "bull_flag"}, Confidence: .7,
	}
	if tier == event.Combo {
		e.Combo = &event.ComboDetail{}
	}
	change(e)
	Link(e, r.Ring)
	r.Add(recent.NewItem(e))
	return e
}

func TestComboLinksAreInferred(t *testing.T) {
	day := 24 * time.Hour
	cases := []struct {
		name           string
		setup, trigger time.Duration // how long before the combo
		other          func(*event.Event)
		want           [2]event.LinkKind
	}{
		{"both near", day, 10 * time.Minute, nil, [2]event.LinkKind{event.LinkInferred, event.LinkInferred}},
		{"at their limits", 14 * day, 30 * time.Minute, nil, [2]event.LinkKind{event.LinkInferred, event.LinkInferred}},
		{"both too old", 14*day + time.Second, 30*time.Minute + time.Second, nil, [2]event.LinkKind{event.LinkMissing, event.LinkMissing}},
		{"both later", -time.Second, -time.Second, nil, [2]event.LinkKind{event.LinkMissing, event.LinkMissing}},
		{"another symbol", day, time.Minute, func(e *event.Event) { e.Symbol = "TSLA" }, [2]event.LinkKind{event.LinkMissing, event.LinkMissing}},
		{"another pattern", day, time.Minute, func(e *event.Event) { e.Pattern = "doji" }, [2]event.LinkKind{event.LinkMissing, event.LinkMissing}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := &rig{Ring: recent.New(100)}
			at := time.Unix(1_800_000_000, 0)
			part := func(tr event.Tier, before time.Duration) *event.Event {
				return r.publish(tr, func(e *event.Event) {
					e.DetectedAt, e.Timeframe, e.SessionDate = at.Add(-before), "5min", "2026-11-20"
					if c.other != nil {
						c.other(e)
					}
				})
			}
			part(event.Daily, c.setup+day*365)
			setup, trigger := part(event.Daily, c.setup), part(event.Intraday, c.trigger)
			combo := r.publish(event.Combo, func(e *event.Event) {
				e.DetectedAt = at
				e.Combo.Setup = &event.Link{Kind: event.LinkMissing, Pattern: "bull_flag", Label: "as told", Confidence: event.Num(.1)}
				e.Combo.Trigger = &event.Link{Kind: event.LinkMissing}
			})
			s, g := combo.Combo.Setup, combo.Combo.Trigger
			if s.Kind != c.want[0] || g.Kind != c.want[1] {
				t.Fatalf("links %s and %s, want %v", s.Kind, g.Kind, c.want)
			}
			if s.Kind == event.LinkMissing {
				if s.ID != "" || g.ID != "" {
					t.Error("a missing link has an id")
				}
				return
			}
			if v, _ := s.Confidence.Get(); s.ID != setup.ID || s.Label != "as told" || v != .1 || !s.DetectedAt.Equal(setup.DetectedAt) {
				t.Errorf("setup %+v, want the id filled in and the producer's words kept", s)
			}
			if v, _ := g.Confidence.Get(); g.ID != trigger.ID || g.Pattern != "bull_flag" || v != .7 || g.Timeframe != "5min" || g.SessionDate != "2026-11-20" {
				t.Errorf("trigger %+v, want it filled from the event", g)
			}
		})
	}
}

func TestExactAndAbsentLinksStay(t *testing.T) {
	r := &rig{Ring: recent.New(100)}
	at := time.Unix(1_800_000_000, 0)
	r.publish(event.Daily, func(e *event.Event) { e.DetectedAt = at })
	e := r.publish(event.Combo, func(e *event.Event) {
		e.DetectedAt = at
		e.Combo.Setup = &event.Link{Kind: event.LinkExact, ID: "theirs"}
	})
	if e.Combo.Setup.ID != "theirs" || e.Combo.Setup.Kind != event.LinkExact || e.Combo.Trigger != nil {
		t.Errorf("links %+v, want them untouched", e.Combo)
	}
}
