package format

import (
	"strconv"
	"strings"
	"time"

	"tierboard/shared/event"
)

// Clock returns the time of day, 24 hours: "14:31:07".
func Clock(t time.Time, z Zone) string {
	l, _ := z.In(t)
	return l.Format("15:04:05")
}

// HourMinute returns the time of day without seconds: "14:31".
func HourMinute(t time.Time, z Zone) string {
	l, _ := z.In(t)
	return l.Format("15:04")
}

// ZoneName returns what the zone is called at an instant, for a column's header.
func ZoneName(t time.Time, z Zone) string {
	_, name := z.In(t)
	return name
}

// CardTime returns the time on a card, as its tier wants it: a daily pattern has a day ("Today", "Fri 20 Nov"), an
// intraday one a time ("14:31:07", with the day in front when it is not today's), a combo both ("20 Nov 14:31:07").
// A daily event's day is its trading day where that is known.
func CardTime(e *event.Event, now time.Time, z Zone) string {
	local, _ := z.In(e.DetectedAt)
	today, _ := z.In(now)
	switch e.Tier {
	case event.Daily:
		d := local
		if t, err := time.Parse(time.DateOnly, e.SessionDate); err == nil {
			d = t
		}
		return dayLabel(d, today)
	case event.Intraday:
		if day(local) == day(today) {
			return local.Format("15:04:05")
		}
		return local.Format("2 Jan 15:04:05")
	case event.Combo, event.TierNone:
	}
	return local.Format("2 Jan 15:04:05")
}

// DayLabel returns the day of an instant: "Today", "Fri 20 Nov", with the year when it is another one.
func DayLabel(t, now time.Time, z Zone) string {
	local, _ := z.In(t)
	today, _ := z.In(now)
	return dayLabel(local, today)
}

// dayLabel is DayLabel on local times.
func dayLabel(d, today time.Time) string {
	switch {
	case day(d) == day(today):
		return "Today"
	case d.Year() != today.Year():
		return d.Format("Mon 2 Jan 2006")
	}
	return d.Format("Mon 2 Jan")
}

// CardNote returns what a card's second row says for its tier: "Post-mkt · 3 d left", "vol 4.2×", "correlation 0.86";
// nothing if the event does not tell.
func CardNote(e *event.Event, now time.Time, z Zone) string {
	switch e.Tier {
	case event.Daily:
		var parts []string
		if e.Daily != nil {
			if w := SessionShort(e.Daily.MarketSession); w != "" {
				parts = append(parts, w)
			}
		}
		if w := Left(e, now, z); w != "" {
			parts = append(parts, w)
		}
		return strings.Join(parts, " · ")
	case event.Intraday:
		if v, ok := e.RelativeVolume.Get(); ok {
			return "vol " + Ratio(v)
		}
	case event.Combo:
		if e.Combo != nil {
			if v, ok := e.Combo.Correlation.Get(); ok {
				return "correlation " + Correlation(v)
			}
		}
	case event.TierNone:
	}
	return ""
}

// Left returns how long an event still means something: "3 d left", "26 m left", "expired"; nothing if it does not
// say. The days of a daily event are weekdays; holidays are not known here.
func Left(e *event.Event, now time.Time, z Zone) string {
	if e.ExpiresAt.IsZero() {
		return ""
	}
	d := e.ExpiresAt.Sub(now)
	if d <= 0 {
		return "expired"
	}
	if e.Tier != event.Daily {
		return compactSpan(d) + " left"
	}
	end, _ := z.In(e.ExpiresAt)
	today, _ := z.In(now)
	if n := weekdays(day(today), day(end)); n > 0 {
		return strconv.Itoa(n) + nbsp + "d left"
	}
	return "last day"
}

// weekdays counts the days after from, up to and with to, that are no Saturday or Sunday.
func weekdays(from, to int64) int {
	n := (to - from) / 7 * 5
	for d := from + 1; d <= from+(to-from)%7; d++ {
		if w := ((d+4)%7 + 7) % 7; w != 0 && w != 6 { // day 0 was a Thursday
			n++
		}
	}
	return int(max(n, 0))
}

// ExpiringSoon reports whether less than a fifth of an event's life remains, but some.
func ExpiringSoon(e *event.Event, now time.Time) bool {
	if e.ExpiresAt.IsZero() || !now.Before(e.ExpiresAt) {
		return false
	}
	return e.ExpiresAt.Sub(now) < e.ExpiresAt.Sub(e.DetectedAt)/5
}

// Age returns a short age: "0s", "56s", "2m", "1h", "3d". A time to come is "0s": clocks differ by a little.
func Age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(max(d, 0)/time.Second)) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < 24*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + "d"
}

// Ago returns an age as part of a sentence: "now", "3 s ago", "3 min ago", "2 h ago", "4 d ago".
func Ago(d time.Duration) string {
	switch {
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + nbsp + "s ago"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + nbsp + "min ago"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + nbsp + "h ago"
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + nbsp + "d ago"
}

// Span returns a time to wait, rounded up to its smallest unit so that it never promises too little: "4 s",
// "28 m", "1 h 28 m", "2 d 3 h".
func Span(d time.Duration) string {
	unit := func(n time.Duration, name string) string { return strconv.Itoa(int(n)) + nbsp + name }
	if d = max(d, 0); d <= 59*time.Second {
		return unit((d+time.Second-1)/time.Second, "s")
	}
	d = (d + time.Minute - 1).Truncate(time.Minute)
	switch {
	case d < time.Hour:
		return unit(d/time.Minute, "m")
	case d < 24*time.Hour:
		if m := d % time.Hour / time.Minute; m > 0 {
			return unit(d/time.Hour, "h") + " " + unit(m, "m")
		}
		return unit(d/time.Hour, "h")
	}
	if h := d % (24 * time.Hour) / time.Hour; h > 0 {
		return unit(d/(24*time.Hour), "d") + " " + unit(h, "h")
	}
	return unit(d/(24*time.Hour), "d")
}

// compactSpan returns a span in one unit, rounded up.
func compactSpan(d time.Duration) string {
	s := Span(d)
	if d > 2*time.Hour {
		s, _, _ = strings.Cut(s, " ")
	}
	return s
}

// Millis returns a duration in whole milliseconds: "38 ms"; seconds from ten of them on.
func Millis(d time.Duration) string {
	if d >= 10*time.Second {
		return strconv.Itoa(int(d/time.Second)) + nbsp + "s"
	}
	return Count(int(d.Round(time.Millisecond)/time.Millisecond)) + nbsp + "ms"
}

// Stamp returns a full instant: "Fri 20 Nov 2026 16:42:10 EST".
func Stamp(t time.Time, z Zone) string {
	l, name := z.In(t)
	return l.Format("Mon 2 Jan 2006 15:04:05 ") + name
}

// Tooltip returns an instant in the exchange's, the reader's and universal time, a line each. The reader's line is left
// out when it says the same as another one; the day is repeated only where it differs from the exchange's.
func Tooltip(t time.Time, exchange, local Zone) string {
	first, _ := exchange.In(t)
	lines := []string{Stamp(t, exchange)}
	add := func(z Zone) {
		l, name := z.In(t)
		if l.Equal(first) || (len(lines) > 1 && name == "UTC" && strings.HasSuffix(lines[len(lines)-1], " UTC")) {
			return
		}
		layout := "15:04:05 "
		if day(l) != day(first) {
			layout = "Mon 2 Jan 15:04:05 "
		}
		lines = append(lines, l.Format(layout)+name)
	}
	add(local)
	add(UTC)
	return strings.Join(lines, "\n")
}

// Delays returns how an event travelled: "detected → received 22 ms → shown 38 ms". Times must be on one clock; shown
// may be zero.
func Delays(e *event.Event, shown time.Time) string {
	if e.ReceivedAt.IsZero() {
		return ""
	}
	s := "detected → received " + Millis(max(e.ReceivedAt.Sub(e.DetectedAt), 0))
	if !shown.IsZero() {
		s += " → shown " + Millis(max(shown.Sub(e.ReceivedAt), 0))
	}
	return s
}

// OfflineSince returns when a saved board was saved: "14:31 EST today", "14:31 EST Fri 20 Nov".
func OfflineSince(saved, now time.Time, z Zone) string {
	l, name := z.In(saved)
	today, _ := z.In(now)
	d := dayLabel(l, today)
	if d == "Today" {
		d = "today"
	}
	return l.Format("15:04 ") + name + " " + d
}
