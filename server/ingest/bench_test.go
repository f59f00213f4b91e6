//go:build unix

package ingest

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tierboard/e2e/stack"
	"tierboard/server/classify"
	"tierboard/server/health/producer"
	"tierboard/server/metrics"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// taker counts events and encodes each, as the hub would for its first session.
type taker struct {
	n   atomic.Int64
	buf []byte // of the one goroutine that publishes
}

func (k *taker) Publish(_ context.Context, e *event.Event) (bool, error) {
	k.buf = wire.AppendEvent(k.buf[:0], e, wire.MsgPack)
	k.n.Add(1)
	return true, nil
}

func (k *taker) Ingest(bool, time.Time)                       {}
func (k *taker) Message(time.Time)                            {}
func (k *taker) EventAccepted(string, time.Time)              {}
func (k *taker) Heartbeat(time.Time)                          {}
func (k *taker) SessionEdge(string, producer.Edge, time.Time) {}
func (k *taker) ProducerHealth(producer.Sample)               {}

// BenchmarkIngest measures the CPU time of a message that is read, classified and encoded, and its ratio to a bare loop of receives,
// in turns in the same run. Another process publishes: at a steady rate, or all at once as fast as Redis takes it.
func BenchmarkIngest(b *testing.B) {
	server := stack.Redis(b)
	address, err := url.Parse(server.URL())
	if err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	for _, load := range []struct {
		name    string
		command func() *exec.Cmd
	}{
		{"steady", func() *exec.Cmd {
			cmd := exec.CommandContext(b.Context(), self)
			cmd.Env = append(os.Environ(), publisherEnv+"="+address.Host)
			return cmd
		}},
		{"burst", func() *exec.Cmd {
			return exec.CommandContext(b.Context(), "redis-benchmark", "-p", address.Port(), "-n", strconv.Itoa(benchMessages), "-c", "1", "-P", "16",
				"-r", "1000000000", "-q", "publish", benchChannel, benchDetection)
		}},
	} {
		b.Run(load.name, func(b *testing.B) {
			publish := func() {
				b.Helper()
				if out, err := load.command().CombinedOutput(); err != nil {
					b.Fatalf("publish: %v: %s", err, out)
				}
			}
			var ours, bare []float64
			for b.Loop() {
				for range 3 {
					ours = append(ours, benchIngest(b, server.URL(), publish))
					bare = append(bare, benchReceive(b, server.URL(), publish))
				}
			}
			slices.SortFunc(ours, cmp.Compare[float64])
			slices.SortFunc(bare, cmp.Compare[float64])
			b.ReportMetric(ours[len(ours)/2], "µs/message")
			b.ReportMetric(bare[len(bare)/2], "bare-µs/message")
			b.ReportMetric(ours[len(ours)/2]/bare[len(bare)/2], "x-bare")
		})
	}
}

// benchIngest returns the microseconds of CPU time that a round's messages took each.
func benchIngest(b *testing.B, address string, publish func()) float64 {
	b.Helper()
	cfg := Default()
	cfg.URL, cfg.Channels, cfg.QueueLength = address, []string{benchChannel}, 2*benchMessages
	k := &taker{}
	m := metrics.New()
	in, err := New(cfg, benchClassifier(b), Sinks{Events: k, Health: k}, m, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx) }()
	benchListened(b, address)
	spent := benchCPU(b)
	publish()
	for end := time.Now().Add(time.Minute); k.n.Load() < benchMessages; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("%d of %d messages became events", k.n.Load(), benchMessages)
		}
	}
	spent = benchCPU(b) - spent
	stop()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	return float64(spent.Microseconds()) / benchMessages
}

// benchReceive is the same for a loop that only receives.
func benchReceive(b *testing.B, address string, publish func()) float64 {
	b.Helper()
	opt, err := redis.ParseURL(address)
	if err != nil {
		b.Fatal(err)
	}
	client := redis.NewClient(opt)
	defer client.Close()
	sub := client.Subscribe(b.Context(), benchChannel)
	defer sub.Close()
	if _, err := sub.Receive(b.Context()); err != nil {
		b.Fatal(err)
	}
	got := make(chan error, 1)
	spent := benchCPU(b)
	go func() {
		for range benchMessages {
			if _, err := sub.ReceiveTimeout(b.Context(), time.Minute); err != nil {
				got <- err
				return
			}
		}
		got <- nil
	}()
	publish()
	if err := <-got; err != nil {
		b.Fatal(err)
	}
	return float64((benchCPU(b) - spent).Microseconds()) / benchMessages
}

// benchListened waits until somebody listens.
func benchListened(b *testing.B, address string) {
	b.Helper()
	opt, err := redis.ParseURL(address)
	if err != nil {
		b.Fatal(err)
	}
	client := redis.NewClient(opt)
	defer client.Close()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		n, err := client.PubSubNumSub(b.Context(), benchChannel).Result()
		if err == nil && n[benchChannel] > 0 {
			return
		}
		if time.Now().After(end) {
			b.Fatalf("nobody listens: %v", err)
		}
	}
}

// benchCPU returns the CPU time of this process.
func benchCPU(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWork measures what the worker does with a message, in its parts.
func BenchmarkWork(b *testing.B) {
	classifier, payload, now := benchClassifier(b), []byte(benchDetection), time.Now()
	e := classifier.Classify(benchChannel, payload, now).Events[0]
	b.Run("classify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			classifier.Classify(benchChannel, payload, now)
		}
	})
	b.Run("encode", func(b *testing.B) {
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			buf = wire.AppendEvent(buf[:0], e, wire.MsgPack)
		}
	})
}

// benchClassifier returns a Classifier for a day with a regular session.
func benchClassifier(b *testing.B) *classify.Classifier {
	b.Helper()
	cfg := classify.DefaultConfig()
	cfg.SessionOf = func(time.Time) (event.Session, string) { return event.Regular, "2026-11-23" }
	classifier, err := classify.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	return classifier
}
