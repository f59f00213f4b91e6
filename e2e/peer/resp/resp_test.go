package resp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for text, want := range map[string]string{
		"*1\r\n$4\r\nPING\r\n": "PING",
		"*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$6\r\na\r\nb\r\n\r\n": "PUBLISH|c|a\r\nb\r\n",
		"*0\r\n":              "",
		"*1\r\n$0\r\n\r\n":    "",
		"*1\r\n$1\r\nx\r\n*1": "x", // what follows is the next one's
	} {
		parts, _, err := Read(bufio.NewReader(strings.NewReader(text)), nil)
		if got := string(bytes.Join(parts, []byte("|"))); err != nil || got != want {
			t.Errorf("%q: read %q (%v), want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "PING\r\n", "*1\r\n", "*1\n$4\r\nPING\r\n", "*-1\r\n", "*9\r\n", "*1\r\n$1048577\r\n", "*1\r\n$2\r\nabc\r\n", "*1\r\n$4\r\nPI", "*one\r\n",
		"*" + strings.Repeat("0", 1<<13) + "1\r\n",
	} {
		if parts, _, err := Read(bufio.NewReader(strings.NewReader(text)), nil); err == nil {
			t.Errorf("%.20q: read %q, want an error", text, parts)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{"*1\r\n$4\r\nPING\r\n", "*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$1\r\nm\r\n", "*1\r\n$-1\r\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		parts, scratch, err := Read(bufio.NewReader(bytes.NewReader(b)), make([]byte, 0, 8))
		size := 0
		for _, part := range parts {
			size += len(part)
		}
		if len(parts) > mostArgs || size > len(b) || err == nil && size != len(scratch) {
			t.Errorf("%q: read %q and %d bytes (%v)", b, parts, len(scratch), err)
		}
	})
}

func TestAnswerSpeaksWhatRedisSpeaks(t *testing.T) {
	client, server := net.Pipe()
	var got []string
	ended := make(chan error, 1)
	go func() {
		ended <- Answer(server, func(channel, text []byte) error {
			got = append(got, string(channel)+" "+string(text))
			return nil
		})
	}()
	go func() {
		_, _ = io.WriteString(client, "*1\r\n$4\r\nPING\r\n*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$4\r\na\r\nb\r\n*3\r\n$7\r\npublish\r\n$1\r\nd\r\n$0\r\n\r\n*1\r\n$4\r\nQUIT\r\n")
	}()
	r := bufio.NewReader(client)
	for _, want := range []string{"+PONG", ":1", ":1", "-ERR only PING and PUBLISH are known"} {
		if line, err := r.ReadString('\n'); err != nil || strings.TrimSpace(line) != want {
			t.Fatalf("answered %q (%v), want %q", line, err, want)
		}
	}
	_ = client.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if want := []string{"c a\r\nb", "d "}; !slices.Equal(got, want) {
		t.Errorf("published %q, want %q", got, want)
	}
}

func TestAnAnswerEndsWithWhatCannotBePublished(t *testing.T) {
	failure := errors.New("no more")
	ours, theirs := net.Pipe()
	ended := make(chan error, 1)
	var got []string
	go func() {
		ended <- Answer(theirs, func(channel, text []byte) error {
			got = append(got, string(channel)+" "+string(text))
			if string(text) == "last" {
				return failure
			}
			return nil
		})
	}()
	in := bufio.NewReader(ours)
	for _, step := range []struct{ command, reply string }{
		{"*1\r\n$4\r\nping\r\n", "+PONG"},
		{"*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$4\r\ntext\r\n", ":1"},
		{"*1\r\n$4\r\nQUIT\r\n", "-ERR only PING and PUBLISH are known"},
	} {
		if _, err := ours.Write([]byte(step.command)); err != nil {
			t.Fatal(err)
		}
		if line, err := in.ReadString('\n'); err != nil || strings.TrimSpace(line) != step.reply {
			t.Errorf("%q is answered with %q (%v), want %q", step.command, line, err, step.reply)
		}
	}
	if _, err := ours.Write([]byte("*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$4\r\nlast\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, failure) {
		t.Errorf("ended with %v, want what publish said", err)
	}
	if text := strings.Join(got, "; "); text != "c text; c last" {
		t.Errorf("published %q", text)
	}
}
