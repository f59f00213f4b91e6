package process

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFindBinaryTakesTheHighestVersion(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", t.TempDir())
	for _, version := range []string{"13", "17", "15"} {
		bin := filepath.Join(dir, version, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "tool"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got, err := findBinary([]string{filepath.Join(dir, "*/bin")}, "other", "tool")
	if want := filepath.Join(dir, "17/bin/tool"); err != nil || got != want {
		t.Errorf("found %q, %v, want %q", got, err, want)
	}
}

func TestEarlyEndShowsTheOutput(t *testing.T) {
	p, err := Start("sh", exec.Command("sh", "-c", "echo cannot do it >&2; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	err = p.WaitReady(func() error { return io.EOF })
	if err == nil || !strings.Contains(err.Error(), "cannot do it") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v, want the output and the status", err)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var l Tail
	for range 3 {
		fmt.Fprint(&l, strings.Repeat("x", tailBytes/2))
	}
	fmt.Fprint(&l, "the end\n")
	got := l.String()
	if !strings.HasSuffix(got, "xthe end") || !strings.HasPrefix(got, "(65544 bytes before this are dropped)") || len(got) > tailBytes+100 {
		t.Errorf("kept %d bytes from %.60q to %q", len(got), got, got[len(got)-10:])
	}
}

func TestLines(t *testing.T) {
	var got []string
	l := Lines{Each: func(line string) { got = append(got, line) }}
	for _, part := range []string{"one\ntw", "o", "\r\n", "\nrest"} {
		fmt.Fprint(&l, part)
	}
	if want := []string{"one", "two", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
