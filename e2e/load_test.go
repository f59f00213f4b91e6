package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/e2e/stack"
	"tierboard/server/load/report"
)

// runLoad runs the built binary's load test and returns its report. Only exactness is looked at: times depend on what else
// the machine does.
func runLoad(t *testing.T, args ...string) *report.Report {
	t.Helper()
	binary := os.Getenv(stack.BinaryVar)
	if binary == "" {
		root, err := stack.RepoRoot()
		if err != nil {
			t.Fatal(err)
		}
		binary = filepath.Join(root, "tierboard")
	}
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"load", "--json"}, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, stack.BinaryVar+"=") })
	cmd.WaitDelay = stack.ReadyTimeout
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v (`make build` builds the binary)", err)
	}
	var found report.Report
	if bad := json.Unmarshal(stdout.Bytes(), &found); bad != nil {
		t.Fatalf("load %v: %v, and no report: %v\n%s", args, err, bad, &stderr)
	}
	if err != nil || !found.Exact.OK() {
		t.Errorf("load %v: %v; delivery was not exact: %+v", args, err, found.Exact)
	}
	return &found
}

func TestLoadDeliversExactly(t *testing.T) {
	found := runLoad(t, "spec", "--users", "200", "--seconds", "5")
	if x := found.Exact; x.Sessions < 200 || x.Received < 1000 {
		t.Errorf("%d sessions got %d events: too little to show anything", x.Sessions, x.Received)
	}
	if run := found.Runs[0]; run.Published < 1000 || run.Live.Count == 0 || run.Quiet.Count == 0 || run.CPUPerEvent <= 0 || run.Goroutines == 0 {
		t.Errorf("%+v: a number is missing", run)
	}
}

func TestLoadDeliversExactlyThroughChurn(t *testing.T) {
	found := runLoad(t, "churn", "--users", "100", "--seconds", "5")
	if x := found.Exact; x.Cuts < 50 || x.Eras < 300 || x.Received < 1000 {
		t.Errorf("%d cuts, %d subscriptions, %d events: too little to show anything", x.Cuts, x.Eras, x.Received)
	}
}

// TestLoadHoldsTheBudgets compares the budgets that the load test reports against with those kept here.
func TestLoadHoldsTheBudgets(t *testing.T) {
	for name, pair := range map[string][2]time.Duration{
		"MatchMedian":        {report.MatchMedian, MatchMedian},
		"MatchP99":           {report.MatchP99, MatchP99},
		"DeliveryMedian":     {report.DeliveryMedian, DeliveryMedian},
		"DeliveryP99":        {report.DeliveryP99, DeliveryP99},
		"DeliveryOverWindow": {report.DeliveryOverWindow, DeliveryOverWindow},
		"DeliveryLimit":      {report.DeliveryLimit, DeliveryLimit},
		"QuietMedian":        {report.QuietMedian, QuietMedian},
		"QuietP99":           {report.QuietP99, QuietP99},
		"StuckDisturbTime":   {report.StuckDisturbTime, StuckDisturbTime},
		"ArchiveDrain":       {report.ArchiveDrain, ArchiveDrain},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v in the load test and %v here", name, pair[0], pair[1])
		}
	}
	for name, pair := range map[string][2]float64{
		"SessionBytes":      {report.SessionBytes, SessionBytes},
		"DeliveryInWindow":  {report.DeliveryInWindow, DeliveryInWindow},
		"StuckDisturb":      {report.StuckDisturb, StuckDisturb},
		"StuckBytes":        {report.StuckBytes, StuckBytes},
		"ConnectsPerSecond": {report.ConnectsPerSecond, ConnectsPerSecond},
		"ConnectsDisturb":   {report.ConnectsDisturb, ConnectsDisturb},
		"IngestPerSecond":   {report.IngestPerSecond, IngestPerSecond},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v in the load test and %v here", name, pair[0], pair[1])
		}
	}
}
