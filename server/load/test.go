package load

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tierboard/server/load/gauge"
	"tierboard/server/load/report"
	"tierboard/server/load/scenario"
	"tierboard/server/load/target"
)

// Test runs the scenario on the target that cfg names.
func Test(ctx context.Context, cfg Config) (found *report.Report, err error) {
	s, err := scenario.Find(cfg.Scenario, cfg.Changes)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the flag
	}
	sessions := s.Users + probes + s.Storm
	cfg.Target.Sessions, cfg.Target.Window = sessions, s.Window
	if err := gauge.Files(sessions + 256); err != nil {
		return nil, err //nolint:wrapcheck // it says what to do
	}
	t, err := target.Open(ctx, cfg.Target)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the flag
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	found = &report.Report{Scenario: s.Name, Server: t.About, Quiet: probes}
	one := func(stuck float64) (*report.Run, error) { return measure(ctx, &cfg, s, t, stuck) }
	if s.Pairs > 0 {
		found.Runs, err = pairs(ctx, s.Pairs, func(stuck bool) (*report.Run, error) {
			if stuck {
				return one(s.Stuck)
			}
			return one(0)
		}, cfg.say)
	} else {
		var run *report.Run
		run, err = one(0)
		found.Runs = []*report.Run{run}
	}
	if err != nil {
		return nil, err
	}
	for _, run := range found.Runs {
		found.Exact.Add(&run.Exact)
		found.Notes = append(found.Notes, run.Notes...)
	}
	if len(found.Runs) < 2*s.Pairs {
		found.Notes = append(found.Notes, fmt.Sprintf("ended after %d of %d pairs", len(found.Runs)/2, s.Pairs))
	}
	found.Rows = s.Rows(found.Runs[0])
	if s.Pairs > 0 {
		found.Rows = slices.Concat(report.Stuck(found.Runs), found.Rows)
	}
	return found, nil
}
