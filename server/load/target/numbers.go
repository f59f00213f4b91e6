package target

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"tierboard/shared/api"
)

// Numbers is what is known of the server at one moment. Differences of two moments are what happened between them.
type Numbers struct {
	CPU        time.Duration // since the server began, user and system
	RSS        int64         // resident memory in bytes
	Goroutines int
	InUse      int64 // bytes of heap and stacks in use
	values     map[string]float64
}

// Read asks the server and the kernel. With collect the server collects its garbage first, if it can be asked to.
func (t *Target) Read(ctx context.Context, collect bool) (Numbers, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if collect {
		for range 2 { // the second frees what the first one's finalizers held
			_, _ = get(ctx, t.admin+"/debug/pprof/heap?gc=1") // a page's address has no profiles
		}
	}
	text, err := get(ctx, t.admin+"/metrics")
	if err != nil {
		return Numbers{}, fmt.Errorf("metrics: %w", err)
	}
	n := Numbers{values: parse(text)}
	n.Goroutines = int(n.values["go_goroutines"])
	n.InUse = int64(n.values["go_memstats_heap_inuse_bytes"] + n.values["go_memstats_stack_inuse_bytes"])
	n.CPU = time.Duration(n.values["process_cpu_seconds_total"] * float64(time.Second))
	n.RSS = int64(n.values["process_resident_memory_bytes"])
	if t.pid > 0 {
		if n.CPU, n.RSS, err = usage(t.pid); err != nil {
			return Numbers{}, err
		}
	}
	return n, nil
}

// Window asks how long an event may wait for company at present, in milliseconds.
func (t *Target) Window(ctx context.Context) (float64, error) {
	body, err := get(ctx, "http://"+t.Addr+api.PathOps)
	if err != nil {
		return 0, fmt.Errorf("window: %w", err)
	}
	var ops api.Ops
	if err := json.Unmarshal(body, &ops); err != nil {
		return 0, fmt.Errorf("window: %w", err)
	}
	return ops.Hub.WindowMS, nil
}

// Has reports whether the server finds an event by its id.
func (t *Target) Has(ctx context.Context, id string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	address := "http://" + t.Addr + strings.Replace(api.PathPattern, "{id}", url.PathEscape(id), 1)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, fmt.Errorf("event: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // the status says all
	switch resp.StatusCode {
	case http.StatusOK:
		return true, nil
	case http.StatusNotFound:
		return false, nil
	}
	return false, fmt.Errorf("event: %s: %s", address, resp.Status)
}

// Settled waits until the server's memory has stopped to shrink, for at most a while: the runtime returns memory to the
// system slowly.
func (t *Target) Settled(ctx context.Context, atMost time.Duration) (Numbers, error) {
	deadline := time.Now().Add(atMost)
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	best, err := t.Read(ctx, true)
	for still := 0; err == nil && still < 4 && time.Now().Before(deadline); {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return best, ctx.Err()
		}
		var n Numbers
		if n, err = t.Read(ctx, false); err == nil {
			if still++; n.RSS < best.RSS-best.RSS/200 {
				still = 0
			}
			best = n
		}
	}
	return best, err
}

// Used asks the kernel alone for the CPU time since the server began and for its resident memory in bytes, so that a server with
// more to do than it can is not waited for. It is an error for a server whose process is not known.
func (t *Target) Used() (cpu time.Duration, rss int64, err error) {
	if t.pid <= 0 {
		return 0, 0, errors.New("the server's CPU time: its process is not known")
	}
	return usage(t.pid)
}

// usage reads /proc: CPU time and resident memory of a process.
func usage(pid int) (cpu time.Duration, rss int64, err error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0, fmt.Errorf("the server's CPU time: %w", err)
	}
	// The name, in parentheses, may hold anything, so count from its end: state is field 3.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 22 {
		return 0, 0, errors.New("the server's CPU time: /proc has another form")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	pages, err3 := strconv.ParseInt(fields[21], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return 0, 0, fmt.Errorf("the server's CPU time: %w", err)
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
	return time.Duration(user+system) * tick, pages * int64(os.Getpagesize()), nil
}

// parse reads Prometheus' text format: the value of each series by its name with labels.
func parse(text []byte) map[string]float64 {
	values := map[string]float64{}
	for in := bufio.NewScanner(bytes.NewReader(text)); in.Scan(); {
		line := in.Text()
		cut := strings.LastIndexByte(line, ' ')
		if cut < 0 || line[0] == '#' {
			continue
		}
		if v, err := strconv.ParseFloat(line[cut+1:], 64); err == nil {
			values[line[:cut]] = v
		}
	}
	return values
}

// Sum returns how much a counter grew since an earlier moment, over all its labels; labels that are given, in the form
// `reason="too_slow"`, must be among them.
func (n Numbers) Sum(since Numbers, name string, labels ...string) float64 {
	sum := 0.0
	for series, v := range n.values {
		rest, ok := strings.CutPrefix(series, name)
		if !ok || rest != "" && rest[0] != '{' {
			continue
		}
		if !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(rest, l) }) {
			sum += v - since.values[series]
		}
	}
	return sum
}

// Histogram is the growth of a Prometheus histogram.
type Histogram struct {
	upTo  []float64 // bounds in ascending order; the last is infinite
	count []float64 // observations at or below each bound
	Sum   float64
}

// Histogram returns how a histogram without labels of its own grew since an earlier moment.
func (n Numbers) Histogram(since Numbers, name string) Histogram {
	var h Histogram
	at := map[float64]float64{}
	for series, v := range n.values {
		rest, ok := strings.CutPrefix(series, name+`_bucket{le="`)
		if !ok {
			continue
		}
		bound, err := strconv.ParseFloat(strings.TrimSuffix(rest, `"}`), 64)
		if err != nil {
			continue
		}
		h.upTo = append(h.upTo, bound)
		at[bound] = v - since.values[series]
	}
	slices.Sort(h.upTo)
	for _, bound := range h.upTo {
		h.count = append(h.count, at[bound])
	}
	h.Sum = n.values[name+"_sum"] - since.values[name+"_sum"]
	return h
}

// Count is how many observations there were.
func (h Histogram) Count() float64 {
	if len(h.count) == 0 {
		return 0
	}
	return h.count[len(h.count)-1]
}

// Quantile returns the value below which a share q of the observations lies, taken to be spread evenly within a bucket.
// It is at most a bound exactly when the bucket says so. NaN without observations; beyond the last bound, infinity.
func (h Histogram) Quantile(q float64) float64 {
	want := q * h.Count()
	if want == 0 {
		return math.NaN()
	}
	low, below := 0.0, 0.0
	for i, bound := range h.upTo {
		if h.count[i] >= want {
			if math.IsInf(bound, 1) {
				return bound
			}
			return low + (bound-low)*(want-below)/(h.count[i]-below)
		}
		low, below = bound, h.count[i]
	}
	return math.Inf(1)
}

// Max returns a bound that no observation passed.
func (h Histogram) Max() float64 {
	for i, bound := range h.upTo {
		if h.count[i] == h.Count() {
			return bound
		}
	}
	return math.NaN()
}
