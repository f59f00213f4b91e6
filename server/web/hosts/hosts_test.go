package hosts

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestHosts(t *testing.T) {
	hosts, err := New([]string{"Board.Example", "10.1.2.3", "2001:db8::7"}, false)
	if err != nil {
		t.Fatal(err)
	}
	open, err := New(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		host              string
		named, open, zero bool
	}{
		{"localhost", true, true, true},
		{"LOCALHOST:8080", true, true, true},
		{"localhost.:8080", true, true, true},
		{"board.localhost", true, true, true},
		{"127.0.0.1", true, true, true},
		{"127.8.8.8:1", true, true, true},
		{"[::1]", true, true, true},
		{"[::1]:8080", true, true, true},
		{"[::ffff:127.0.0.1]:8080", true, true, true},
		{"board.example", true, false, false},
		{"BOARD.example.:443", true, false, false},
		{"10.1.2.3:8080", true, true, false},
		{"[2001:db8:0::7]:8080", true, true, false},
		{"10.1.2.4", false, true, false},
		{"[2001:db8::8]", false, true, false},
		{"evil.example", false, false, false},
		{"board.example.evil.example", false, false, false},
		{"evil-board.example", false, false, false},
		{"localhost.evil.example", false, false, false},
		{"notlocalhost", false, false, false},
		{"127.0.0.1.evil.example", false, false, false},
		{"127.0.0.1@evil.example", false, false, false},
		{"evil.example#localhost", false, false, false},
		{"localhost, evil.example", false, false, false},
		{"localhost:80:80", false, false, false},
		{"localhost:http", false, false, false},
		{"[::1", false, false, false},
		{"[localhost]x", false, false, false},
		{"fe80::1%localhost", false, false, false},
		{".", false, false, false},
		{"", false, false, false},
		{":8080", false, false, false},
		{"a..localhost", false, false, false},
		{"lоcalhost", false, false, false},
	} {
		for name, got := range map[string][2]bool{
			"named": {hosts.Allows(test.host), test.named},
			"open":  {open.Allows(test.host), test.open},
			"zero":  {Hosts{}.Allows(test.host), test.zero},
		} {
			if got[0] != got[1] {
				t.Errorf("%s: Allows(%q) = %v", name, test.host, got[0])
			}
		}
	}
}

func TestGuard(t *testing.T) {
	reached := 0
	guarded := Hosts{}.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	for host, status := range map[string]int{"localhost": 200, "evil.example": 421, "<x>": 400} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Host = host
		recorder := httptest.NewRecorder()
		guarded.ServeHTTP(recorder, r)
		if recorder.Code != status {
			t.Errorf("%q: %d, want %d", host, recorder.Code, status)
		}
		if strings.Contains(recorder.Body.String(), host) {
			t.Errorf("%q is repeated in the answer", host)
		}
	}
	if reached != 1 {
		t.Errorf("%d requests reached the handler, want one", reached)
	}
}

// Whatever a host looks like, what is allowed without configuration ends at this machine.
func TestOnlyLoopbackByDefault(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		host := rapid.StringMatching(`\[?(localhost|127\.0\.0\.1|::1|evil|[a-f0-9.:%]{0,9}){1,3}[.\]]?(:[0-9a-z]{0,3})?`).Draw(t, "host")
		if !(Hosts{}).Allows(host) {
			return
		}
		name, ok := parseHost(host)
		if !ok || name != "localhost" && !strings.HasSuffix(name, ".localhost") && !strings.HasPrefix(name, "127.") &&
			name != "::1" && !strings.HasPrefix(name, "::ffff:127.") {
			t.Fatalf("%q is allowed as %q", host, name)
		}
	})
}

func FuzzParseHost(f *testing.F) {
	for _, seed := range []string{"localhost:80", "[::1]:1", "::1", "a.b.", "", "[", "]:", "[]", "x:y", "1.2.3.4:", "[fe80::1%25a]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		host, ok := parseHost(header)
		if !ok {
			return
		}
		if strings.ContainsAny(host, " <>\"'&/\\@#?%\x00\r\n") || host != strings.ToLower(host) {
			t.Errorf("%q became %q", header, host)
		}
		if again, ok := parseHost(host); !ok || again != host {
			t.Errorf("%q became %q, and that %q, %v", header, host, again, ok)
		}
	})
}
