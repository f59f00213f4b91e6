package main

import (
	"strings"
	"testing"
	"time"
)

func TestReadNamesLineAndColumn(t *testing.T) {
	const header = "Date,Open,High,Low,Close,Volume\n"
	cases := []struct{ name, in, want string }{
		{"no header", "", "header"},
		{"missing column", "Date,Open\n", `no column "high"`},
		{"bad date", header + "yesterday,1,1,1,1,1\n", "line 2: date"},
		{"bad number", header + "2022-11-30,1,2,1,2,1\n2022-12-01,1,x,1,1,1\n", "line 3: high"},
		{"short row", header + "2022-11-30,1\n", "wrong number of fields"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := read(strings.NewReader(c.in)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	bars, err := read(strings.NewReader(header + "2022-11-30,310.5,319.56,308.07,318.6,4806700\n"))
	if err != nil || len(bars) != 1 || bars[0].Close != 318.6 || !bars[0].End().Equal(time.Date(2022, 11, 30, 21, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v, %v", bars, err)
	}
}
