package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

// sample is something like a program: parts that repeat and parts that do not.
func sample() []byte {
	var b bytes.Buffer
	b.WriteString("\x00asm\x01\x00\x00\x00")
	state := uint32(1)
	for range 1024 {
		state = state*1664525 + 1013904223
		b.WriteString("local.get local.set i32.const ")
		b.WriteByte(byte(state >> 24))
	}
	return b.Bytes()
}

func TestPack(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "app.wasm")
	want := sample()
	if err := os.WriteFile(in, want, 0o600); err != nil {
		t.Fatal(err)
	}
	var first [2][]byte
	for round, name := range []string{"one", "two"} {
		folder := filepath.Join(dir, name)
		if err := os.Mkdir(folder, 0o750); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := run([]string{in, folder}, &out); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(out.String(), "app.wasm: 31") {
			t.Errorf("printed %q, want the sizes", out.String())
		}
		var names []string
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if want := []string{"app.wasm.br", "app.wasm.gz"}; !slices.Equal(names, want) {
			t.Fatalf("wrote %q, want %q", names, want)
		}
		for i, name := range names {
			packed, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			if got := unpack(t, name, packed); !bytes.Equal(got, want) {
				t.Errorf("%s unpacks to %d other bytes than the %d packed", name, len(got), len(want))
			}
			if len(packed) > len(want)/4 {
				t.Errorf("%s has %d bytes of %d", name, len(packed), len(want))
			}
			if round == 0 {
				first[i] = packed
			} else if !bytes.Equal(packed, first[i]) {
				t.Errorf("%s differs between two runs on the same input", name)
			}
		}
	}
}

// unpack returns the content of a packed file.
func unpack(t *testing.T, name string, packed []byte) []byte {
	t.Helper()
	var r io.Reader = brotli.NewReader(bytes.NewReader(packed))
	if strings.HasSuffix(name, ".gz") {
		var err error
		if r, err = gzip.NewReader(bytes.NewReader(packed)); err != nil {
			t.Fatal(err)
		}
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestPackRefuses(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.wasm")
	full := filepath.Join(dir, "full.wasm")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, sample(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no folder":        {[]string{full}, "want a file and a folder"},
		"quality too high": {[]string{"-quality", "12", full, dir}, "quality 12"},
		"missing file":     {[]string{filepath.Join(dir, "none.wasm"), dir}, "none.wasm"},
		"empty file":       {[]string{empty, dir}, "empty.wasm is empty"},
		"missing folder":   {[]string{"-quality", "1", full, filepath.Join(dir, "none")}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(test.args, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
	if entries, err := filepath.Glob(filepath.Join(dir, "*.wasm.*")); err != nil || len(entries) > 0 {
		t.Errorf("left %q, %v", entries, err)
	}
}
