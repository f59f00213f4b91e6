package channels_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fastjson"
	"pgregory.net/rapid"

	"tierboard/server/classify/channels"
	"tierboard/server/classify/found"
	"tierboard/shared/event"
)

func TestDefaultsAreSubscribedToWhenTheyAreRead(t *testing.T) {
	names, globs := channels.Subscriptions(channels.Defaults())
	for _, want := range []string{
		"tickstock.events.patterns", "tickstock:patterns:streaming", "tickstock:patterns:detected", "tickstock.events.patterns.outcomes",
		"tickstock:streaming:session_started", "tickstock:streaming:session_stopped", "tickstock:streaming:health", "tickstock.health.status",
		"tickstock.events.patterns.batch",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not subscribed to", want)
		}
	}
	if len(globs) != 0 || strings.Contains(strings.Join(names, "|"), "indicators") {
		t.Errorf("names %v, globs %v: only what is read is subscribed to", names, globs)
	}
	if _, err := channels.NewTable(channels.Defaults()); err != nil {
		t.Error(err)
	}
	changed := channels.Defaults()
	changed[0].Channel = "mine"
	if channels.Defaults()[0].Channel == "mine" {
		t.Error("the table is not a slice of its own")
	}
}

func TestSubscriptionsTellGlobsApart(t *testing.T) {
	own := func(*channels.Input, *found.Result) {}
	names, globs := channels.Subscriptions([]channels.Row{
		{Channel: "a.*", Carries: channels.Health},
		{Channel: "b?", Carries: channels.Nothing},
		{Channel: "c", Carries: channels.Starts},
		{Channel: "d", Carries: channels.Nothing, Decode: own},
	})
	if !slices.Equal(globs, []string{"a.*"}) || !slices.Equal(names, []string{"c", "d"}) {
		t.Errorf("got names %v, globs %v", names, globs)
	}
}

func TestTableFindsTheRow(t *testing.T) {
	rows := []channels.Row{
		{Channel: "a.*.daily", Carries: channels.Detections, Tier: event.Daily},
		{Channel: "a.*", Carries: channels.Detections, Tier: event.Intraday},
		{Channel: "a.x.daily", Carries: channels.Detections, Tier: event.Combo},
		{Channel: "b?", Carries: channels.Nothing},
	}
	table, err := channels.NewTable(rows)
	if err != nil {
		t.Fatal(err)
	}
	rows[1].Tier = event.TierNone // the table has copies
	for channel, want := range map[string]event.Tier{
		"a.x.daily": event.Combo, "a.y.daily": event.Daily, "a..daily.daily": event.Daily, "a.": event.Intraday, "a.y.dailyx": event.Intraday,
	} {
		if row := table.Row(channel); row == nil || row.Tier != want || row.Ignored() {
			t.Errorf("%s: got %+v, want %v", channel, row, want)
		}
	}
	if row := table.Row("b1"); row == nil || !row.Ignored() {
		t.Errorf("got %+v, want a row that is ignored", row)
	}
	for _, channel := range []string{"b", "b12", "a", "ca."} {
		if row := table.Row(channel); row != nil {
			t.Errorf("%s: got %+v, want none", channel, row)
		}
	}
}

// TestGlobsFitAsPaths compares a glob with the standard library's, where a star stands for anything but a slash.
func TestGlobsFitAsPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		glob := rapid.StringMatching(`[ab.*?]{0,6}[*?][ab.*?]{0,6}`).Draw(t, "glob")
		name := rapid.StringMatching(`[ab.]{0,10}`).Draw(t, "name")
		table, err := channels.NewTable([]channels.Row{{Channel: glob, Carries: channels.Health}})
		if err != nil {
			t.Fatal(err)
		}
		want, err := path.Match(glob, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := table.Row(name) != nil; got != want {
			t.Errorf("%q fits %q: got %v, want %v", name, glob, got, want)
		}
	})
}

func TestTableNamesTheWrongField(t *testing.T) {
	own := func(*channels.Input, *found.Result) {}
	for _, tt := range []struct {
		want string
		rows []channels.Row
	}{
		{"channels[0].channel: missing", []channels.Row{{Carries: channels.Nothing}}},
		{`channels[0].channel: "a[b]"`, []channels.Row{{Channel: "a[b]", Carries: channels.Nothing}}},
		{"channels[0].tier", []channels.Row{{Channel: "a", Carries: channels.Nothing, Tier: 9}}},
		{`channels[0].carries: "news" needs a decoder`, []channels.Row{{Channel: "a", Carries: "news"}}},
		{`channels[1].channel: "a" is there twice`, []channels.Row{{Channel: "a", Carries: channels.Health}, {Channel: "a", Carries: channels.Health}}},
		{"", []channels.Row{{Channel: "a", Carries: "news", Decode: own}}},
	} {
		_, err := channels.NewTable(tt.rows)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

func TestWordsAreReadInAnyLetterCase(t *testing.T) {
	for text, want := range map[string]channels.Word{
		`"pattern_detected"`:    {Text: "pattern_detected", Carries: channels.Detections},
		`" Session_STOPPED\n"`:  {Text: "session_stopped", Carries: channels.Stops},
		`"Pattern_Expired"`:     {Text: "pattern_expired", Carries: channels.Nothing},
		`"pattern_detected_ok"`: {},
		`""`:                    {},
		`7`:                     {},
		`null`:                  {},
	} {
		got, ok := channels.WordOf(fastjson.MustParse(text))
		if got != want || ok != (want.Text != "") {
			t.Errorf("%s: got %+v %v, want %+v", text, got, ok, want)
		}
	}
}

func TestInputsAreRejectedWithTheirChannel(t *testing.T) {
	in := &channels.Input{Channel: "a\nb"}
	if got, want := in.Reject("no_regime", "regime: missing\x00"), (found.Reject{Channel: "a b", Reason: "no_regime", Detail: "regime: missing"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
