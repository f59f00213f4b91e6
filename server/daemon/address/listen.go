package address

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"tierboard/server/session/turn"
)

// listen opens a TCP address for the setting that names it. Errors say what to do.
func listen(ctx context.Context, addr, setting string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, explain(err, setting))
	}
	return turn.Listener(l), nil
}

// explain says which setting is to blame for an address that cannot be had.
func explain(err error, setting string) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("another program uses the port; stop it, or choose another address with %s (port 0 takes a free one): %w", setting, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("not allowed; choose a port above 1023 with %s: %w", setting, err)
	}
	return fmt.Errorf("check %s: %w", setting, err)
}

// URL returns the address to open in a browser. A server that listens on every address is reached by this machine
// over loopback.
func URL(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return "http://" + a.String() + "/"
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port)) + "/"
}

// NewServer returns a server with limits on what a client may hold: slow headers, slow bodies, slow reading, idling; an answer may
// take write.
// A WebSocket leaves them behind when it is taken over.
func NewServer(h http.Handler, write time.Duration) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      write,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}
