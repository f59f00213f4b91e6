package main

import (
	"context"
	"os"

	"github.com/alecthomas/kong"

	"tierboard/server/config"
	"tierboard/server/daemon"
)

// serveCommand runs the server.
type serveCommand struct {
	config.Config

	PrintConfig bool `name:"print-config" help:"Print every setting with its value and where it comes from, and exit."`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, parsed *kong.Context, out *output) error {
	// The parser has called Validate.
	if c.PrintConfig {
		return config.Print(out.stdout, config.Settings(c.Config, originOf(parsed)))
	}
	log, err := newLog(out.stderr, c.Config)
	if err != nil {
		return usage(err)
	}
	return daemon.Run(ctx, daemon.Config{Settings: c.Config, Stdout: out.stdout}, log)
}

// originOf tells where a flag's value comes from.
func originOf(parsed *kong.Context) func(flag string) config.Origin {
	origins := make(map[string]config.Origin)
	for _, flag := range parsed.Flags() {
		for _, name := range flag.Envs {
			if _, ok := os.LookupEnv(name); ok {
				origins[flag.Name] = config.FromEnvironment
			}
		}
	}
	for _, step := range parsed.Path {
		if step.Flag != nil && !step.Resolved {
			origins[step.Flag.Name] = config.FromFlag
		}
	}
	return func(flag string) config.Origin {
		if origin, ok := origins[flag]; ok {
			return origin
		}
		return config.FromDefault
	}
}
