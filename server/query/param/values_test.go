package param

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/server/problem"
)

var now = time.Date(2026, 11, 20, 19, 31, 11, 123456789, time.UTC)

func TestParseTime(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for text, want := range map[string]time.Time{
		"2026-11-20T19:31:07Z":           at("2026-11-20T19:31:07Z"),
		"2026-11-20T14:31:07.4129-05:00": at("2026-11-20T19:31:07.412Z"),
		"2026-11-20T20:31:07 01:00":      at("2026-11-20T19:31:07Z"), // a plus sign that was not escaped
		"1795289471":                     time.Unix(1795289471, 0).UTC(),
		"1795289471.5":                   time.Unix(1795289471, 500_000_000).UTC(),
		"0":                              at("1970-01-01T00:00:00Z"),
		"-15m":                           at("2026-11-20T19:16:11.123Z"),
		"-3d":                            at("2026-11-17T19:31:11.123Z"),
		"-2w":                            at("2026-11-06T19:31:11.123Z"),
		"-0s":                            at("2026-11-20T19:31:11.123Z"),
	} {
		if got, err := parseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "-", "-d", "--3d", "-3", "-3y", "-1.5h", "+3d", "3d", "now", "1e9", "NaN", "1969-12-31T23:59:59Z", "-60w5d", "-99999999d", "99999999999999",
		"2026-11-20", "2026-11-20T19:31:07", "0x10", " 5",
	} {
		if got, err := parseTime(text, now); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

// table are parameters of every type.
var table = []Param{
	{Name: "text", Aliases: []string{"words"}, Type: TypeText},
	{Name: "list", Type: TypeList},
	{Name: "number", Type: TypeNumber},
	{Name: "whole", Type: TypeInteger},
	{Name: "time", Type: TypeTime},
	{Name: "date", Type: TypeDate},
}

// faults are what a problem says of each parameter.
func faults(t *testing.T, err error) map[string]string {
	t.Helper()
	p, ok := errors.AsType[*problem.Error](err)
	if !ok {
		t.Fatalf("%v is no problem", err)
	}
	out := map[string]string{}
	for _, f := range p.Fields {
		out[f.Location] = f.Message
	}
	return out
}

// TestOnlyWhatTheTableNames reads query strings that have something else, or something twice.
func TestOnlyWhatTheTableNames(t *testing.T) {
	for raw, where := range map[string]string{
		"txt=1": "query.txt", "%3Cb%3E=1": "query", "=1": "query", "text=1&text=2": "query.text", "text=1&words=2": "query.words",
		"text=%00": "query.text", "words=%ff": "query.words", "a=%zz": "query",
	} {
		v, err := Read(raw, table, now)
		if got := faults(t, err); len(got) != 1 || got[where] == "" || strings.ContainsAny(got[where], "<\x00") {
			t.Errorf("%s: %v of %+v", raw, got, v)
		}
	}
	if _, err := Read("txt=1", table, now); !strings.Contains(faults(t, err)["query.txt"], "did you mean text?") {
		t.Errorf("no suggestion: %v", err)
	}
	_, err := Read(strings.Repeat("a", 1)+"=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=&l=&m=&n=&o=&p=&q=&r=", table, now)
	if n := len(faults(t, err)); n != mostErrors {
		t.Errorf("%d faults are named", n)
	}
}

// TestValuesOfEveryType reads what can be used.
func TestValuesOfEveryType(t *testing.T) {
	v, err := Read("words=a+b&list=+x+,,y&number=1e-2&whole=7&time=-1h&date=2026-11-20", table, now)
	if err != nil {
		t.Fatal(err)
	}
	n, ok := v.Number("number")
	at := now.Truncate(time.Millisecond)
	got := []any{v.Has("text"), v.Has("none"), v.Text("text"), v.List("list"), n, ok, v.Whole("whole", 1, 0, 9), v.Time("time"), v.Date("date"), v.DateOrTime("date"), v.DateOrTime("time")}
	want := []any{
		true, false, "a b", []string{"x", "", "y"}, .01, true, 7, at.Add(-time.Hour), "2026-11-20", time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), at.Add(-time.Hour),
	}
	if diff := cmp.Diff(want, got); diff != "" || v.Err() != nil {
		t.Errorf("%v: want -, got +\n%s", v.Err(), diff)
	}

	v, err = Read("text=", table, now)
	if n, ok := v.Number("number"); err != nil || n != 0 || ok || !v.Has("text") || v.List("text") != nil || v.Whole("whole", 5, 0, 9) != 5 || !v.Time("time").IsZero() ||
		v.Date("date") != "" || !v.DateOrTime("date").IsZero() || v.OneOf("list", "a", "a", "b") != "a" || v.Words("list", nil) != nil || v.Err() != nil {
		t.Errorf("what is absent restricts something: %+v %v", v, err)
	}
}

// TestWordsAreKnownOnes reads words of which some are none.
func TestWordsAreKnownOnes(t *testing.T) {
	v, _ := Read("text=b&list=a,b,a", table, now)
	if one, some := v.OneOf("text", "a", "a", "b"), v.Words("list", []string{"a", "b"}); one != "b" || !slices.Equal(some, []string{"a", "b"}) || v.Err() != nil {
		t.Errorf("%q %q %v", one, some, v.Err())
	}
	v, _ = Read("words=bb&list=a,cc", table, now)
	if one, some := v.OneOf("text", "aa", "aa", "ab"), v.Words("list", []string{"a", "c"}); one != "aa" || some != nil {
		t.Errorf("%q %q", one, some)
	}
	if got := faults(t, v.Err()); got["query.words"] == "" || got["query.list"] == "" { // by the name it was given
		t.Errorf("%v", got)
	}
}

// TestWhatCannotBeUsedIsNamed reads values of the wrong type, each of which is a fault and the zero value.
func TestWhatCannotBeUsedIsNamed(t *testing.T) {
	for name, texts := range map[string][]string{
		"number": {"", "x", "NaN", "Inf", "0x1p-2", "1_0", "1e400"}, "whole": {"", "x", "1.5", "10", "-1", "99999999999999999999"},
		"time": {"", "x", "2026-11-20"}, "date": {"", "x", "2026-02-30", "1969-12-31", "2026-11-20T00:00:00Z"},
	} {
		for _, text := range texts {
			v, err := Read(url.Values{name: {text}}.Encode(), table, now)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]func() any{
				"number": func() any { n, ok := v.Number(name); return fmt.Sprint(n, ok) }, "whole": func() any { return fmt.Sprint(v.Whole(name, 3, 0, 9)) },
				"time": func() any { return fmt.Sprint(v.Time(name).IsZero()) }, "date": func() any { return v.Date(name) },
			}[name]()
			want := map[string]string{"number": "0 false", "whole": "3", "time": "true", "date": ""}[name]
			if f := faults(t, v.Err()); got != want || len(f) != 1 || f["query."+name] == "" {
				t.Errorf("%s=%s: %v %v", name, text, got, f)
			}
		}
	}
	v, _ := Read("words=x", table, now)
	v.Refuse("text", "must be at most %d bytes", 0)
	if f := faults(t, v.Err()); f["query.words"] != "must be at most 0 bytes" {
		t.Errorf("%v", f)
	}
}
