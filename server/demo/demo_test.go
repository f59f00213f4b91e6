package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"tierboard/shared/pattern"
)

// After an outage go-redis tries to dial for up to a second after Close.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// paper is a Publisher that writes everything down, and is away while down is true.
type paper struct {
	mu        sync.Mutex
	down      bool
	tries     int
	listeners int64
	messages  []string
	beats     []string
}

var errAway = errors.New("connection refused")

func (p *paper) Publish(_ context.Context, channel, payload string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	if p.down {
		return errAway
	}
	p.messages = append(p.messages, channel+" "+payload)
	return nil
}

func (p *paper) Set(_ context.Context, key, value string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	if p.down {
		return errAway
	}
	p.beats = append(p.beats, key+"="+value)
	return nil
}

func (p *paper) Listeners(context.Context, string) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return 0, errAway
	}
	return p.listeners, nil
}

func (p *paper) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down, p.tries = down, 0
}

func (p *paper) read() (messages, beats []string, tries int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.messages, p.beats, p.tries
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// run starts a demonstration in a synctest bubble and returns what ends it.
func run(t *testing.T, cfg Config, log *slog.Logger) (d *Demo, stop func()) {
	t.Helper()
	d, err := New(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return d, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	}
}

func TestTwoRunsWithAFixedClockGiveTheSameTape(t *testing.T) {
	tape := func() (messages []string) {
		synctest.Test(t, func(t *testing.T) {
			p := &paper{}
			d, stop := run(t, Config{Seed: 12, Publisher: p, Now: func() time.Time { return noon }}, quiet())
			time.Sleep(4 * time.Minute)
			synctest.Wait()
			stop()
			messages, _, _ = p.read()
			if d.Published() != uint64(len(messages)) || d.Lost() != 0 {
				t.Errorf("published %d, lost %d, received %d", d.Published(), d.Lost(), len(messages))
			}
		})
		return messages
	}
	one, two := tape(), tape()
	if d := cmp.Diff(one, two); d != "" {
		t.Errorf("tapes differ:\n%s", d)
	}
	if len(one) < 300 {
		t.Errorf("only %d messages in four minutes", len(one))
	}
}

func TestHeartbeatEveryHalfMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		begin := time.Now().Unix()
		_, stop := run(t, Config{Seed: 1, Publisher: p}, quiet())
		time.Sleep(91 * time.Second)
		synctest.Wait()
		stop()
		_, beats, _ := p.read()
		var want []string
		for i := range int64(4) {
			want = append(want, HeartbeatKey+"="+strconv.FormatInt(begin+30*i, 10))
		}
		if d := cmp.Diff(want, beats); d != "" {
			t.Error(d)
		}
	})
}

func TestRedisAwayAtTheStartLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{down: true}
		d, stop := run(t, Config{Seed: 1, Publisher: p}, quiet())
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, _, tries := p.read(); tries < 5 || tries > 40 {
			t.Errorf("%d tries in a minute, want a growing pause up to ten seconds", tries)
		}
		p.setDown(false)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		stop()
		messages, _, _ := p.read()
		if len(messages) == 0 || !strings.Contains(messages[0], "pattern_detected") || d.Lost() != 0 {
			t.Errorf("%d messages after the return, %d lost", len(messages), d.Lost())
		}
	})
}

func TestRedisAwayInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		var log bytes.Buffer
		d, stop := run(t, Config{Seed: 1, Publisher: p}, slog.New(slog.NewTextHandler(&log, nil)))
		time.Sleep(30 * time.Second)
		synctest.Wait()
		p.setDown(true)
		before := d.Published()
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, _, tries := p.read(); tries > 40 {
			t.Errorf("%d tries in a minute of outage", tries)
		}
		if d.Published() != before || d.Lost() < 60 {
			t.Errorf("published %d (before %d), lost %d: the simulation is to continue", d.Published(), before, d.Lost())
		}
		p.setDown(false)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		stop()
		if d.Published() < before+20 {
			t.Errorf("published %d after the return, %d before", d.Published(), before)
		}
		if n := strings.Count(log.String(), "cannot publish"); n != 1 {
			t.Errorf("the outage was logged %d times:\n%s", n, log.String())
		}
		if n := strings.Count(log.String(), "is back"); n != 1 {
			t.Errorf("its end was logged %d times", n)
		}
	})
}

func TestStartWaitsForAListener(t *testing.T) {
	for name, tc := range map[string]struct {
		listen time.Duration // when somebody subscribes
		want   time.Duration // when the first message may come
	}{
		"somebody comes": {2 * time.Second, 2 * time.Second},
		"nobody comes":   {time.Hour, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &paper{}
				d, stop := run(t, Config{Seed: 1, Publisher: p, SubscriberWait: 5 * time.Second}, quiet())
				time.AfterFunc(tc.listen, func() {
					p.mu.Lock()
					defer p.mu.Unlock()
					p.listeners = 1
				})
				time.Sleep(tc.want)
				if d.Published() != 0 {
					t.Error("published before anybody listened")
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if d.Published() == 0 {
					t.Error("published nothing")
				}
				stop()
			})
		})
	}
}

func TestEndWhileWaiting(t *testing.T) {
	for name, p := range map[string]*paper{"for Redis": {down: true}, "for a listener": {}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, stop := run(t, Config{Seed: 1, Publisher: p, SubscriberWait: time.Minute}, quiet())
				time.Sleep(time.Second)
				stop()
			})
		})
	}
}

// slow is a Publisher whose third write takes a minute, as after the machine slept.
type slow struct {
	paper
	writes int
}

func (s *slow) Publish(ctx context.Context, channel, payload string) error {
	if s.writes++; s.writes == 3 {
		time.Sleep(time.Minute)
	}
	return s.paper.Publish(ctx, channel, payload)
}

func TestALagIsNotCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		d, stop := run(t, Config{Seed: 1, Publisher: s}, quiet())
		time.Sleep(70 * time.Second)
		synctest.Wait()
		stop()
		if n := d.Published(); n < 10 || n > 120 {
			t.Errorf("%d messages after ten seconds of feed and a minute of standstill", n)
		}
	})
}

func TestConfigValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg  Config
		want string
	}{
		"no address":       {Config{}, "redis"},
		"no Redis URL":     {Config{Redis: "http://127.0.0.1:6379"}, "redis"},
		"too slow":         {Config{Redis: "127.0.0.1:6379", Speed: 0.01}, "speed"},
		"too fast":         {Config{Redis: "127.0.0.1:6379", Speed: 2000}, "speed"},
		"negative":         {Config{Redis: "127.0.0.1:6379", Speed: -1}, "speed"},
		"long run":         {Config{Redis: "127.0.0.1:6379", Run: strings.Repeat("x", 65)}, "run"},
		"wait too long":    {Config{Redis: "127.0.0.1:6379", SubscriberWait: time.Hour}, "subscriber_wait"},
		"address is fine":  {Config{Redis: "127.0.0.1:6379"}, ""},
		"URL is fine":      {Config{Redis: "redis://user:secret@127.0.0.1:6379/2", Speed: 5}, ""},
		"publisher is too": {Config{Publisher: &paper{}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.cfg.Validate()
			if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if err != nil {
				if _, err := New(tc.cfg, quiet()); err == nil {
					t.Error("New accepted it")
				}
			}
		})
	}
	if err := (Config{Redis: "redis://:secret@127.0.0.1:port"}).Validate(); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v, want one without the password", err)
	}
	if _, err := NewFeed(FeedConfig{Speed: -1}); err == nil {
		t.Error("a feed accepted a negative speed")
	}
}

// TestPatternNamesAreUnderstood holds every spelling the feed uses against the table of names.
func TestPatternNamesAreUnderstood(t *testing.T) {
	slugs := []string{
		"weekly_breakout", "support_break", "bull_flag", "bear_flag", "support_test", "resistance_test", "double_bottom", "double_top",
		"volume_spike", "vwap_break", "rsi_divergence", "opening_range_break", "setup_confirmation", "trend_break", "daily_entry",
	}
	for _, slug := range slugs {
		for _, spelling := range []string{underscored(slug), joined(slug), spaced(slug), registered(slug), slug} {
			if got := pattern.Slug(spelling); got != slug {
				t.Errorf("%q is read as %q, want %q", spelling, got, slug)
			}
		}
	}
}

// startRedis runs a real server on a free loopback port; stop kills it and waits.
func startRedis(t *testing.T, address string) (stop func()) {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	ready := false
	for !ready && lines.Scan() {
		ready = strings.Contains(lines.Text(), "Ready to accept connections")
	}
	if !ready {
		t.Fatal("redis-server did not start")
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, out)
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			_ = cmd.Process.Kill()
			<-drained
			_ = cmd.Wait()
		})
	}
	t.Cleanup(stop)
	return stop
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestOnRealRedis(t *testing.T) {
	address := freeAddress(t)
	stopRedis := startRedis(t, address)
	d, stop := run(t, Config{Redis: "redis://" + address, Seed: 1, Speed: 200, SubscriberWait: 30 * time.Second}, quiet())
	defer func() {
		if stop != nil {
			stop()
		}
	}()

	listen := func(want int) {
		t.Helper()
		client := redis.NewClient(&redis.Options{Addr: address})
		defer func() { _ = client.Close() }()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		sub := client.PSubscribe(ctx, "tickstock*")
		defer func() { _ = sub.Close() }()
		channels := map[string]int{}
		for range want {
			m, err := sub.ReceiveMessage(ctx)
			if err != nil {
				t.Fatalf("after %v: %v", channels, err)
			}
			channels[m.Channel]++
			if !json.Valid([]byte(m.Payload)) {
				t.Fatalf("no JSON: %s", m.Payload)
			}
		}
		if len(channels) < 4 {
			t.Errorf("only %v", channels)
		}
		beat, err := client.Get(ctx, HeartbeatKey).Int64()
		if age := time.Now().Unix() - beat; err != nil || age < 0 || age > 60 {
			t.Errorf("heartbeat %d, %d s old, %v", beat, age, err)
		}
	}
	listen(300)

	stopRedis()
	deadline := time.Now().Add(30 * time.Second)
	for d.Lost() == 0 {
		if time.Now().After(deadline) {
			t.Fatal("nothing was lost while Redis was away")
		}
		time.Sleep(time.Millisecond) // polling for the outage, not timing it
	}
	before := d.Published()
	startRedis(t, address)
	for d.Published() == before {
		if time.Now().After(deadline) {
			t.Fatal("the feed did not come back")
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	stop = nil
	if d.Published() < 300 {
		t.Errorf("published %d", d.Published())
	}
}

func TestRedisPublisherErrorsSayWhat(t *testing.T) {
	s, err := openRedis(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	ctx := t.Context()
	_, listenErr := s.Listeners(ctx, "c")
	for want, err := range map[string]error{
		"publish on c": s.Publish(ctx, "c", "x"), "set k": s.Set(ctx, "k", "v"), "count subscribers of c": listenErr,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := openRedis(""); err == nil {
		t.Error("an empty address was accepted")
	}
}
