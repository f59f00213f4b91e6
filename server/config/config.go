// Package config holds every setting of the server in one struct: its flag, environment variable, default, meaning and
// allowed range.
//
// A flag wins over the environment, and that over the default. The struct's tags are read by the command-line parser
// and by Settings, so help, `--print-config` and the table in the README cannot differ. Nothing else in the server reads
// the environment.
package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Config is every setting of the server. The zero Config is not valid; start from Default.
type Config struct {
	// Addr is where pages, sockets and probes are served, host:port. Port 0 picks a free one.
	Addr string `name:"addr" env:"TIERBOARD_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address of the page, the live stream and the probes. Port 0 picks a free one."`
	// AdminAddr is where metrics and profiles are served, host:port.
	AdminAddr string `name:"admin-addr" env:"TIERBOARD_ADMIN_ADDR" default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Address of Prometheus metrics and profiles. Port 0 picks a free one."`
	// InsecureOpen allows addresses that other machines reach, although nobody has to sign in.
	InsecureOpen bool `name:"insecure-open" env:"TIERBOARD_INSECURE_OPEN" help:"Allow addresses that other machines can reach, although nobody has to sign in."`
	// Hosts are the names, besides loopback ones, under which browsers reach the server.
	Hosts []string `name:"hosts" env:"TIERBOARD_HOSTS" placeholder:"NAME" help:"Names, without port, under which browsers reach the server, besides localhost and loopback addresses."`
	// Origins are the origins of pages, besides the server's own, that may open the live stream.
	Origins []string `name:"origins" env:"TIERBOARD_ORIGINS" placeholder:"ORIGIN" help:"Origins of other sites whose pages may open the live stream, such as https://board.example.com."`

	// RedisURL is the producer's Redis; empty means the embedded one.
	RedisURL string `name:"redis-url" env:"REDIS_URL" placeholder:"URL" help:"Redis the producer publishes on, redis:// or rediss://. Without one, a Redis inside this process is started."`
	// EmbeddedRedisAddr is where the embedded Redis listens, host:port; unused with RedisURL. The default gives way to a
	// free port when it is taken.
	EmbeddedRedisAddr string `name:"embedded-redis-addr" env:"TIERBOARD_EMBEDDED_REDIS_ADDR" default:"127.0.0.1:6380" placeholder:"HOST:PORT" help:"Address of the embedded Redis, which is printed. Port 0 picks a free one, and so does the default when it is taken."`
	// RedisChannels and RedisPatterns are what is subscribed to.
	RedisChannels []string `name:"redis-channels" env:"TIERBOARD_REDIS_CHANNELS" default:"${redis_channels}" placeholder:"CHANNEL" help:"Channels to subscribe to."`
	RedisPatterns []string `name:"redis-patterns" env:"TIERBOARD_REDIS_PATTERNS" placeholder:"GLOB" help:"Channel patterns to subscribe to as well. A message on a channel that is named above too arrives twice and is recognised as a duplicate."`
	// RedisStreams are the keys of streams that are read as well, from where the last server stopped.
	RedisStreams []string `name:"redis-streams" env:"TIERBOARD_REDIS_STREAMS" placeholder:"KEY" help:"Redis streams to read as well, whose entries have the fields channel and payload: what is added while the server is away is read when it is back."`
	// HeartbeatKey is the key the producer writes the time to; empty for none.
	HeartbeatKey string `name:"heartbeat-key" env:"TIERBOARD_HEARTBEAT_KEY" default:"tickstock:producer:heartbeat" placeholder:"KEY" help:"Key the producer writes the time to, read every 15 s. Empty for none."`
	// IngestQueue bounds the messages that wait for classification; at the bound the oldest goes.
	IngestQueue int `name:"ingest-queue" env:"TIERBOARD_INGEST_QUEUE" default:"16384" help:"Messages that may wait for classification. Beyond it the oldest are dropped and counted."`

	// WindowMin and WindowMax bound the longest an event waits for company: the first while there is time to spare, the
	// second under full load.
	WindowMin time.Duration `name:"window-min" env:"TIERBOARD_WINDOW_MIN" default:"10ms" help:"Longest an event waits for company after the last frame of its session while the server has time to spare, 0 to 100ms."`
	WindowMax time.Duration `name:"window-max" env:"TIERBOARD_WINDOW_MAX" default:"80ms" help:"Longest an event waits for company under full load, window-min to 100ms. In between, the wait grows with the load."`
	// RateLimit is how many live events a session gets in any one second; 0 means no limit.
	RateLimit int `name:"rate-limit" env:"TIERBOARD_RATE_LIMIT" default:"100" help:"Live events a session gets in any one second; the rest is counted and announced. 0 for no limit."`
	// Ring is how many events are kept in memory for snapshots and replays.
	Ring int `name:"ring" env:"TIERBOARD_RING" default:"65536" help:"Events kept in memory for snapshots and replays."`
	// MaxSessions is how many live streams may be open at once.
	MaxSessions int `name:"max-sessions" env:"TIERBOARD_MAX_SESSIONS" default:"20000" help:"Live streams that may be open at once."`
	// MaxSessionsPerAddress is how many of them one remote address may hold; loopback may hold any number.
	MaxSessionsPerAddress int `name:"max-sessions-per-address" env:"TIERBOARD_MAX_SESSIONS_PER_ADDRESS" default:"64" help:"Live streams that one remote address may hold; loopback may hold any number. Behind a proxy all users have its address."`

	// DatabaseURL is the PostgreSQL database of the archive; empty means SQLite in DataDir.
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"PostgreSQL database of the archive, postgres://user:password@host:port/name. Without one, an SQLite file in the data directory."`
	// DataDir is where SQLite's file lies, and what waits while the database is away.
	DataDir string `name:"data-dir" env:"TIERBOARD_DATA_DIR" default:"tierboard-data" placeholder:"DIR" help:"Directory of the SQLite file and of what waits while the database is away. With --demo a part of it, emptied at each start."`
	// KeepIntraday, KeepDaily and KeepCombo are how many days the archive keeps events of a tier; 0 keeps them for ever.
	KeepIntraday int `name:"keep-intraday" env:"TIERBOARD_KEEP_INTRADAY" default:"30" placeholder:"DAYS" help:"Days the archive keeps intraday events; 0 for ever."`
	KeepDaily    int `name:"keep-daily" env:"TIERBOARD_KEEP_DAILY" default:"400" placeholder:"DAYS" help:"Days the archive keeps daily events; 0 for ever."`
	KeepCombo    int `name:"keep-combo" env:"TIERBOARD_KEEP_COMBO" default:"400" placeholder:"DAYS" help:"Days the archive keeps combo events; 0 for ever."`
	// SpillMB bounds the files in which events wait while the database is away, in megabytes.
	SpillMB int `name:"spill-mb" env:"TIERBOARD_SPILL_MB" default:"2048" placeholder:"MB" help:"Megabytes of events that may wait in files while the database is away; beyond it the oldest intraday events go, counted."`
	// RequestsPerMinute is how many REST requests a user may make in any one minute.
	RequestsPerMinute int `name:"requests-per-minute" env:"TIERBOARD_REQUESTS_PER_MINUTE" default:"6000" help:"REST requests a user may make in any one minute."`
	// ExportsPerMinute is how many of them may be exports.
	ExportsPerMinute int `name:"exports-per-minute" env:"TIERBOARD_EXPORTS_PER_MINUTE" default:"30" help:"Exports (CSV or NDJSON without a limit) among them."`
	// RateLimitFields adds the IETF draft's fields to the REST API's answers.
	RateLimitFields bool `name:"ratelimit-fields" env:"TIERBOARD_RATELIMIT_FIELDS" help:"Send RateLimit and RateLimit-Policy of the IETF's draft beside X-RateLimit-Limit, -Remaining and -Reset."`
	// CORSOrigins are the origins whose pages may read the REST API.
	CORSOrigins []string `name:"cors-origins" env:"TIERBOARD_CORS_ORIGINS" placeholder:"ORIGIN" help:"Origins of other sites whose pages may use the REST API. None by default."`

	// LogFormat is text or json.
	LogFormat string `name:"log-format" env:"TIERBOARD_LOG_FORMAT" default:"text" help:"Form of the log on standard error: text or json."`
	// LogLevel is debug, info, warn or error.
	LogLevel string `name:"log-level" env:"TIERBOARD_LOG_LEVEL" default:"info" help:"Least urgent lines to log: debug, info, warn or error."`
	// Drain is the pause between telling load balancers to go elsewhere and closing sessions.
	Drain time.Duration `name:"drain" env:"TIERBOARD_DRAIN" default:"0s" help:"How long a stopping server answers /readyz with 503 before it closes sessions, at most 15s."`
	// Demo feeds invented detections, through the embedded Redis only.
	Demo bool `name:"demo" env:"TIERBOARD_DEMO" help:"Publish invented detections of an invented market on the embedded Redis, and mark the page."`
}

// Default returns the settings of a server that was told nothing.
func Default() Config {
	return Config{
		Addr:                  "127.0.0.1:8080",
		AdminAddr:             "127.0.0.1:9090",
		EmbeddedRedisAddr:     "127.0.0.1:6380",
		RedisChannels:         DefaultChannels(),
		HeartbeatKey:          "tickstock:producer:heartbeat",
		IngestQueue:           16384,
		WindowMin:             10 * time.Millisecond,
		WindowMax:             80 * time.Millisecond,
		RateLimit:             100,
		Ring:                  65536,
		MaxSessions:           20000,
		MaxSessionsPerAddress: 64,
		DataDir:               "tierboard-data",
		KeepIntraday:          30,
		KeepDaily:             400,
		KeepCombo:             400,
		SpillMB:               2048,
		RequestsPerMinute:     6000,
		ExportsPerMinute:      30,
		LogFormat:             "text",
		LogLevel:              "info",
	}
}

// DefaultChannels returns every channel of the producer's contract that carries patterns, outcomes, sessions or health:
// the dot names of its first years and the colon names of the later ones, which it used side by side.
func DefaultChannels() []string {
	return []string{
		"tickstock.events.patterns",
		"tickstock.events.patterns.daily",
		"tickstock.events.patterns.intraday",
		"tickstock.events.patterns.combo",
		"tickstock.events.patterns.detection",
		"tickstock.events.patterns.batch",
		"tickstock.events.patterns.outcomes",
		"tickstock:patterns:streaming",
		"tickstock:patterns:detected",
		"tickstock:patterns:daily",
		"tickstock:patterns:intraday",
		"tickstock:streaming:session_started",
		"tickstock:streaming:session_stopped",
		"tickstock:streaming:health",
		"tickstock.health.status",
		"tickstock.events.system.health",
		"tickstock.events.health",
	}
}

// Bounds that are nobody's taste.
const (
	maxWindow = 100 * time.Millisecond // the promise is delivery in less than 100 ms
	maxDrain  = 15 * time.Second       // leaves ten seconds of the 25 a stop may take

	maxStreams    = 64  // each has a connection
	maxStreamName = 512 // bytes; its position is kept under it
)

// Validate reports the first setting that is out of range. The error names its flag and its variable.
func (c Config) Validate() error {
	for _, a := range []struct{ field, addr string }{
		{"Addr", c.Addr}, {"AdminAddr", c.AdminAddr}, {"EmbeddedRedisAddr", c.EmbeddedRedisAddr},
	} {
		if a.field == "EmbeddedRedisAddr" && c.RedisURL != "" {
			continue
		}
		if err := c.checkAddr(a.addr); err != nil {
			return bad(a.field, "%w", err)
		}
	}
	if c.RedisURL != "" {
		if c.Demo {
			return bad("Demo", "would mix invented detections into the feed of --redis-url (REDIS_URL); `tierboard demo` "+
				"publishes to a Redis you name")
		}
		u, err := url.Parse(c.RedisURL)
		switch {
		case err != nil:
			return bad("RedisURL", "not a URL") // the error would repeat the password
		case !slices.Contains([]string{"redis", "rediss", "unix"}, u.Scheme):
			return bad("RedisURL", "%q is none of redis://, rediss://, unix://", u.Scheme+"://")
		}
	}
	if c.DatabaseURL != "" {
		if c.Demo {
			return bad("Demo", "would mix invented detections into the archive of --database-url (DATABASE_URL)")
		}
		u, err := url.Parse(c.DatabaseURL)
		switch {
		case err != nil:
			return bad("DatabaseURL", "not a URL") // the error would repeat the password
		case u.Scheme != "postgres" && u.Scheme != "postgresql":
			return bad("DatabaseURL", "%q is not postgres://", u.Scheme+"://")
		}
	}
	for field, origins := range map[string][]string{"Origins": c.Origins, "CORSOrigins": c.CORSOrigins} {
		for _, origin := range origins {
			u, err := url.Parse(origin)
			if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Scheme+"://"+u.Host != origin {
				return bad(field, "%q is no origin such as https://board.example.com", origin)
			}
		}
	}
	switch {
	case slices.Contains(c.Hosts, ""):
		return bad("Hosts", "holds an empty name")
	case len(c.RedisChannels)+len(c.RedisPatterns)+len(c.RedisStreams) == 0:
		return bad("RedisChannels", "without channels, patterns and streams nothing would ever arrive")
	case slices.Contains(c.RedisStreams, ""):
		return bad("RedisStreams", "holds an empty name")
	case len(c.RedisStreams) > maxStreams:
		return bad("RedisStreams", "%d are more than %d", len(c.RedisStreams), maxStreams)
	case slices.ContainsFunc(c.RedisStreams, func(name string) bool { return len(name) > maxStreamName || !utf8.ValidString(name) }):
		return bad("RedisStreams", "holds a name that is no text or has more than %d bytes", maxStreamName)
	case slices.Contains(c.RedisChannels, ""):
		return bad("RedisChannels", "holds an empty name")
	case slices.Contains(c.RedisPatterns, ""):
		return bad("RedisPatterns", "holds an empty pattern")
	case c.WindowMin < 0 || c.WindowMin > maxWindow:
		return bad("WindowMin", "%v is not within 0s and %v", c.WindowMin, maxWindow)
	case c.WindowMax < c.WindowMin || c.WindowMax > maxWindow:
		return bad("WindowMax", "%v is not within window-min (%v) and %v", c.WindowMax, c.WindowMin, maxWindow)
	case c.Drain < 0 || c.Drain > maxDrain:
		return bad("Drain", "%v is not within 0s and %v", c.Drain, maxDrain)
	case c.DataDir == "":
		return bad("DataDir", "is empty")
	case c.LogFormat != "text" && c.LogFormat != "json":
		return bad("LogFormat", "%q is none of text, json", c.LogFormat)
	}
	if _, err := c.Level(); err != nil {
		return err
	}
	for _, n := range []struct {
		field            string
		value, low, high int
	}{
		{"IngestQueue", c.IngestQueue, 16, 1 << 22},
		{"RateLimit", c.RateLimit, 0, 100_000},
		{"Ring", c.Ring, 1024, 1 << 24},
		{"MaxSessions", c.MaxSessions, 1, 1_000_000},
		{"KeepIntraday", c.KeepIntraday, 0, 100_000},
		{"KeepDaily", c.KeepDaily, 0, 100_000},
		{"KeepCombo", c.KeepCombo, 0, 100_000},
		{"SpillMB", c.SpillMB, 1, 1 << 20},
		{"RequestsPerMinute", c.RequestsPerMinute, 1, 10_000_000},
		{"ExportsPerMinute", c.ExportsPerMinute, 1, 10_000_000},
		{"MaxSessionsPerAddress", c.MaxSessionsPerAddress, 1, 1_000_000},
	} {
		if n.value < n.low || n.value > n.high {
			return bad(n.field, "%d is not within %d and %d", n.value, n.low, n.high)
		}
	}
	return nil
}

// Level returns LogLevel for slog.
func (c Config) Level() (slog.Level, error) {
	switch c.LogLevel {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, bad("LogLevel", "%q is none of debug, info, warn, error", c.LogLevel)
}

// checkAddr tells why the server must not listen on addr.
func (c Config) checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port", addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q: the port is not within 0 and 65535", addr)
	}
	if !c.InsecureOpen && !Loopback(addr) {
		return fmt.Errorf("%q can be reached by other machines, and nobody has to sign in: use 127.0.0.1, or allow it "+
			"with --insecure-open (TIERBOARD_INSECURE_OPEN=true)", addr)
	}
	return nil
}

// Loopback reports whether only this machine reaches addr, host:port. An empty host is every address.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
