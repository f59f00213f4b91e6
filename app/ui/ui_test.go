package ui

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/ui/library"
	"tierboard/app/ui/library/kept"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/pattern"
)

// render draws a Dashboard as the server does.
func render(t *testing.T, d *Dashboard) string {
	t.Helper()
	e := app.NewTestEngine()
	if err := e.Load(d); err != nil {
		t.Fatal(err)
	}
	e.ConsumeAll()
	return app.HTMLString(d)
}

func TestShellHasThreeNamedColumnsAndSkeletons(t *testing.T) {
	html := render(t, &Dashboard{})
	for _, s := range tier.All {
		for _, id := range []string{"column-", "list-", "count-", "filters-", "pause-", "new-", "state-", "tab-", "empty-"} {
			if !strings.Contains(html, `id="`+id+s.Class+`"`) {
				t.Errorf("no element %s%s", id, s.Class)
			}
		}
	}
	if n := strings.Count(html, `class="skeleton"`); n != 3*skeletons {
		t.Errorf("%d skeletons, want %d", n, 3*skeletons)
	}
	if strings.Contains(render(t, &Dashboard{loaded: true}), `class="skeleton"`) {
		t.Error("a loaded board still shows skeletons")
	}
}

// The policy forbids inline style and script; go-app would write both without a word.
func TestShellObeysThePolicy(t *testing.T) {
	html := render(t, &Dashboard{demo: true, notice: notice{text: "x", action: "y"}, columns: [3]columnState{{open: true, filter: board.ColumnFilter{Symbols: "AAPL", Pattern: "doji", MinConfidence: .7}}}})
	for _, bad := range []string{" style=", "<script", "<style", " onclick", "http:", "https:"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page has %q in it", bad)
		}
	}
}

func TestEveryButtonHasAName(t *testing.T) {
	html := render(t, &Dashboard{notice: notice{text: "x", action: "Retry"}})
	button := regexp.MustCompile(`(?s)<button([^>]*)>(.*?)</button>`)
	tag := regexp.MustCompile(`<[^>]*>`)
	for _, m := range button.FindAllStringSubmatch(html, -1) {
		text := strings.TrimSpace(tag.ReplaceAllString(m[2], ""))
		live := regexp.MustCompile(`id="(new|above|below|more|relax)-`).MatchString(m[1]) && strings.Contains(m[1], "hidden") // named when shown
		if text == "" && !strings.Contains(m[1], "aria-label=") && !live {
			t.Errorf("a button without a name: <button%s>", m[1])
		}
	}
}

// Elements that page writes to must keep their place among their siblings, whatever is shown: go-app compares children by
// position, and an element that comes or goes before them would replace them behind page's back.
func TestLiveElementsKeepTheirPlaces(t *testing.T) {
	live := regexp.MustCompile(`^(state|word|speed|clock|count|dot|last|new|newcount|about|rate|list|empty|relax|tabcount|say|columns|symbols|pattern|without|watch|everything|confidence)\b`)
	shape := func(d *Dashboard) map[string]string {
		out := map[string]string{}
		for id, path := range paths(render(t, d)) {
			if live.MatchString(id) {
				out[id] = path
			}
		}
		return out
	}
	plain := shape(&Dashboard{})
	busy := shape(&Dashboard{
		demo: true, loaded: true, theme: "light", query: "aapl up", library: library.Library{Lists: []kept.Watchlist{{ID: "1", Name: "Tech", Symbols: []string{"AAPL"}}}}, tab: event.Combo, allHeld: true, notice: notice{text: "x", tone: "bad", action: "y"},
		columns: [3]columnState{{open: true, paused: true, filter: board.ColumnFilter{Symbols: "A,B", Pattern: "doji", MinConfidence: 0.5}}, {}, {}},
	})
	if d := cmp.Diff(plain, busy); d != "" {
		t.Errorf("live elements move (-plain +busy):\n%s", d)
	}
	if len(plain) < 30 {
		t.Errorf("only %d live elements found", len(plain))
	}
}

// paths returns for each id where its element stands: tag and position among its siblings, from the root.
func paths(html string) map[string]string {
	type level struct {
		path     string
		children int
	}
	out := map[string]string{}
	stack := []level{{}}
	id := regexp.MustCompile(` id="([^"]*)"`)
	for _, m := range regexp.MustCompile(`<(/?)(\w+)([^>]*)>`).FindAllStringSubmatch(html, -1) {
		if m[1] == "/" {
			stack = stack[:len(stack)-1]
			continue
		}
		top := &stack[len(stack)-1]
		path := fmt.Sprintf("%s/%s[%d]", top.path, m[2], top.children)
		top.children++
		if found := id.FindStringSubmatch(m[3]); found != nil {
			out[found[1]] = path
		}
		if m[2] != "img" && m[2] != "input" {
			stack = append(stack, level{path: path})
		}
	}
	return out
}

func TestPatternsOfTiersAreTheTables(t *testing.T) {
	total := 0
	for _, s := range tier.All {
		names := tier.Patterns(s.Tier)
		if len(names) == 0 {
			t.Errorf("no patterns for %s", s.Class)
		}
		total += len(names)
	}
	if total < len(pattern.Known()) {
		t.Errorf("%d names offered, the table has %d", total, len(pattern.Known()))
	}
}

func TestRateMeterCountsTheLastSecond(t *testing.T) {
	var m rateMeter
	at := time.Unix(100, 0)
	m.add(5, at)
	m.add(7, at.Add(500*time.Millisecond))
	if got := m.perSecond(at.Add(900 * time.Millisecond)); got != 12 {
		t.Errorf("in the same second: %d, want 12", got)
	}
	if got := m.perSecond(at.Add(1500 * time.Millisecond)); got != 12 {
		t.Errorf("a second later: %d, want 12", got)
	}
	if got := m.perSecond(at.Add(3 * time.Second)); got != 0 {
		t.Errorf("after silence: %d, want 0", got)
	}
}

func TestWordsOfTheQueryHaveChips(t *testing.T) {
	html := render(t, &Dashboard{query: " aapl, -msft  Up -neutral 80 ->=60 flag , - "})
	for _, text := range []string{"aapl", "not msft", "Bullish", "not Neutral", "Confidence ≥ 80", "Confidence < 60", "flag"} {
		if !strings.Contains(html, `Remove filter All columns `+text) {
			t.Errorf("no chip for %q", text)
		}
	}
}
