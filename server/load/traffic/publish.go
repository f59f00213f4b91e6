package traffic

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Publisher is one pipelined connection to Redis. It is hand-written because the load must be lighter than what it loads:
// a command costs the copy of its bytes.
type Publisher struct {
	conn    net.Conn
	read    *bufio.Reader
	unheard atomic.Int64
}

// Connect opens the connection of a redis:// URL with its password and database.
func Connect(ctx context.Context, address string) (*Publisher, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "redis" || u.Host == "" {
		return nil, errors.New("redis: the address is no redis://host:port") // it may hold a password
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "6379")
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	p := &Publisher{conn: conn, read: bufio.NewReader(conn)}
	commands := [][]string{{"PING"}}
	if password, ok := u.User.Password(); ok {
		auth := []string{"AUTH", password}
		if name := u.User.Username(); name != "" {
			auth = []string{"AUTH", name, password}
		}
		commands = append([][]string{auth}, commands...)
	}
	for _, c := range commands {
		if err := p.ask(c); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("redis: %s: %w", c[0], err)
		}
	}
	return p, nil
}

// ask sends one command and reads its one-line answer.
func (p *Publisher) ask(command []string) error {
	b := fmt.Appendf(nil, "*%d\r\n", len(command))
	for _, arg := range command {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if err := p.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := p.conn.Write(b); err != nil {
		return err
	}
	line, err := p.read.ReadString('\n')
	if err != nil {
		return err
	}
	if strings.HasPrefix(line, "-") {
		return errors.New(strings.TrimSpace(line[1:]))
	}
	return p.conn.SetDeadline(time.Time{})
}

// Close ends the connection.
func (p *Publisher) Close() error { return p.conn.Close() }

// Plan is what to publish: Events events, Rate a second, each with the shape that Shape gives its number.
type Plan struct {
	Events int
	Rate   float64
	Shape  func(n int) int
	// Sending is called just before the events from..to-1 are written.
	Sending func(from, to int, at time.Time)
}

// Outcome is how publishing went.
type Outcome struct {
	Sent    int
	Unheard int           // events that Redis had no subscriber for
	Late    time.Duration // the longest that an event left after its time
	Took    time.Duration
}

// pace is how often the publisher looks what is due.
const pace = time.Millisecond

// Run publishes to the end of the plan or until ctx ends, and waits for Redis to have taken everything. It may be called
// once.
func (p *Publisher) Run(ctx context.Context, t *Traffic, plan Plan) (Outcome, error) {
	stop := context.AfterFunc(ctx, func() { _ = p.conn.Close() }) // frees a write or read that hangs
	defer stop()
	answered := make(chan error, 1)
	go func() { answered <- p.drain(plan.Events) }()
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	var out Outcome
	var b []byte
	start := time.Now()
	for out.Sent < plan.Events {
		now := time.Now()
		due := min(int(now.Sub(start).Seconds()*plan.Rate)+1, plan.Events)
		if due > out.Sent {
			out.Late = max(out.Late, now.Sub(start)-time.Duration(float64(out.Sent)/plan.Rate*float64(time.Second)))
			b = b[:0]
			for n := out.Sent; n < due; n++ {
				b = t.Append(b, n, plan.Shape(n), now)
			}
			plan.Sending(out.Sent, due, time.Now())
			if _, err := p.conn.Write(b); err != nil {
				return out, p.fault(ctx, err, answered)
			}
			out.Sent = due
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return out, p.fault(ctx, ctx.Err(), answered)
		}
	}
	out.Took = time.Since(start)
	if err := <-answered; err != nil {
		return out, p.fault(ctx, err, nil)
	}
	out.Unheard = int(p.unheard.Load())
	return out, nil
}

// fault prefers what Redis said to what the connection's end looks like.
func (p *Publisher) fault(ctx context.Context, err error, answered <-chan error) error {
	_ = p.conn.Close()
	if answered != nil {
		if said := <-answered; said != nil {
			err = said
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("publish: %w", err)
}

// drain reads the answers: how many subscribers each event reached.
func (p *Publisher) drain(n int) error {
	for range n {
		line, err := p.read.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line[0] != ':' {
			return fmt.Errorf("redis answered %q", strings.TrimSpace(string(line)))
		}
		heard, err := strconv.Atoi(strings.TrimSpace(string(line[1:])))
		if err != nil {
			return fmt.Errorf("redis answered %q", line)
		}
		if heard == 0 {
			p.unheard.Add(1)
		}
	}
	return nil
}
