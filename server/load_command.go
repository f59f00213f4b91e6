package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tierboard/server/load"
	"tierboard/server/load/scenario"
	"tierboard/server/load/target"
)

// loadCommand measures a server under load.
type loadCommand struct {
	Scenario string  `arg:"" optional:"" default:"spec" enum:"${load_scenarios}" help:"What to do: ${enum}."`
	Users    int     `help:"Sessions that get events, instead of the scenario's."`
	Rate     float64 `help:"Events published a second, instead of the scenario's."`
	Seconds  float64 `help:"How long is published, instead of the scenario's."`
	Pairs    int     `help:"Pairs of runs that are compared (scenario stuck)."`
	Seed     uint64  `default:"1" help:"Chooses market and filters; equal seeds give equal loads."`
	URL      string  `name:"url" placeholder:"URL" help:"Page of a server that runs, http://127.0.0.1:8080; without it one is started. Loopback only."`
	Redis    string  `name:"redis" placeholder:"URL" help:"The Redis that server listens to, redis://127.0.0.1:6379."`
	Admin    string  `name:"admin" placeholder:"URL" help:"Its admin address, where its garbage can be collected before memory is read."`
	PID      int     `name:"pid" placeholder:"PID" help:"Its process ID, for CPU time and memory; its metrics tell them otherwise."`
	JSON     bool    `name:"json" help:"Print the report as JSON."`
	Strict   bool    `help:"Fail when a budget is not kept, and not only when delivery is not exact."`
}

// config returns what the package makes of the flags.
func (c *loadCommand) config() load.Config {
	return load.Config{
		Scenario: c.Scenario, Seed: c.Seed,
		Changes: scenario.Changes{Users: c.Users, Rate: c.Rate, Length: time.Duration(c.Seconds * float64(time.Second)), Pairs: c.Pairs},
		Target:  target.Config{URL: c.URL, Redis: c.Redis, Admin: c.Admin, PID: c.PID},
	}
}

// Validate reports a flag that is out of its range.
func (c *loadCommand) Validate() error {
	cfg := c.config()
	return cfg.Validate()
}

// Run tests, and prints the report.
func (c *loadCommand) Run(ctx context.Context, out *output) error {
	cfg := c.config()
	cfg.Progress = func(what string) { fmt.Fprintln(out.stderr, "load: "+what) }
	report, err := load.Test(ctx, cfg)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	show := report.Print
	if c.JSON {
		show = report.PrintJSON
	}
	if err := show(out.stdout); err != nil {
		return err
	}
	if !report.Exact.OK() {
		return errors.New("load: delivery was not exact")
	}
	if c.Strict && !report.Within() {
		return errors.New("load: a budget was not kept")
	}
	return nil
}
