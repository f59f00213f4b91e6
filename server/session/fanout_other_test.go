//go:build !linux

package session

// helpBenchmark has nothing to do where the benchmark does not run.
func helpBenchmark() (bool, error) { return false, nil }
