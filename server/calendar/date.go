package calendar

import (
	"fmt"
	"time"
)

// Date is a day of the civil calendar, without a time or a zone. The zero Date is no day. Dates are
// comparable with == as long as both exist in the calendar, as those of this package do.
type Date struct {
	// Year is the year of the Gregorian calendar.
	Year int
	// Month is the month, 1 to 12.
	Month time.Month
	// Day is the day of the month, 1 to 31.
	Day int
}

// DateOf returns the date that t shows in t's own location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: month, Day: day}
}

// ParseDate reads a date written YYYY-MM-DD; the error says what was read and what is wanted.
func ParseDate(text string) (Date, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, fmt.Errorf("date %.40q is not a day written YYYY-MM-DD", text)
	}
	return DateOf(at), nil
}

// String returns the date as YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// MarshalText writes the date as YYYY-MM-DD; it never fails.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a date written YYYY-MM-DD.
func (d *Date) UnmarshalText(text []byte) error {
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// IsZero reports whether d is the zero Date, which is no day.
func (d Date) IsZero() bool { return d == Date{} }

// Before reports whether d comes before other; both must exist.
func (d Date) Before(other Date) bool {
	if d.Year != other.Year {
		return d.Year < other.Year
	}
	if d.Month != other.Month {
		return d.Month < other.Month
	}
	return d.Day < other.Day
}

// AddDays returns the date so many days later, or earlier when negative.
func (d Date) AddDays(days int) Date { return DateOf(d.utc().AddDate(0, 0, days)) }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// normal returns the existing day that d names, so 30 February becomes 1 or 2 March.
func (d Date) normal() Date { return DateOf(d.utc()) }

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }
