package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"tierboard/e2e/peer/job"
	"tierboard/e2e/peer/measure"
	"tierboard/e2e/peer/report"
	"tierboard/e2e/peer/serve"
	"tierboard/server/load/target"
)

// contender is a server with one of its settings.
type contender struct {
	name    string
	dialect measure.Dialect
	start   func(ctx context.Context) (*target.Target, func() error, error)
}

// bench is everything that is measured with one job. It belongs to one goroutine.
type bench struct {
	settings
	title      string
	measuring  measure.Settings
	job        *job.Job
	wants      []job.Set
	contenders []contender
	rows       []report.Row // of the contenders
	progress   io.Writer
}

// newBench works the job out, without any contenders.
func newBench(s settings, users int, rate float64, progress io.Writer) *bench {
	b := &bench{
		settings: s, progress: progress, job: job.New(job.NewPlan(s.seed, users, int(rate*s.length.Seconds()))),
		measuring: measure.Settings{Rate: rate, Calm: s.calm, Stillness: s.stillness},
		title:     fmt.Sprintf("%d connections, %v events a second for %v", users, rate, s.length),
	}
	b.wants = b.job.Wants()
	return b
}

// enter adds a contender that is this program, started again as a server.
func (b *bench) enter(name string, d measure.Dialect, kind string, window time.Duration) {
	b.contenders = append(b.contenders, contender{name, d, func(ctx context.Context) (*target.Target, func() error, error) {
		return startSelf(ctx, serve.Setup{Plan: b.job.Plan, Kind: kind, Window: window})
	}})
}

// startSelf starts this program again as a server.
func startSelf(ctx context.Context, s serve.Setup) (*target.Target, func() error, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("find this program: %w", err)
	}
	return serve.Start(ctx, exec.Command(self, s.Args()...))
}

// rounds measures each contender in turn, as often as was asked for. A reading is nil where the run was refused.
func (b *bench) rounds(ctx context.Context) ([][]*measure.Reading, error) {
	var rounds [][]*measure.Reading
	for i := range b.settings.rounds {
		round := make([]*measure.Reading, len(b.contenders))
		for k := range b.contenders {
			b.say("round %d of %d: %s", i+1, b.settings.rounds, b.contenders[k].name)
			r, err := b.one(ctx, &b.contenders[k])
			if refused := (*measure.RefusedError)(nil); errors.As(err, &refused) {
				b.say("refused: %v", refused)
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", b.contenders[k].name, err)
			}
			if most := 250 * time.Millisecond; r.Late > most {
				b.say("refused: an event was published %v after its time: the machine is busy", r.Late.Round(time.Millisecond))
				continue
			}
			round[k] = &r
		}
		rounds = append(rounds, round)
	}
	return rounds, nil
}

// one measures a contender once.
func (b *bench) one(ctx context.Context, c *contender) (_ measure.Reading, err error) {
	t, stop, err := c.start(ctx)
	if err != nil {
		return measure.Reading{}, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return measure.Run(ctx, b.measuring, b.job, b.wants, c.dialect, t)
}

// page returns what there is to print of the rounds.
func (b *bench) page(rounds [][]*measure.Reading) *report.Page {
	p := &report.Page{Title: b.title, Rows: b.rows, Rounds: rounds}
	for i := range b.contenders {
		p.Servers = append(p.Servers, b.contenders[i].name)
	}
	return p
}

// say tells somebody who waits what is happening.
func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, "peer: "+format+"\n", args...)
}
