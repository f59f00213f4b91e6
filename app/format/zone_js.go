//go:build js

package format

import (
	"strconv"
	"syscall/js"
	"time"
)

// zoneCache bounds how many answers a browser's Zone remembers; when full it forgets all of them.
const zoneCache = 512

// zoneStep is the time over which an answer holds: clocks change on a quarter of an hour of universal time everywhere.
const zoneStep = 15 * 60

// zoneAnswer is what a Zone returned.
type zoneAnswer struct {
	offset int
	name   string
}

// ExchangeZone is the exchange's Zone, America/New_York, from the browser's own time zone database.
func ExchangeZone() Zone { return BrowserZone("America/New_York") }

// LocalZone is the reader's own Zone.
func LocalZone() Zone { return BrowserZone("") }

// BrowserZone returns a Zone by its IANA name, or the reader's own for "". Without Intl, or for a name the browser does
// not know, it is UTC. Unlike other Zones it is not safe for concurrent use.
func BrowserZone(name string) Zone {
	var formatter js.Value
	made, ok := false, false
	cache := make(map[int64]zoneAnswer)
	return func(t time.Time) (int, string) {
		if !made { // which takes a browser some milliseconds, and not every zone is asked for on every visit
			formatter, ok = newFormatter(name)
			made = true
		}
		if !ok {
			return UTC(t)
		}
		step := floorDiv(t.Unix(), zoneStep)
		a, known := cache[step]
		if !known {
			a = ask(formatter, step*zoneStep)
			if len(cache) >= zoneCache {
				clear(cache)
			}
			cache[step] = a
		}
		return a.offset, a.name
	}
}

// newFormatter makes an Intl.DateTimeFormat that spells every field as a number and the zone as a name.
func newFormatter(name string) (f js.Value, ok bool) {
	defer func() {
		if recover() != nil { // a RangeError for the name, or no Intl
			ok = false
		}
	}()
	options := map[string]any{
		"year": "numeric", "month": "numeric", "day": "numeric", "hour": "numeric", "minute": "numeric",
		"second": "numeric", "hourCycle": "h23", "timeZoneName": "short", "calendar": "gregory", "numberingSystem": "latn",
	}
	if name != "" {
		options["timeZone"] = name
	}
	return js.Global().Get("Intl").Get("DateTimeFormat").New("en-US", options), true
}

// ask returns the zone's answer for a Unix time: the offset is how far the fields are from those of UTC.
func ask(formatter js.Value, unix int64) zoneAnswer {
	parts := formatter.Call("formatToParts", float64(unix)*1000)
	field := make(map[string]int, 6)
	var a zoneAnswer
	for i := range parts.Length() {
		part := parts.Index(i)
		kind, value := part.Get("type").String(), part.Get("value").String()
		if kind == "timeZoneName" {
			a.name = value
			continue
		}
		if n, err := strconv.Atoi(value); err == nil {
			field[kind] = n
		}
	}
	local := time.Date(field["year"], time.Month(field["month"]), field["day"], field["hour"], field["minute"], field["second"], 0, time.UTC)
	a.offset = int(local.Unix() - unix)
	return a
}
