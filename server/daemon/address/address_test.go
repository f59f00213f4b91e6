package address

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"tierboard/server/config"
	"tierboard/server/metrics"
)

// TestURL tells where to reach what listens.
func TestURL(t *testing.T) {
	t.Parallel()
	for want, addr := range map[string]net.Addr{
		"http://127.0.0.1:80/": &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80},
		"http://127.0.0.1:81/": &net.TCPAddr{IP: net.IPv6unspecified, Port: 81},
		"http://[::1]:82/":     &net.TCPAddr{IP: net.IPv6loopback, Port: 82},
		"http://socket/":       &net.UnixAddr{Name: "socket"},
	} {
		if got := URL(addr); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// settings are those of a server that takes any port.
func settings() config.Config {
	c := config.Default()
	c.Addr, c.AdminAddr, c.EmbeddedRedisAddr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return c
}

// open opens the addresses of settings until the test ends.
func open(t *testing.T, c config.Config) *Openings {
	t.Helper()
	o, err := Open(t.Context(), c, metrics.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// TestOpenAddressesAreTold opens everything, with and without a Redis of the server's own.
func TestOpenAddressesAreTold(t *testing.T) {
	c := settings()
	own := open(t, c)
	c.RedisURL = "redis://10.0.0.7:6379"
	other := open(t, c)
	if own.RedisURL(settings()) != own.Redis.URL() || other.RedisURL(c) != c.RedisURL || other.Redis != nil {
		t.Errorf("%s, %s", own.RedisURL(settings()), other.RedisURL(c))
	}
	for o, lines := range map[*Openings]string{own: "tierboard: redis " + own.Redis.URL() + "\n", other: ""} {
		lines += "tierboard: page " + URL(o.Page.Addr()) + "\ntierboard: admin " + URL(o.Admin.Addr()) + "\n"
		var out strings.Builder
		if err := o.Print(&out); err != nil || out.String() != lines {
			t.Errorf("%v: %q, want %q", err, &out, lines)
		}
	}
	r, w := io.Pipe()
	gone := errors.New("gone")
	_ = r.CloseWithError(gone)
	if err := own.Print(w); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
	own.Close()
	own.Close() // does nothing
}

// TestTakenAddressesNameTheSetting asks for ports that another program has, and for addresses that nobody has.
func TestTakenAddressesNameTheSetting(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for setting, change := range map[string]func(*config.Config, string){
		"--addr (TIERBOARD_ADDR)":                               func(c *config.Config, to string) { c.Addr = to },
		"--admin-addr (TIERBOARD_ADMIN_ADDR)":                   func(c *config.Config, to string) { c.AdminAddr = to },
		"--embedded-redis-addr (TIERBOARD_EMBEDDED_REDIS_ADDR)": func(c *config.Config, to string) { c.EmbeddedRedisAddr = to },
	} {
		for to, why := range map[string]string{busy.Addr().String(): "another program uses the port", "203.0.113.77:1": "check " + setting} {
			c := settings()
			change(&c, to)
			_, err := Open(t.Context(), c, metrics.New(), slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), setting) || !strings.Contains(err.Error(), why) {
				t.Errorf("%s: got %v, want %s named and %q", to, err, setting, why)
			}
		}
	}
	if err := explain(fmt.Errorf("listen: %w", syscall.EACCES), "--addr"); !strings.Contains(err.Error(), "choose a port above 1023 with --addr") {
		t.Errorf("%v", err)
	}
}

// TestTheDefaultRedisPortGivesWay opens the embedded Redis at its default port twice.
func TestTheDefaultRedisPortGivesWay(t *testing.T) {
	c := settings()
	c.EmbeddedRedisAddr = config.Default().EmbeddedRedisAddr
	if a, b := open(t, c).Redis.URL(), open(t, c).Redis.URL(); a == b {
		t.Errorf("two of them have %s", a)
	}
}

// TestServersAreBounded holds a server to bounds on everything that a client may keep it waiting for.
func TestServersAreBounded(t *testing.T) {
	s := NewServer(http.NotFoundHandler(), time.Minute)
	if s.Handler == nil || s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout != time.Minute || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("%+v", s)
	}
}
