//go:build !js

package setup

// Only a browser has a dialog to close and choices to read.

func (*Setup) close()  {}
func (*Setup) finish() {}
