package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tierboard/e2e/stack"
	"tierboard/shared/api"
)

// section returns a part of README.md, from its heading to the next one.
func section(t testing.TB, heading string) string {
	t.Helper()
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("README.md has no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// commands returns the commands of a section's shell blocks that begin with a word. One that leaves a quote open goes on in the
// next line.
func commands(section, word string) (all []string) {
	in, open := false, false
	for line := range strings.Lines(section) {
		switch {
		case strings.HasPrefix(line, "```"):
			in = strings.TrimSpace(line) == "```sh"
		case !in:
		case open:
			all[len(all)-1] += line
			open = strings.Count(all[len(all)-1], "'")%2 == 1
		case strings.HasPrefix(line, word+" "):
			all = append(all, line)
			open = strings.Count(line, "'")%2 == 1
		}
	}
	return all
}

// shell prepares a command of the README. It ends with the context: the shell gives way to it.
func shell(ctx context.Context, t testing.TB, command string) *exec.Cmd {
	t.Helper()
	program, _, _ := strings.Cut(command, " ")
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%v: install it with: apt-get install %s", err, map[string]string{"curl": "curl", "redis-cli": "redis-tools"}[program])
	}
	return exec.CommandContext(ctx, "/bin/sh", "-c", "exec "+command)
}

// TestRestReadme runs what the README prints, as it is printed but for the addresses, and holds the answers to their shapes.
func TestRestReadme(t *testing.T) {
	s := stack.Server(t)
	redis, err := url.Parse(s.RedisURL())
	if err != nil || redis.Port() == "" {
		t.Fatalf("embedded Redis at %q", s.RedisURL())
	}
	p := newPublisher(t, s.RedisURL())
	publish := commands(section(t, "Run it"), "redis-cli")
	if len(publish) != 1 {
		t.Fatalf("the README publishes %d times, want once", len(publish))
	}
	out, err := shell(t.Context(), t, strings.Replace(publish[0], "-p 6380", "-p "+redis.Port(), 1)).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "1" {
		t.Fatalf("%s\n%v %s; want one subscriber", publish[0], err, out)
	}
	p.send("intraday", "NVDA", "Volume_Spike", 0.91, map[string]any{"timeframe": "5min"})
	p.send("intraday", "NVDA", "Doji", 0.4, map[string]any{"timeframe": "5min"})
	list := func(path string) (l api.PatternList) {
		t.Helper()
		status, body := ask(t, s, path)
		if err := strictly(body, &l); status != 200 || err != nil {
			t.Fatalf("%s: %d %v %s", path, status, err, body)
		}
		return l
	}
	eventually(t, "what was published is there", func() bool { return len(list("/api/patterns").Patterns) == 3 })
	if amd := list("/api/patterns/daily").Patterns; len(amd) != 1 || amd[0].Symbol != "AMD" || amd[0].PatternType != "bull_flag" || amd[0].Confidence != 0.91 {
		t.Errorf("what redis-cli published: %+v", amd)
	}

	shapes := map[string]func(body []byte){
		"/api/patterns/intraday": func(body []byte) {
			var l api.PatternList
			if err := strictly(body, &l); err != nil || len(l.Patterns) != 1 || l.Patterns[0].PatternType != "volume_spike" || l.Metadata.Applied.Limit != 20 {
				t.Errorf("%v %s", err, body)
			}
		},
		"/api/patterns/performance": func(body []byte) {
			var x api.Performance
			if err := strictly(body, &x); err != nil || len(x.Tiers) != 3 || x.Outcomes != "none" || x.Definition.Horizon != "1d" {
				t.Errorf("%v %s", err, body)
			}
		},
		"/api/patterns/tiers/health": func(body []byte) {
			var x api.TiersHealth
			if err := strictly(body, &x); err != nil || len(x.Tiers) != 3 || !x.Ingest.Connected {
				t.Errorf("%v %s", err, body)
			}
		},
	}
	ran := map[string]bool{}
	for _, command := range commands(section(t, "Ask over HTTP"), "curl") {
		_, rest, ok := strings.Cut(command, "'http://127.0.0.1:8080")
		at, _, closed := strings.Cut(rest, "'")
		if !ok || !closed {
			t.Fatalf("no address in %s", command)
		}
		path, _, _ := strings.Cut(at, "?")
		ran[path] = true
		command = strings.Replace(command, "http://127.0.0.1:8080", s.URL(), 1)
		t.Run(path, func(t *testing.T) {
			if path == api.PathStream {
				followed(t, p, command)
				return
			}
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			body, err := shell(ctx, t, strings.Replace(command, "curl ", "curl --silent --show-error --fail ", 1)).Output()
			if err != nil {
				t.Fatalf("%s\n%v %s", command, err, body)
			}
			check := shapes[path]
			if check == nil {
				t.Fatalf("this test does not know what %s answers", path)
			}
			check(body)
		})
	}
	for path := range shapes {
		if !ran[path] {
			t.Errorf("the README shows no %s", path)
		}
	}
	if !ran[api.PathStream] {
		t.Error("the README shows no stream")
	}
}

// strictly decodes a body that may hold nothing else than the type has.
func strictly(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// followed runs the README's command for the stream: it says hello, and brings the one combo that is published then.
func followed(t *testing.T, p *publisher, command string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	cmd := shell(ctx, t, command)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		_ = cmd.Wait() // killed
	}()
	var events []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			events = append(events, name)
			if name == "subscribed" {
				p.send("intraday", "MSFT", "Doji", 0.7, nil) // not asked for
				p.send("combo", "MSFT", "Setup_Confirmation", 0.9, nil)
			}
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || len(events) == 0 || events[len(events)-1] != "pattern" {
			continue
		}
		var x api.Pattern
		if err := strictly([]byte(data), &x); err != nil || x.Tier != "combo" || x.Symbol != "MSFT" {
			t.Errorf("%v %s", err, data)
		}
		if events[0] != "hello" {
			t.Errorf("%q, want hello first", events)
		}
		return
	}
	t.Errorf("the stream ended after %q", events)
}
