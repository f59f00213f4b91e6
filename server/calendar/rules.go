package calendar

import (
	"time"

	"github.com/rickar/cal/v2"
)

// override is what a rule, the table of closures or an operator says about one day.
type override struct {
	kind Kind
	name string
	// closes is the end of the regular session in seconds after midnight; unused when closed.
	closes int
}

// oneOff is a closure that no rule predicts.
type oneOff struct {
	first Date
	days  int
	name  string
}

// oneOffs returns the unscheduled full-day closures since 1998.
func oneOffs() []oneOff {
	return []oneOff{
		{Date{2001, time.September, 11}, 4, "Attacks of 11 September 2001"},
		{Date{2004, time.June, 11}, 1, "National day of mourning for Ronald Reagan"},
		{Date{2007, time.January, 2}, 1, "National day of mourning for Gerald Ford"},
		{Date{2012, time.October, 29}, 2, "Hurricane Sandy"},
		{Date{2018, time.December, 5}, 1, "National day of mourning for George H. W. Bush"},
		{Date{2025, time.January, 9}, 1, "National day of mourning for Jimmy Carter"},
	}
}

// onUTC wraps a rule of the library so that its day is the same on every machine: the library computes
// local midnights in the process's zone, and where that zone skips a midnight (its clocks go forward at
// 00:00) such a time falls on the day before. Half a day later is the right day in every zone.
func onUTC(rule cal.HolidayFn) cal.HolidayFn {
	return func(h *cal.Holiday, year int) time.Time {
		y, m, d := rule(h, year).Add(12 * time.Hour).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
}

// holidays returns the exchange's full-day holidays.
func holidays() []*cal.Holiday {
	fixed, weekday, easter := onUTC(cal.CalcDayOfMonth), onUTC(cal.CalcWeekdayOffset), onUTC(cal.CalcEasterOffset)
	sunday := []cal.AltDay{{Day: time.Sunday, Offset: 1}}
	weekend := []cal.AltDay{{Day: time.Saturday, Offset: -1}, {Day: time.Sunday, Offset: 1}}
	return []*cal.Holiday{
		// A Saturday 1 January is not made up on Friday: that Friday ends the accounting year (rule 7.2).
		{Name: "New Year's Day", Month: time.January, Day: 1, Observed: sunday, Func: fixed},
		{Name: "Martin Luther King Jr. Day", StartYear: 1998, Month: time.January, Weekday: time.Monday, Offset: 3, Func: weekday},
		{Name: "Washington's Birthday", Month: time.February, Weekday: time.Monday, Offset: 3, Func: weekday},
		{Name: "Good Friday", Offset: -2, Func: easter},
		{Name: "Memorial Day", Month: time.May, Weekday: time.Monday, Offset: -1, Func: weekday},
		{Name: "Juneteenth", StartYear: 2022, Month: time.June, Day: 19, Observed: weekend, Func: fixed},
		{Name: "Independence Day", Month: time.July, Day: 4, Observed: weekend, Func: fixed},
		{Name: "Labor Day", Month: time.September, Weekday: time.Monday, Offset: 1, Func: weekday},
		{Name: "Thanksgiving Day", Month: time.November, Weekday: time.Thursday, Offset: 4, Func: weekday},
		{Name: "Christmas Day", Month: time.December, Day: 25, Observed: weekend, Func: fixed},
	}
}

// earlyCloses returns the days that close at 13:00 when they trade at all.
func earlyCloses() []*cal.Holiday {
	fixed := onUTC(cal.CalcDayOfMonth)
	return []*cal.Holiday{
		{Name: "Day before Independence Day", Month: time.July, Day: 3, Func: fixed},
		{
			Name: "Day after Thanksgiving", Month: time.November, Weekday: time.Thursday, Offset: 4, CalcOffset: 1,
			Func: onUTC(cal.CalcWeekdayOffset),
		},
		{Name: "Christmas Eve", Month: time.December, Day: 24, Func: fixed},
	}
}

// ruleDays returns the days of a year that are not ordinary, weekends aside. An early close gives way to a
// holiday observed on the same day, and both to a one-off closure.
func ruleDays(year int) map[Date]override {
	days := make(map[Date]override, 24)
	for _, h := range earlyCloses() {
		if actual, _ := h.Calc(year); !actual.IsZero() {
			days[DateOf(actual)] = override{kind: Early, name: h.Name, closes: earlySeconds}
		}
	}
	for _, h := range holidays() {
		actual, observed := h.Calc(year)
		if actual.IsZero() {
			continue
		}
		days[DateOf(actual)] = override{kind: Closed, name: h.Name}
		if observed != actual {
			days[DateOf(observed)] = override{kind: Closed, name: h.Name + " (observed)"}
		}
	}
	for _, closure := range oneOffs() {
		for i := range closure.days {
			if date := closure.first.AddDays(i); date.Year == year {
				days[date] = override{kind: Closed, name: closure.name}
			}
		}
	}
	return days
}
