package serve

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tierboard/e2e/peer/job"
	"tierboard/shared/api"
)

func TestServersReadTheirSetup(t *testing.T) {
	want := Setup{job.Plan{Seed: 1, Run: 1 << 63, Users: 3, Events: 4}, "kind", 50 * time.Millisecond}
	args := want.Args()
	if got, err := ReadSetup(args[1:]); args[0] != Arg || err != nil || got != want {
		t.Errorf("read %+v (%v), want %+v", got, err, want)
	}
	if _, err := ReadSetup([]string{"-users", "many"}); err == nil {
		t.Error("read a setup that is none")
	}
}

// echo is a server that says what was published last.
type echo struct{ published chan string }

func (s echo) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, <-s.published) })
}

func (s echo) Publish(_ context.Context, channel, text []byte) error {
	if len(text) == 0 {
		return errors.New("an empty text")
	}
	s.published <- string(channel) + ": " + string(text)
	return nil
}

func (echo) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// start runs an echo and returns its two addresses.
func start(t *testing.T, ctx context.Context) (page, redis string, ended <-chan error) {
	t.Helper()
	out, in := io.Pipe()
	failed := make(chan error, 1)
	go func() { failed <- errors.Join(Run(ctx, echo{make(chan string, 1)}, in), in.Close()) }()
	lines := bufio.NewScanner(out)
	for _, at := range []*string{&page, &redis} {
		lines.Scan()
		_, *at, _ = strings.Cut(lines.Text(), " ")
	}
	return page, strings.TrimPrefix(redis, "redis://"), failed
}

// publish sends one command and returns the answer.
func publish(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n"+text); err != nil {
		t.Fatal(err)
	}
	answer, _ := bufio.NewReader(conn).ReadString('\n') // or the connection ends
	return answer
}

func TestRunServesUntilTheEnd(t *testing.T) {
	ctx, end := context.WithCancel(context.Background())
	page, redis, ended := start(t, ctx)
	for range 2 { // publishers come one after the other
		if answer := publish(t, redis, "$5\r\nhello\r\n"); answer != ":1\r\n" {
			t.Errorf("publishing is answered with %q", answer)
		}
		resp, err := http.Get(page + api.PathWebSocket)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(body) != "c: hello" {
			t.Errorf("served %q (%v)", body, err)
		}
	}
	end()
	if err := <-ended; err != nil {
		t.Errorf("asked to end it says %v", err)
	}
}

func TestWhatCannotBePublishedEndsTheServer(t *testing.T) {
	_, redis, ended := start(t, t.Context())
	_ = publish(t, redis, "$0\r\n\r\n")
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "an empty text") {
		t.Errorf("ended with %v", err)
	}
}

func TestStartSaysWhyAProgramDoesNotServe(t *testing.T) {
	for script, want := range map[string]string{
		"echo no luck >&2; exit 3":                "no luck",
		"echo page http://127.0.0.1:1; exit 0":    "no addresses",
		"echo page one; echo redis two; exec cat": "http://host:port",
	} {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", script)
		if _, _, err := Start(t.Context(), cmd); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", script, err, want)
		}
	}
	if _, _, err := Start(t.Context(), exec.Command("/nowhere/at/all")); err == nil {
		t.Error("started what there is not")
	}
}
