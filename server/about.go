package main

import (
	"fmt"
	"runtime"

	"tierboard/assets"
	"tierboard/server/config"
)

// versionCommand tells what this binary is.
type versionCommand struct{}

// Run prints the hash of the embedded page, which is what a browser compares, and the compiler.
func (versionCommand) Run(out *output) error {
	_, err := fmt.Fprintf(out.stdout, "tierboard %s %s %s/%s\n", assets.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// settingsCommand describes the settings.
type settingsCommand struct{}

// Run prints the table that the README shows.
func (settingsCommand) Run(out *output) error {
	return config.Table(out.stdout, config.Settings(config.Default(), nil))
}
