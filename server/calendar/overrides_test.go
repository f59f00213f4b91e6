package calendar

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const overrideFile = `# exchange notices

2026-03-02 closed Day of mourning
  2026-03-03	early  13:00  Storm   warning
2026-03-04 open
2026-07-03 open
2026-03-07 open Saturday session
2026-03-05 closed
2026-03-06 early 11:30
`

func TestWithOverrides(t *testing.T) {
	plain := NYSE()
	plain.SessionAt(time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)) // A cached year must not leak into the copy.
	nyse, err := plain.WithOverrides(strings.NewReader(overrideFile))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		date  string
		kind  Kind
		name  string
		close string
	}{
		{"2026-03-02", Closed, "Day of mourning", ""},
		{"2026-03-03", Early, "Storm   warning", "13:00 17:00"},
		{"2026-03-04", Trading, "", "16:00 20:00"},
		{"2026-03-05", Closed, "Closed by the operator's calendar", ""},
		{"2026-03-06", Early, "Early close by the operator's calendar", "11:30 15:30"},
		{"2026-03-07", Trading, "Saturday session", "16:00 20:00"},
		{"2026-07-03", Trading, "", "16:00 20:00"},
		{"2026-12-25", Closed, "Christmas Day", ""},
	}
	for _, c := range cases {
		day := nyse.Day(date(t, c.date))
		hours := ""
		if day.Trades() {
			hours = day.Close.In(nyse.Zone()).Format("15:04") + " " + day.PostClose.In(nyse.Zone()).Format("15:04")
		}
		if day.Kind != c.kind || day.Name != c.name || hours != c.close {
			t.Errorf("%s: got %s %q %q, want %s %q %q", c.date, day.Kind, day.Name, hours, c.kind, c.name, c.close)
		}
	}
	if got := plain.Day(Date{2026, time.March, 2}).Kind; got != Trading {
		t.Errorf("the original calendar changed: 2026-03-02 is %s", got)
	}
	if session, day := nyse.SessionAt(ny(t, nyse, "2026-03-02 11:00:00")); session != SessionClosed || day != "2026-02-27" {
		t.Errorf("overridden day: %s of %s", session, day)
	}
	again, err := nyse.WithOverrides(strings.NewReader("2026-03-02 open"))
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Day(Date{2026, time.March, 2}).Kind; got != Trading {
		t.Errorf("a later file does not win: %s", got)
	}
	if got := again.Day(Date{2026, time.March, 5}).Kind; got != Closed {
		t.Errorf("a later file forgets the earlier: %s", got)
	}
}

func TestOverrideErrorsNameTheLine(t *testing.T) {
	tooMany := strings.Builder{}
	day := Date{2026, time.January, 1}
	for range MaxOverrides + 1 {
		fmt.Fprintf(&tooMany, "%s closed\n", day)
		day = day.AddDays(1)
	}
	cases := []struct {
		rule string
		text string
		line int
		want string
	}{
		{"no date", "# fine\ntomorrow closed", 2, `date "tomorrow" is not a day`},
		{"impossible date", "2026-02-30 closed", 1, "not a day"},
		{"no word", "\n2026-03-02", 2, "needs a word"},
		{"unknown word", "2026-03-02 shut", 1, `"shut" is none of`},
		{"early without a time", "2026-03-02 early", 1, `"" is no time`},
		{"early with a bad time", "2026-03-02 early 25:00", 1, `"25:00" is no time`},
		{"early at the open", "2026-03-02 early 09:30", 1, "after 09:30"},
		{"early at the normal close", "2026-03-02 early 16:00", 1, "before 16:00"},
		{"twice the same day", "2026-03-02 open\n2026-03-03 open\n2026-03-02 closed", 3, "set on line 1"},
		{"outside the span", "1969-03-02 open", 1, "outside the years"},
		{"long reason", "2026-03-02 open " + strings.Repeat("x", MaxReason+1), 1, "longer than"},
		{"binary reason", "2026-03-02 open a\x00b", 1, "no plain text"},
		{"reason that is not UTF-8", "2026-03-02 open a\xff", 1, "no plain text"},
		{"long line", "# one\n#" + strings.Repeat("x", maxLineBytes), 2, "line is longer"},
		{"too many days", tooMany.String(), MaxOverrides + 1, "4096 days at most"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			_, err := NYSE().WithOverrides(strings.NewReader(c.text))
			var got *OverrideError
			if !errors.As(err, &got) || got.Line != c.line || !strings.Contains(got.Problem, c.want) {
				t.Fatalf("got %v, want line %d and %q", err, c.line, c.want)
			}
			if !strings.Contains(err.Error(), fmt.Sprintf("line %d: ", c.line)) {
				t.Errorf("the text does not name the line: %s", err)
			}
		})
	}
	broken := errors.New("disk on fire")
	if _, err := NYSE().WithOverrides(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a failing reader: got %v", err)
	}
}

func FuzzOverrides(f *testing.F) {
	f.Add(overrideFile)
	f.Add("2026-03-02 early 13:00")
	f.Add("2026-03-02  closed \x85 x\r\n2026-13-01 open")
	f.Add("2099-12-31 open\n1970-01-01 closed")
	f.Fuzz(func(t *testing.T, text string) {
		nyse, err := NYSE().WithOverrides(strings.NewReader(text))
		if err != nil {
			var named *OverrideError
			if !errors.As(err, &named) || named.Line < 1 || named.Problem == "" {
				t.Fatalf("an error without a line: %v", err)
			}
			return
		}
		for d, set := range nyse.overrides {
			day := nyse.Day(d)
			if day.Kind != set.kind || day.Name != set.name {
				t.Fatalf("%s: file says %+v, calendar %+v", d, set, day)
			}
			if day.Trades() && !(day.PreOpen.Before(day.Open) && day.Open.Before(day.Close) && day.Close.Before(day.PostClose)) {
				t.Fatalf("%s: hours out of order: %+v", d, day)
			}
		}
	})
}
