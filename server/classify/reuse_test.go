package classify_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierboard/server/classify/found"
	"tierboard/shared/event"
)

// TestTextsDoNotMeet classifies every sample again and again on one Classifier, by several goroutines at once, and compares
// with a Classifier that has never seen another text: the memory that texts share must not show, neither at once nor in results
// that were kept.
func TestTextsDoNotMeet(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("samples: %v, %d", err, len(files))
	}
	type job struct {
		channel string
		text    []byte
		want    found.Result
	}
	received := at("2025-09-15T14:30:01Z")
	var jobs []job
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, channel := range []string{"tickstock.events.patterns", "tickstock:patterns:streaming", "tickstock.events.patterns.outcomes", "tickstock:streaming:health"} {
			jobs = append(jobs, job{channel, text, newClassifier(t, nil).Classify(channel, text, received)})
		}
	}
	numbers := cmp.AllowUnexported(event.Number{})
	shared := newClassifier(t, nil)
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for turn := range 5 {
				got := make([]found.Result, len(jobs))
				for i := range jobs {
					n := (i + 7*turn) % len(jobs) // each turn in another order
					if turn%2 == 1 {
						n = len(jobs) - 1 - n
					}
					got[n] = shared.Classify(jobs[n].channel, jobs[n].text, received)
				}
				for i := range jobs {
					if diff := cmp.Diff(jobs[i].want, got[i], numbers); diff != "" {
						t.Errorf("%s: %s\n%s", jobs[i].channel, jobs[i].text, diff)
						return
					}
				}
			}
		})
	}
	running.Wait()
}
