package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestLoadRefusesWhatItCannotDo(t *testing.T) {
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"none"}, 2, "none"},
		{[]string{"spec", "--users=-1"}, 2, "--users"},
		{[]string{"spec", "--seconds=0.5"}, 2, "--seconds"},
		{[]string{"idle", "--rate=5"}, 2, "--rate"},
		{[]string{"--users=1", "--url=http://192.0.2.1:8080", "--redis=redis://127.0.0.1:6379"}, 1, "this machine"},
		{[]string{"--users=1", "--url=http://127.0.0.1:8080"}, 1, "--redis"},
	} {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), append([]string{"load"}, test.args...), &stdout, &stderr)
		if status != test.status || !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
			t.Errorf("load %q: status %d, %q; want %d with %q", test.args, status, &stderr, test.status, test.want)
		}
	}
}
