package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDefaultIsValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestEverySettingIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Settings(Default(), nil) {
		if len(s.Flag) < 4 || s.Variable == "" || !strings.HasSuffix(s.Help, ".") || seen[s.Flag] || seen[s.Variable] {
			t.Errorf("incomplete or twice: %+v", s)
		}
		seen[s.Flag], seen[s.Variable] = true, true
		want := "TIERBOARD_" + strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(s.Flag, "--"), "-", "_"))
		if s.Variable != want && s.Variable != "REDIS_URL" && s.Variable != "DATABASE_URL" {
			t.Errorf("%s has the variable %s, want %s", s.Flag, s.Variable, want)
		}
	}
	if n := reflect.TypeFor[Config]().NumField(); len(seen) != 2*n {
		t.Errorf("%d names for %d fields", len(seen), n)
	}
}

func TestValidateNamesTheSetting(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		want   string // "" means valid
	}{
		"port 0":                       {func(c *Config) { c.Addr = "127.0.0.1:0" }, ""},
		"IPv6 loopback":                {func(c *Config) { c.Addr = "[::1]:8080" }, ""},
		"no port":                      {func(c *Config) { c.Addr = "127.0.0.1" }, "--addr (TIERBOARD_ADDR)"},
		"port too large":               {func(c *Config) { c.AdminAddr = "127.0.0.1:70000" }, "--admin-addr (TIERBOARD_ADMIN_ADDR)"},
		"every address":                {func(c *Config) { c.Addr = ":8080" }, "--insecure-open"},
		"an address of the network":    {func(c *Config) { c.AdminAddr = "192.0.2.1:9090" }, "--insecure-open"},
		"open on purpose":              {func(c *Config) { c.Addr, c.InsecureOpen = "0.0.0.0:8080", true }, ""},
		"embedded redis for everybody": {func(c *Config) { c.EmbeddedRedisAddr = ":6379" }, "--embedded-redis-addr (TIERBOARD_EMBEDDED_REDIS_ADDR)"},
		"embedded redis unused":        {func(c *Config) { c.EmbeddedRedisAddr, c.RedisURL = ":6379", "redis://r:6379" }, ""},
		"redis with TLS":               {func(c *Config) { c.RedisURL = "rediss://u:p@r:6379/1" }, ""},
		"redis over http":              {func(c *Config) { c.RedisURL = "http://r" }, "--redis-url (REDIS_URL)"},
		"redis unreadable":             {func(c *Config) { c.RedisURL = "redis://u:secret\x7f@r" }, "--redis-url (REDIS_URL)"},
		"origin":                       {func(c *Config) { c.Origins = []string{"https://a.example:8443"} }, ""},
		"origin with a path":           {func(c *Config) { c.Origins = []string{"https://a.example/x"} }, "--origins (TIERBOARD_ORIGINS)"},
		"any origin":                   {func(c *Config) { c.Origins = []string{"*"} }, "--origins (TIERBOARD_ORIGINS)"},
		"empty host":                   {func(c *Config) { c.Hosts = []string{""} }, "--hosts (TIERBOARD_HOSTS)"},
		"nothing to hear":              {func(c *Config) { c.RedisChannels = nil }, "--redis-channels (TIERBOARD_REDIS_CHANNELS)"},
		"patterns alone":               {func(c *Config) { c.RedisChannels, c.RedisPatterns = nil, []string{"tickstock*"} }, ""},
		"streams alone":                {func(c *Config) { c.RedisChannels, c.RedisStreams = nil, []string{"s"} }, ""},
		"empty stream":                 {func(c *Config) { c.RedisStreams = []string{""} }, "--redis-streams (TIERBOARD_REDIS_STREAMS)"},
		"too many streams":             {func(c *Config) { c.RedisStreams = strings.Split(strings.Repeat("s,", 64)+"s", ",") }, "--redis-streams"},
		"stream with a long name":      {func(c *Config) { c.RedisStreams = []string{strings.Repeat("s", 513)} }, "--redis-streams"},
		"stream that is no text":       {func(c *Config) { c.RedisStreams = []string{"\xff"} }, "--redis-streams"},
		"empty channel":                {func(c *Config) { c.RedisChannels = []string{""} }, "--redis-channels"},
		"empty pattern":                {func(c *Config) { c.RedisPatterns = []string{"", "a"} }, "--redis-patterns"},
		"window beyond the promise":    {func(c *Config) { c.WindowMax = 101 * time.Millisecond }, "--window-max (TIERBOARD_WINDOW_MAX): 101ms"},
		"window below none":            {func(c *Config) { c.WindowMin = -1 }, "--window-min (TIERBOARD_WINDOW_MIN): -1ns"},
		"windows the wrong way round":  {func(c *Config) { c.WindowMin = 81 * time.Millisecond }, "--window-max (TIERBOARD_WINDOW_MAX): 80ms"},
		"no window":                    {func(c *Config) { c.WindowMin, c.WindowMax = 0, 0 }, ""},
		"no limit":                     {func(c *Config) { c.RateLimit = 0 }, ""},
		"a limit below none":           {func(c *Config) { c.RateLimit = -1 }, "--rate-limit (TIERBOARD_RATE_LIMIT): -1"},
		"ring too small":               {func(c *Config) { c.Ring = 1 }, "--ring (TIERBOARD_RING)"},
		"queue too small":              {func(c *Config) { c.IngestQueue = 1 }, "--ingest-queue"},
		"no sessions":                  {func(c *Config) { c.MaxSessions = 0 }, "--max-sessions"},
		"demo in a real feed":          {func(c *Config) { c.Demo, c.RedisURL = true, "redis://r" }, "--demo (TIERBOARD_DEMO)"},
		"log format":                   {func(c *Config) { c.LogFormat = "xml" }, "--log-format (TIERBOARD_LOG_FORMAT)"},
		"log level":                    {func(c *Config) { c.LogLevel = "INFO" }, "--log-level (TIERBOARD_LOG_LEVEL)"},
		"drain longer than a stop":     {func(c *Config) { c.Drain = time.Minute }, "--drain (TIERBOARD_DRAIN)"},
	} {
		t.Run(name, func(t *testing.T) {
			c := Default()
			test.change(&c)
			err := c.Validate()
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want valid", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %s", err, test.want)
			case err != nil && strings.Contains(err.Error(), "secret"):
				t.Errorf("the error tells a password: %v", err)
			}
		})
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"127.0.0.1:8080":                "127.0.0.1:8080",
		"redis://r:6379/0":              "redis://r:6379/0",
		"redis://:secret@r:6379":        "redis://:xxxxx@r:6379",
		"rediss://user:secret@r:6379/2": "rediss://user:xxxxx@r:6379/2",
		"redis://r?password=secret":     "redis://r?password=xxxxx",
		"redis://u:secret\x7f@r":        "xxxxx",
	} {
		if got := Mask(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	c := Default()
	c.RedisURL = "redis://user:secret@r:6379"
	var out strings.Builder
	if err := Print(&out, Settings(c, nil)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "secret") || !strings.Contains(out.String(), "redis://user:xxxxx@r:6379") {
		t.Errorf("printed:\n%s", &out)
	}
}

func TestCheckEnvironment(t *testing.T) {
	if err := CheckEnvironment([]string{
		"PATH=/bin", "REDIS_URL=x", "TIERBOARD_ADDR=x", "TIERBOARD_DATA_DIR=x", "NOT_TIERBOARD_X=1", "TIERBOARD_DEMO",
	}); err != nil {
		t.Error(err)
	}
	err := CheckEnvironment([]string{"TIERBOARD_ADDRESS=x", "TIERBOARD_RATELIMIT=1", "TIERBOARD_XYLOPHONE_VOLUME=11"})
	want := "unknown environment variable TIERBOARD_ADDRESS, did you mean TIERBOARD_ADDR?\n" +
		"unknown environment variable TIERBOARD_RATELIMIT, did you mean TIERBOARD_RATE_LIMIT?\n" +
		"unknown environment variable TIERBOARD_XYLOPHONE_VOLUME"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	if err := Table(&out, Settings(Default(), nil)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if want := reflect.TypeFor[Config]().NumField() + 2; len(lines) != want {
		t.Errorf("%d lines, want %d", len(lines), want)
	}
	for _, line := range lines {
		if strings.Count(line, "|") != 5 {
			t.Errorf("not four columns: %s", line)
		}
	}
	want := "| `--addr` | `TIERBOARD_ADDR` | `127.0.0.1:8080` | Address of the page, the live stream and the probes. Port 0 picks a free one. |"
	if !slices.Contains(lines, want) {
		t.Errorf("no line %s in\n%s", want, &out)
	}
}

func TestOriginIsAskedForEachFlag(t *testing.T) {
	for _, s := range Settings(Default(), func(flag string) Origin {
		if flag == "ring" {
			return FromFlag
		}
		return FromEnvironment
	}) {
		if want := map[bool]Origin{true: FromFlag, false: FromEnvironment}[s.Flag == "--ring"]; s.Origin != want {
			t.Errorf("%s comes from %s, want %s", s.Flag, s.Origin, want)
		}
	}
}

// TestDistance holds the edit distance to its recursive definition.
func TestDistance(t *testing.T) {
	var plain func(a, b string) int
	plain = func(a, b string) int {
		switch {
		case a == "" || b == "":
			return len(a) + len(b)
		case a[0] == b[0]:
			return plain(a[1:], b[1:])
		}
		return 1 + min(plain(a[1:], b), plain(a, b[1:]), plain(a[1:], b[1:]))
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[AB_]{0,6}`)
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if got, want := distance(a, b), plain(a, b); got != want {
			t.Errorf("distance of %q and %q is %d, want %d", a, b, got, want)
		}
	})
}
