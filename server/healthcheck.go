package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"tierboard/shared/api"
)

// healthcheckCommand asks a running server, for images without a shell.
type healthcheckCommand struct {
	Addr string `env:"TIERBOARD_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address of the server."`
}

// Run returns nil when the server answers that it lives.
func (c *healthcheckCommand) Run(ctx context.Context) error {
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return usage(fmt.Errorf("--addr: %q is not host:port", c.Addr))
	}
	// A server that listens on every address is asked over loopback.
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + api.PathHealth
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return usage(fmt.Errorf("--addr: %w", err))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: %s answers %s", url, response.Status)
	}
	return nil
}
