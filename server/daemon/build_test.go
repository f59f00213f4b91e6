package daemon

import (
	"slices"
	"testing"
	"time"

	"tierboard/server/classify"
	"tierboard/server/classify/channels"
	"tierboard/server/config"
	"tierboard/shared/event"
)

// TestDefaultChannelsAreThoseOfTheTable holds the setting's default to the channels that carry something.
func TestDefaultChannelsAreThoseOfTheTable(t *testing.T) {
	names, globs := channels.Subscriptions(channels.Defaults())
	got := config.DefaultChannels()
	slices.Sort(names)
	slices.Sort(got)
	if !slices.Equal(got, names) || len(globs) > 0 {
		t.Errorf("the settings say %q, the table %q and %q", got, names, globs)
	}
}

func TestChannelsOfTheOperatorCarryDetections(t *testing.T) {
	cfg := classify.DefaultConfig()
	cfg.SessionOf = func(time.Time) (event.Session, string) { return event.Regular, "2026-11-23" }
	cfg.Channels = channelTable(
		[]string{"my.detector", "tickstock.events.patterns", "my.detector"},
		[]string{"lab:*", "desk[12]:found", `odd\*name`, "tickstock*"},
	)
	classifier, err := classify.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for channel, events := range map[string]int{
		"my.detector": 1, "tickstock.events.patterns": 1, "lab:7": 1, "desk1:found": 1, "odd*name": 1, "tickstock.new": 1,
		"tickstock:alerts:critical": 0, "nobody.knows": 0,
	} {
		if r := classifier.Classify(channel, []byte(detection), time.Now()); len(r.Events) != events {
			t.Errorf("%s: %d events, want %d: %v", channel, len(r.Events), events, r.Rejects)
		}
	}
}
