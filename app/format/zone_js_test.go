//go:build js

package format

import (
	"testing"
	"time"
)

func TestExchangeZoneFromTheBrowser(t *testing.T) {
	z := ExchangeZone()
	for range 2 { // the second time from the cache
		for at, want := range map[string]string{
			"2026-11-20T19:31:11Z": "Fri 20 Nov 2026 14:31:11 EST",
			"2026-07-01T04:00:00Z": "Wed 1 Jul 2026 00:00:00 EDT",
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
}

func TestZoneCacheIsBounded(t *testing.T) {
	z := BrowserZone("Asia/Kathmandu")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 2 * zoneCache {
		if offset, _ := z(start.Add(time.Duration(i) * 15 * time.Minute)); offset != 5*3600+45*60 {
			t.Fatal(offset)
		}
	}
}

func TestLocalZoneIsTheRuntimes(t *testing.T) {
	when := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	offset, name := LocalZone()(when)
	if _, want := when.In(time.Local).Zone(); offset != want || name == "" {
		t.Errorf("%d %q, want %d", offset, name, want)
	}
}

func TestUnknownZoneIsUniversal(t *testing.T) {
	if _, name := BrowserZone("Nowhere/Atall")(time.Now()); name != "UTC" {
		t.Error(name)
	}
}
