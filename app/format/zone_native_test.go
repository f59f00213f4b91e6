//go:build !js

package format

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"tierboard/shared/event"
)

// located is a Zone from the machine's time zone database.
func located(t *testing.T, name string) (Zone, *time.Location) {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return func(at time.Time) (int, string) {
		abbreviation, offset := at.In(loc).Zone()
		return offset, abbreviation
	}, loc
}

// TestZonesAgreeWithTheDatabase holds labels to the standard library's own local time, over all of a century.
func TestZonesAgreeWithTheDatabase(t *testing.T) {
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"} {
		z, loc := located(t, name)
		rapid.Check(t, func(t *rapid.T) {
			at := time.Unix(rapid.Int64Range(0, 100*365*24*3600).Draw(t, "time"), 0)
			if got, want := Stamp(at, z), at.In(loc).Format("Mon 2 Jan 2006 15:04:05 MST"); got != want {
				t.Errorf("%q, want %q", got, want)
			}
			e := &event.Event{Tier: event.Combo, DetectedAt: at}
			if got, want := CardTime(e, at, z), at.In(loc).Format("2 Jan 15:04:05"); got != want {
				t.Errorf("%q, want %q", got, want)
			}
			if got := DayLabel(at, at, z); got != "Today" {
				t.Error(got)
			}
		})
	}
}

func TestClocksGoBack(t *testing.T) {
	z, _ := located(t, "America/New_York")
	for at, want := range map[string]string{ // 1 November 2026: the hour from 01:00 comes twice
		"2026-11-01T05:59:59Z": "Sun 1 Nov 2026 01:59:59 EDT",
		"2026-11-01T06:00:00Z": "Sun 1 Nov 2026 01:00:00 EST",
		"2026-03-08T06:59:59Z": "Sun 8 Mar 2026 01:59:59 EST",
		"2026-03-08T07:00:00Z": "Sun 8 Mar 2026 03:00:00 EDT",
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := Stamp(when, z); got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}
