// Command server is the one binary of Tierboard: the server with everything embedded, and the tools around it.
//
// Settings come from flags, then the environment, then defaults; package config describes each. Standard output is for
// what was asked for (addresses, tables), standard error for the log. The exit status is 0 for a clean end, 1 for a
// failure and 2 for a command line or setting that cannot be used.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"tierboard/server/config"
	"tierboard/server/load/scenario"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for an orderly end. From then on signals do what they always do: end the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// vars are the words that the tags of commands and settings refer to.
func vars() kong.Vars {
	return kong.Vars{
		"redis_channels": strings.Join(config.DefaultChannels(), ","),
		"load_scenarios": strings.Join(scenario.Names(), ","),
	}
}

// run runs one command and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := command(ctx, args, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "tierboard: %v\n", err)
	}
	return status(err)
}

// command reads the command line and the environment, and runs what they ask for.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c commands
	parser, err := kong.New(&c,
		kong.Name("tierboard"),
		kong.Description("Live market patterns in three columns: daily, intraday and combo."),
		vars(),
		kong.Writers(stdout, stderr),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&output{stdout: stdout, stderr: stderr}),
	)
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	if err := config.CheckEnvironment(os.Environ()); err != nil {
		return usage(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return usage(err)
	}
	return parsed.Run(parsed)
}
