package main

import (
	"context"

	"tierboard/server/demo"
)

// demoCommand publishes invented detections.
type demoCommand struct {
	redisFlag

	Seed  uint64  `default:"1" help:"Chooses the market; equal seeds give equal feeds."`
	Speed float64 `default:"2" help:"Simulated minutes a second, 0.1 to 1000."`
}

// Run publishes until ctx ends.
func (c *demoCommand) Run(ctx context.Context, out *output) error {
	d, err := demo.New(demo.Config{Redis: c.RedisURL, Seed: c.Seed, Speed: c.Speed}, toolLog(out.stderr))
	if err != nil {
		return usage(err)
	}
	return d.Run(ctx)
}
