package calendar

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// ny is a time of New York's clock.
func ny(t testing.TB, c *Calendar, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", text, c.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestSessionAt(t *testing.T) {
	nyse := NYSE()
	cases := []struct {
		rule    string
		at      string
		session string
		date    string
	}{
		{"before the pre-market belongs to the last session", "2026-03-10 03:59:59", SessionClosed, "2026-03-09"},
		{"the pre-market begins the trading day", "2026-03-10 04:00:00", PreMarket, "2026-03-10"},
		{"last second before the open", "2026-03-10 09:29:59", PreMarket, "2026-03-10"},
		{"open", "2026-03-10 09:30:00", Regular, "2026-03-10"},
		{"last second before the close", "2026-03-10 15:59:59", Regular, "2026-03-10"},
		{"close", "2026-03-10 16:00:00", PostMarket, "2026-03-10"},
		{"last second of the post-market", "2026-03-10 19:59:59", PostMarket, "2026-03-10"},
		{"after the post-market", "2026-03-10 20:00:00", SessionClosed, "2026-03-10"},
		{"midnight", "2026-03-11 00:00:00", SessionClosed, "2026-03-10"},
		{"Saturday belongs to Friday", "2026-03-14 12:00:00", SessionClosed, "2026-03-13"},
		{"Monday night before the pre-market belongs to Friday", "2026-03-16 03:00:00", SessionClosed, "2026-03-13"},
		{"early day, regular", "2026-11-27 12:59:59", Regular, "2026-11-27"},
		{"early day, post-market begins at 13:00", "2026-11-27 13:00:00", PostMarket, "2026-11-27"},
		{"early day, last second of the post-market", "2026-11-27 16:59:59", PostMarket, "2026-11-27"},
		{"early day, closed at 17:00", "2026-11-27 17:00:00", SessionClosed, "2026-11-27"},
		{"holiday belongs to the session before", "2026-11-26 11:00:00", SessionClosed, "2026-11-25"},
		{"new year belongs to the old year's last session", "2027-01-01 11:00:00", SessionClosed, "2026-12-31"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			session, day := nyse.SessionAt(ny(t, nyse, c.at))
			if session != c.session || day != c.date {
				t.Errorf("%s: got %s of %s, want %s of %s", c.at, session, day, c.session, c.date)
			}
		})
	}
}

func TestSessionFollowsDaylightSaving(t *testing.T) {
	nyse := NYSE()
	cases := []struct {
		utc  string
		want string
	}{
		{"2026-03-06T14:29:59Z", PreMarket}, // Standard time: the open is at 14:30 UTC.
		{"2026-03-06T14:30:00Z", Regular},
		{"2026-03-09T13:29:59Z", PreMarket}, // The Monday after: 13:30 UTC.
		{"2026-03-09T13:30:00Z", Regular},
		{"2026-03-09T20:00:00Z", PostMarket},
		{"2026-10-30T13:30:00Z", Regular},
		{"2026-11-02T13:30:00Z", PreMarket},
		{"2026-11-02T14:30:00Z", Regular},
		{"2026-11-03T01:00:00Z", SessionClosed}, // 20:00 in New York.
	}
	for _, c := range cases {
		at, err := time.Parse(time.RFC3339, c.utc)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := nyse.SessionAt(at); got != c.want {
			t.Errorf("%s: got %s, want %s", c.utc, got, c.want)
		}
	}
	for _, c := range []struct {
		at     string
		offset int
	}{{"2026-03-08 01:59:59", -5 * 3600}, {"2026-03-08 03:00:00", -4 * 3600}, {"2026-11-02 12:00:00", -5 * 3600}} {
		if got := nyse.Clock(ny(t, nyse, c.at)).OffsetSeconds; got != c.offset {
			t.Errorf("offset at %s: got %d, want %d", c.at, got, c.offset)
		}
	}
}

func TestOutsideTheSpanIsClosed(t *testing.T) {
	nyse := NYSE()
	for _, year := range []int{-5, 1, 1969, 2100, 9999, 200000} {
		at := time.Date(year, time.June, 15, 15, 0, 0, 0, time.UTC)
		session, day := nyse.SessionAt(at)
		if session != SessionClosed || day != nyse.DateAt(at).String() {
			t.Errorf("year %d: got %s of %s", year, session, day)
		}
		if clock := nyse.Clock(at); !clock.NextOpen.IsZero() || !clock.ChangesAt.IsZero() || !nyse.ClosesAt(at).IsZero() {
			t.Errorf("year %d: clock %+v names times", year, clock)
		}
		if _, ok := nyse.LastClosed(at); ok {
			t.Errorf("year %d has a last session", year)
		}
	}
	last := time.Date(LastYear, time.December, 31, 23, 0, 0, 0, nyse.Zone())
	if got := nyse.NextOpen(last); !got.IsZero() {
		t.Errorf("an open after the end: %s", got)
	}
	if got := nyse.ClosesAt(last); !got.IsZero() {
		t.Errorf("a close after the end: %s", got)
	}
	first := time.Date(FirstYear, time.January, 1, 12, 0, 0, 0, nyse.Zone())
	if session, day := nyse.SessionAt(first); session != SessionClosed || day != "1970-01-01" {
		t.Errorf("first day: %s of %s", session, day)
	}
	if _, ok := nyse.LastClosed(first); ok {
		t.Error("a session before the begin")
	}
}

func TestClock(t *testing.T) {
	nyse := NYSE()
	cases := []struct {
		rule string
		at   string
		want Clock
	}{
		{"regular hours name the close and the next open", "2026-11-20 14:31:11", Clock{
			Session: Regular, SessionDate: "2026-11-20",
			ClosesAt: ny(t, nyse, "2026-11-20 16:00:00"), NextOpen: ny(t, nyse, "2026-11-23 09:30:00"),
			ChangesAt: ny(t, nyse, "2026-11-20 16:00:00"), OffsetSeconds: -18000,
		}},
		{"pre-market names today's close", "2026-11-20 05:00:00", Clock{
			Session: PreMarket, SessionDate: "2026-11-20",
			ClosesAt: ny(t, nyse, "2026-11-20 16:00:00"), NextOpen: ny(t, nyse, "2026-11-20 09:30:00"),
			ChangesAt: ny(t, nyse, "2026-11-20 09:30:00"), OffsetSeconds: -18000,
		}},
		{"night before a session", "2026-11-20 03:00:00", Clock{
			Session: SessionClosed, SessionDate: "2026-11-19", NextOpen: ny(t, nyse, "2026-11-20 09:30:00"),
			ChangesAt: ny(t, nyse, "2026-11-20 04:00:00"), OffsetSeconds: -18000,
		}},
		{"post-market of an early day", "2026-11-27 13:00:00", Clock{
			Session: PostMarket, SessionDate: "2026-11-27", HolidayName: "Day after Thanksgiving", EarlyClose: true,
			NextOpen: ny(t, nyse, "2026-11-30 09:30:00"), ChangesAt: ny(t, nyse, "2026-11-27 17:00:00"), OffsetSeconds: -18000,
		}},
		{"holiday", "2026-11-26 12:00:00", Clock{
			Session: SessionClosed, SessionDate: "2026-11-25", HolidayName: "Thanksgiving Day",
			NextOpen: ny(t, nyse, "2026-11-27 09:30:00"), ChangesAt: ny(t, nyse, "2026-11-27 04:00:00"), OffsetSeconds: -18000,
		}},
		{"weekend across the change to summer time", "2026-03-07 12:00:00", Clock{
			Session: SessionClosed, SessionDate: "2026-03-06", NextOpen: ny(t, nyse, "2026-03-09 09:30:00"),
			ChangesAt: ny(t, nyse, "2026-03-09 04:00:00"), OffsetSeconds: -18000,
		}},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			c.want.Calendar = "XNYS"
			for _, at := range []*time.Time{&c.want.ClosesAt, &c.want.NextOpen, &c.want.ChangesAt} {
				*at = at.UTC()
			}
			if got := nyse.Clock(ny(t, nyse, c.at)); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestLastClosed(t *testing.T) {
	nyse := NYSE()
	for at, want := range map[string]string{
		"2026-11-20 15:59:59": "2026-11-19", "2026-11-20 16:00:00": "2026-11-20",
		"2026-11-22 12:00:00": "2026-11-20", "2026-11-27 13:00:00": "2026-11-27", "2026-11-27 12:00:00": "2026-11-25",
	} {
		if got, ok := nyse.LastClosed(ny(t, nyse, at)); !ok || got.Date.String() != want {
			t.Errorf("%s: got %s, want %s", at, got.Date, want)
		}
	}
}

// The fast lookups agree with a scan over the days' published hours, at any instant.
func TestLookupsAgreeWithAScan(t *testing.T) {
	nyse := NYSE()
	begin := time.Date(1998, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		at := begin.Add(time.Duration(rapid.Int64Range(0, 60*366*24*3600*1000).Draw(t, "ms")) * time.Millisecond)
		if rapid.Bool().Draw(t, "snap") {
			at = at.Truncate(30 * time.Minute) // Hits the boundaries themselves.
		}
		today := nyse.DateAt(at)
		session, belongs := SessionClosed, ""
		var nextOpen, closes, changes time.Time
		var lastClosed Date
		for day := range nyse.Days(today.AddDays(-12), today.AddDays(12)) {
			if !day.Trades() {
				continue
			}
			if !at.Before(day.PreOpen) {
				belongs = day.Date.String()
			}
			if !at.Before(day.Close) {
				lastClosed = day.Date
			}
			if nextOpen.IsZero() && day.Open.After(at) {
				nextOpen = day.Open
			}
			if closes.IsZero() && day.Close.After(at) {
				closes = day.Close
			}
			edges := []time.Time{day.PreOpen, day.Open, day.Close, day.PostClose}
			for i, word := range []string{PreMarket, Regular, PostMarket} {
				if !at.Before(edges[i]) && at.Before(edges[i+1]) {
					session = word
				}
			}
			for _, edge := range edges {
				if changes.IsZero() && edge.After(at) {
					changes = edge
				}
			}
		}
		gotSession, gotDate := nyse.SessionAt(at)
		if gotSession != session || gotDate != belongs {
			t.Fatalf("%s: got %s of %s, want %s of %s", at, gotSession, gotDate, session, belongs)
		}
		clock := nyse.Clock(at)
		if clock.NextOpen != nextOpen || nyse.ClosesAt(at) != closes || clock.ChangesAt != changes {
			t.Fatalf("%s: clock %+v, want open %s close %s change %s", at, clock, nextOpen, closes, changes)
		}
		if got, ok := nyse.LastClosed(at); !ok || got.Date != lastClosed {
			t.Fatalf("%s: last closed %s, want %s", at, got.Date, lastClosed)
		}
	})
}

func TestSessionAtDoesNotAllocate(t *testing.T) {
	nyse := NYSE()
	at := time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC)
	nyse.SessionAt(at) // Builds the year.
	if got := testing.AllocsPerRun(100, func() { nyse.SessionAt(at) }); got != 0 {
		t.Errorf("%.0f allocations", got)
	}
}
