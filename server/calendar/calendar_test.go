package calendar

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rickar/cal/v2"
	"pgregory.net/rapid"
)

func date(t testing.TB, text string) Date {
	t.Helper()
	d, err := ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDayKinds(t *testing.T) {
	nyse := NYSE()
	cases := []struct {
		rule string
		date string
		want Kind
		name string
	}{
		{"before Martin Luther King Jr. Day was kept", "1997-01-20", Trading, ""},
		{"first Martin Luther King Jr. Day", "1998-01-19", Closed, "Martin Luther King Jr. Day"},
		{"one-off, first of four days", "2001-09-11", Closed, "Attacks of 11 September 2001"},
		{"one-off, last of four days", "2001-09-14", Closed, "Attacks of 11 September 2001"},
		{"reopening after a one-off", "2001-09-17", Trading, ""},
		{"one-off 2004", "2004-06-11", Closed, "National day of mourning for Ronald Reagan"},
		{"one-off 2007", "2007-01-02", Closed, "National day of mourning for Gerald Ford"},
		{"Sandy, first day", "2012-10-29", Closed, "Hurricane Sandy"},
		{"Sandy, second day", "2012-10-30", Closed, "Hurricane Sandy"},
		{"after Sandy", "2012-10-31", Trading, ""},
		{"one-off 2018", "2018-12-05", Closed, "National day of mourning for George H. W. Bush"},
		{"one-off 2025", "2025-01-09", Closed, "National day of mourning for Jimmy Carter"},
		{"a Saturday 1 January is not observed on Friday", "2021-12-31", Trading, ""},
		{"a Saturday 1 January keeps its name", "2022-01-01", Closed, "New Year's Day"},
		{"a Sunday 1 January is observed on Monday", "2023-01-02", Closed, "New Year's Day (observed)"},
		{"Juneteenth was no holiday in 2021", "2021-06-18", Trading, ""},
		{"Juneteenth on a Sunday is observed on Monday", "2022-06-20", Closed, "Juneteenth (observed)"},
		{"Juneteenth on a Saturday is observed on Friday", "2027-06-18", Closed, "Juneteenth (observed)"},
		{"Good Friday", "2024-03-29", Closed, "Good Friday"},
		{"Good Friday where a zone skipped that midnight", "2013-03-29", Closed, "Good Friday"},
		{"Columbus Day trades", "2024-10-14", Trading, ""},
		{"Veterans Day trades", "2024-11-11", Trading, ""},
		{"3 July before a weekday 4 July", "2024-07-03", Early, "Day before Independence Day"},
		{"3 July that is the observed holiday", "2026-07-03", Closed, "Independence Day (observed)"},
		{"3 July on a weekend", "2022-07-03", Closed, ""},
		{"4 July on a Sunday is observed on Monday", "2021-07-05", Closed, "Independence Day (observed)"},
		{"day after Thanksgiving", "2026-11-27", Early, "Day after Thanksgiving"},
		{"24 December on a weekday", "2026-12-24", Early, "Christmas Eve"},
		{"24 December that is the observed holiday", "2027-12-24", Closed, "Christmas Day (observed)"},
		{"24 December on a weekend", "2023-12-24", Closed, ""},
		{"an ordinary Saturday", "2026-03-07", Closed, ""},
		{"an ordinary Monday", "2026-03-09", Trading, ""},
		{"before the span", "1969-12-31", Closed, "outside the calendar"},
		{"after the span", "2100-01-04", Closed, "outside the calendar"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			got := nyse.Day(date(t, c.date))
			if got.Kind != c.want || got.Name != c.name {
				t.Errorf("%s: got %s %q, want %s %q", c.date, got.Kind, got.Name, c.want, c.name)
			}
			if got.Trades() == got.Open.IsZero() || got.Trades() == got.PostClose.IsZero() {
				t.Errorf("%s: kind %s with hours %v to %v", c.date, got.Kind, got.PreOpen, got.PostClose)
			}
		})
	}
}

// The exchange's own published lists.
func TestClosedWeekdaysOfPublishedYears(t *testing.T) {
	want := map[int][]string{
		2024: {
			"2024-01-01", "2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27", "2024-06-19", "2024-07-04",
			"2024-09-02", "2024-11-28", "2024-12-25",
		},
		2026: {
			"2026-01-01", "2026-01-19", "2026-02-16", "2026-04-03", "2026-05-25", "2026-06-19", "2026-07-03",
			"2026-09-07", "2026-11-26", "2026-12-25",
		},
		2027: {
			"2027-01-01", "2027-01-18", "2027-02-15", "2027-03-26", "2027-05-31", "2027-06-18", "2027-07-05",
			"2027-09-06", "2027-11-25", "2027-12-24",
		},
		2028: {
			"2028-01-17", "2028-02-21", "2028-04-14", "2028-05-29", "2028-06-19", "2028-07-04", "2028-09-04",
			"2028-11-23", "2028-12-25",
		},
	}
	nyse := NYSE()
	for year, dates := range want {
		var got []string
		for day := range nyse.Days(Date{year, time.January, 1}, Date{year, time.December, 31}) {
			weekday := day.Date.Weekday()
			if weekday == time.Saturday || weekday == time.Sunday {
				if day.Trades() {
					t.Errorf("%s is a %s and trades", day.Date, weekday)
				}
				continue
			}
			if !day.Trades() {
				got = append(got, day.Date.String())
			}
		}
		if diff := cmp.Diff(dates, got); diff != "" {
			t.Errorf("closed weekdays of %d (-want +got):\n%s", year, diff)
		}
	}
}

func TestTradingDaysPerYear(t *testing.T) {
	nyse := NYSE()
	want := map[int]int{
		2001: 248, 2004: 252, 2007: 251, 2012: 250, 2018: 251, 2019: 252, 2020: 253, 2021: 252, 2022: 251,
		2023: 250, 2024: 252, 2025: 250, 2026: 251,
	}
	for year, days := range want {
		got := nyse.TradingDaysBetween(Date{year - 1, time.December, 31}, Date{year, time.December, 31})
		if got != days {
			t.Errorf("trading days of %d: got %d, want %d", year, got, days)
		}
	}
}

func TestRulesDoNotDependOnTheProcessZone(t *testing.T) {
	// Amman's clocks skipped the midnight that began Good Friday 2013.
	amman, err := time.LoadLocation("Asia/Amman")
	if err != nil {
		t.Fatal(err)
	}
	skipped := func(_ *cal.Holiday, _ int) time.Time { return time.Date(2013, time.March, 29, 0, 0, 0, 0, amman) }
	if got := DateOf(onUTC(skipped)(nil, 2013)); got != (Date{2013, time.March, 29}) {
		t.Errorf("got %s, want 2013-03-29", got)
	}
}

func TestNeighbours(t *testing.T) {
	nyse := NYSE()
	cases := []struct{ from, next, prev string }{
		{"2026-07-01", "2026-07-02", "2026-06-30"},
		{"2026-07-02", "2026-07-06", "2026-07-01"},
		{"2026-07-04", "2026-07-06", "2026-07-02"},
		{"2012-10-28", "2012-10-31", "2012-10-26"},
		{"2026-12-31", "2027-01-04", "2026-12-30"},
		{"2027-01-01", "2027-01-04", "2026-12-31"},
	}
	for _, c := range cases {
		next, okNext := nyse.NextTradingDay(date(t, c.from))
		prev, okPrev := nyse.PrevTradingDay(date(t, c.from))
		if !okNext || !okPrev || next.Date.String() != c.next || prev.Date.String() != c.prev {
			t.Errorf("%s: next %s, prev %s; want %s, %s", c.from, next.Date, prev.Date, c.next, c.prev)
		}
	}
	if _, ok := nyse.NextTradingDay(Date{LastYear, time.December, 31}); ok {
		t.Error("a trading day after the end of the calendar")
	}
	if _, ok := nyse.PrevTradingDay(Date{FirstYear, time.January, 1}); ok {
		t.Error("a trading day before the begin of the calendar")
	}
}

func TestTradingDaysBetween(t *testing.T) {
	nyse := NYSE()
	cases := []struct {
		a, b string
		want int
	}{
		{"2026-07-01", "2026-07-01", 0},
		{"2026-07-01", "2026-07-02", 1},
		{"2026-07-02", "2026-07-05", 0},
		{"2026-07-02", "2026-07-06", 1},
		{"2026-07-06", "2026-07-02", -1},
		{"2026-12-31", "2027-01-04", 1},
		{"1960-01-01", "1970-01-02", 1},
		{"2099-12-31", "2300-01-01", 0},
	}
	for _, c := range cases {
		if got := nyse.TradingDaysBetween(date(t, c.a), date(t, c.b)); got != c.want {
			t.Errorf("between %s and %s: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestTradingDaysBetweenCountsWhatDaysShows(t *testing.T) {
	nyse := NYSE()
	rapid.Check(t, func(t *rapid.T) {
		a := Date{1990, time.January, 1}.AddDays(rapid.IntRange(0, 20000).Draw(t, "a"))
		b := a.AddDays(rapid.IntRange(0, 900).Draw(t, "length"))
		want := 0
		for day := range nyse.Days(a.AddDays(1), b) {
			if day.Trades() {
				want++
			}
		}
		if got := nyse.TradingDaysBetween(a, b); got != want {
			t.Fatalf("between %s and %s: got %d, want %d", a, b, got, want)
		}
		if got := nyse.TradingDaysBetween(b, a); got != -want {
			t.Fatalf("between %s and %s: got %d, want %d", b, a, got, -want)
		}
	})
}

func TestDaysIsBounded(t *testing.T) {
	nyse := NYSE()
	days := 0
	for day := range nyse.Days(Date{1, time.January, 1}, Date{9999, time.December, 31}) {
		if days == 0 && day.Date != (Date{FirstYear, time.January, 1}) {
			t.Errorf("begins with %s", day.Date)
		}
		days++
	}
	if want := int(time.Date(LastYear+1, 1, 1, 0, 0, 0, 0, time.UTC).Sub(time.Date(FirstYear, 1, 1, 0, 0, 0, 0, time.UTC)).Hours()) / 24; days != want {
		t.Errorf("got %d days, want %d", days, want)
	}
	for day := range nyse.Days(Date{2026, time.March, 2}, Date{2026, time.March, 1}) {
		t.Errorf("a backwards range yields %s", day.Date)
	}
	for range nyse.Days(Date{2026, time.March, 2}, Date{2026, time.March, 9}) {
		break // A caller may stop early.
	}
}

func TestDayAsJSON(t *testing.T) {
	nyse := NYSE()
	cases := map[string]string{
		"2026-12-24": `{"date":"2026-12-24","kind":"early","name":"Christmas Eve","pre_open":"2026-12-24T09:00:00Z","open":"2026-12-24T14:30:00Z","close":"2026-12-24T18:00:00Z","post_close":"2026-12-24T22:00:00Z"}`,
		"2026-12-26": `{"date":"2026-12-26","kind":"closed"}`,
	}
	for day, want := range cases {
		got, err := json.Marshal(nyse.Day(date(t, day)))
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v\nwant %s", got, err, want)
		}
		var back Day
		if err := json.Unmarshal(got, &back); err != nil || back != nyse.Day(date(t, day)) {
			t.Errorf("read back %+v, %v", back, err)
		}
	}
}

func TestDate(t *testing.T) {
	for _, bad := range []string{"", "2026-02-30", "2026-2-3", "02/03/2026", "2026-03-02T00:00:00Z"} {
		var d Date
		if err := d.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read as %s", bad, d)
		}
	}
	if got := (Date{2026, time.February, 30}).normal(); got != (Date{2026, time.March, 2}) {
		t.Errorf("30 February is %s", got)
	}
	if !(Date{}).IsZero() || (Date{2026, time.March, 2}).IsZero() {
		t.Error("IsZero")
	}
	ordered := []Date{{2025, time.December, 31}, {2026, time.January, 1}, {2026, time.February, 1}, {2026, time.February, 2}}
	for i := range ordered {
		for j := range ordered {
			if got := ordered[i].Before(ordered[j]); got != (i < j) {
				t.Errorf("%s before %s: %v", ordered[i], ordered[j], got)
			}
		}
	}
}

// Many goroutines ask a fresh calendar for the same years; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	nyse := NYSE()
	begin := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	results := make([][]string, 8)
	var group sync.WaitGroup
	for g := range results {
		group.Go(func() {
			for i := range 3000 {
				session, day := nyse.SessionAt(begin.Add(time.Duration(i) * 17 * time.Hour))
				results[g] = append(results[g], session+" "+day)
			}
		})
	}
	group.Wait()
	for g := range results {
		if !slices.Equal(results[0], results[g]) {
			t.Fatalf("goroutine %d saw another calendar", g)
		}
	}
}

func BenchmarkSessionAt(b *testing.B) {
	nyse := NYSE()
	at := time.Date(2026, 11, 20, 19, 31, 7, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		nyse.SessionAt(at)
	}
}

func ExampleCalendar_SessionAt() {
	fmt.Println(NYSE().SessionAt(time.Date(2026, time.November, 21, 15, 0, 0, 0, time.UTC)))
	// Output: closed 2026-11-20
}
