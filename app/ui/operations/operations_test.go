package operations

import (
	"strings"
	"testing"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/fetch"
	"tierboard/app/ui/sheet/sheettest"
	"tierboard/shared/api"
)

var opsNow = time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC)

func TestOperationsShowEverything(t *testing.T) {
	p := &Page{}
	feed(t, p, opsNow)
	html := sheettest.Draw(p)
	sheettest.Expect(t, html,
		"Version v1.0.0, up 6 h 30 m, numbers of 19:31:11 UTC", "Demo feed", "Degraded: combo: no combo for 41 min; typical gap 6 min",
		"Sessions 12 36 subscriptions, 5 cohorts, 2 event streams", "Events accepted … 184,467 in all, 212 copies refused",
		"90,110 of 90,121 matched", "184,722 in all, 3 rejected", "9 by the limit of 100/s, 2 for lagging sessions", "window 10 ms",
		"Daily idle next batch expected after the close Last event 21 h ago Stale after no limit now",
		"Intraday ok Events arrive as expected. Last event 4 s ago Stale after 2 m Last minute 126 Last hour 5,210 Accepted 21,904",
		"Combo stale no combo for 41 min; typical gap 6 min Last event 41 min ago Stale after 20 m",
		"Feed connected Transport redis Channels 1 Connected since 13:02:00, 6 h ago", "Producer's heartbeat 12 s ago Show the channels tickstock.events.patterns",
		"Now NYSE open Next closes in 1 h 29 m", "Archive degraded database away since 14:02, 812 events wait Waiting 812 Lost 0",
		"Delivery healthy", "Match 0.020 ms To the socket 11 ms", "Says of itself healthy Said 4 s ago",
		"Event 184,467 100% Duplicate 212 0%", "No symbol 2 67% Unknown tier 1 33%", "Left 40 98% Too slow 1 2%",
		"Find who wants an event 184,467 0.006 ms 0.020 ms 0.040 ms", "Receipt to socket: intraday 88,000 1.4 ms 9.5 ms 12 ms", "HTTP: 200 /api/ops 600",
		"Producer to us", "4.0 ms",
		"Dead letters the newest 2 of 3", "19:31:07 tickstock.events.patterns No symbol data.symbol: missing",
		"3 settings", "--redis-url *** environment",
	)
}

func TestOperationsWithNothingToTell(t *testing.T) {
	p := &Page{}
	p.take(api.PathOps, fetch.Answer{Status: 200, Body: `{"as_of":"2026-11-20T19:31:11Z"}`}, opsNow)
	sheettest.Expect(t, sheettest.Draw(p), "Nothing was read yet.", "Nothing was rejected.", "No session has ended.", "Nothing was measured yet.", "Loading.", "The server does not tell its settings.")
	p.take(lettersPath(), fetch.Answer{Status: 200, Body: `{"total":0,"letters":[]}`}, opsNow)
	sheettest.Expect(t, sheettest.Draw(p), "None. Every message so far was understood.")
}

func TestOperationsFaults(t *testing.T) {
	p := &Page{}
	p.take(api.PathOps, fetch.Answer{}, opsNow)
	sheettest.Expect(t, sheettest.Draw(p), "Operations cannot be shown now", "The server cannot be reached.", "Try again")

	p = &Page{}
	feed(t, p, opsNow)
	p.take(api.PathTiersHealth, fetch.Answer{Status: 500}, opsNow)
	p.take(lettersPath(), fetch.Answer{Status: 500}, opsNow)
	html := sheettest.Draw(p)
	sheettest.Expect(t, html, "The server answered 500. What is shown is from 19:31:11.", "Intraday ok", "No symbol data.symbol: missing")
	if !strings.Contains(html, "sheet waiting") {
		t.Error("old numbers look like new ones")
	}
}

// Dead letters are long and seldom new: they are asked for when there may be others, and after a fault.
func TestDeadLettersAreAskedForWhenThereMayBeOthers(t *testing.T) {
	wants := func(p *Page) bool { return len(p.paths()) == 3 }
	p := &Page{}
	if !wants(p) {
		t.Error("they are not asked for at first")
	}
	feed(t, p, opsNow)
	if wants(p) {
		t.Error("they are asked for again though nothing was rejected")
	}
	body := sheettest.Answer(t, "ops.json").Body
	p.take(api.PathOps, fetch.Answer{Status: 200, Body: strings.Replace(body, `"no_symbol":2`, `"no_symbol":3`, 1)}, opsNow)
	if !wants(p) {
		t.Error("a reject more, and they are not asked for")
	}
	p.take(lettersPath(), fetch.Answer{Status: 500}, opsNow)
	if !wants(p) {
		t.Error("after a fault they are not asked for")
	}
	p.take(lettersPath(), sheettest.Answer(t, "letters.json"), opsNow)
	if wants(p) {
		t.Error("they are asked for again though they are here")
	}
	p.take(api.PathOps, fetch.Answer{Status: 200, Body: strings.Replace(body, `"no_symbol":2`, `"no_symbol":3`, 1)}, opsNow)
	p.take(api.PathOps, fetch.Answer{Status: 200, Body: strings.Replace(strings.Replace(body, `"no_symbol":2`, `"no_symbol":3`, 1), "QJ5W3X6N7K2M4P8R", "Z", 1)}, opsNow)
	if !wants(p) {
		t.Error("the server started again, and they are not asked for")
	}
}

func TestOperationsShowRates(t *testing.T) {
	p := &Page{}
	feed(t, p, opsNow)
	body := strings.Replace(sheettest.Answer(t, "ops.json").Body, "19:31:11.020Z", "19:31:13.020Z", 1)
	p.take(api.PathOps, fetch.Answer{Status: 200, Body: strings.Replace(body, `"seq":184467`, `"seq":184720`, 1)}, opsNow)
	sheettest.Expect(t, sheettest.Draw(p), "Events accepted 127/s peak 127/s; 184,720 in all")
}

func TestOnlyTheSettingMakesAFeedInvented(t *testing.T) {
	for body, want := range map[string]bool{
		`{}`: false,
		`{"settings":[{"name":"demo","value":"true"}]}`:      true,
		`{"settings":[{"name":"--demo","value":"false"}]}`:   false,
		`{"settings":[{"name":"demo-rate","value":"true"}]}`: false,
	} {
		p := &Page{}
		p.take(api.PathOps, fetch.Answer{Status: 200, Body: body}, opsNow)
		if got := p.now.Settings.Demo(); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}

// feed gives the operations page every document.
func feed(t *testing.T, p *Page, now time.Time) {
	t.Helper()
	p.take(api.PathOps, sheettest.Answer(t, "ops.json"), now)
	p.take(api.PathTiersHealth, sheettest.Answer(t, "health.json"), now)
	p.take(lettersPath(), sheettest.Answer(t, "letters.json"), now)
}

// What a producer wrote is text on the page, whatever it is.
func TestProducersTextStaysText(t *testing.T) {
	p := &Page{}
	feed(t, p, time.Now())
	html := sheettest.Draw(p)
	for _, bad := range []string{"<img src=x", "</td><script"} {
		if strings.Contains(html, bad) {
			t.Errorf("a dead letter's text became markup: %q", bad)
		}
	}
	if !strings.Contains(html, "&lt;img src=x") {
		t.Error("the dead letter's text is not shown")
	}
}

// states are the page in each of its states, for the rules that hold in all of them.
func states(t *testing.T) map[string]app.Composer {
	t.Helper()
	now := time.Date(2026, 11, 20, 21, 5, 0, 0, time.UTC)
	out := map[string]app.Composer{"nothing": &Page{}}
	for name, failing := range map[string]fetch.Answer{"data": sheettest.Answer(t, "ops.json"), "error": {Status: 500}, "data, then away": {}} {
		p := &Page{}
		if name != "error" {
			feed(t, p, now)
		}
		if name != "data" {
			p.take(api.PathOps, failing, now)
		}
		out[name] = p
	}
	return out
}

func TestOperationsObeyTheRulesOfPages(t *testing.T) {
	sheettest.Rules(t, "Operations", states(t), &Page{})
}

func FuzzOperationsAnswers(f *testing.F) {
	for _, name := range []string{"ops.json", "health.json", "letters.json"} {
		f.Add(sheettest.Answer(f, name).Body)
	}
	f.Add(`{"tiers":{"daily":null},"hub":{"sessions":-1},"messages":{"":18446744073709551615}}`)
	f.Fuzz(func(t *testing.T, body string) {
		p := &Page{}
		for _, path := range p.paths() {
			p.take(path, fetch.Answer{Status: 200, Body: body}, time.Now())
		}
		sheettest.Answers(t, body, p)
	})
}
