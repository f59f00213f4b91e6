//go:build !js

package palette

// Only a browser has a page to write to.

// Open shows nothing here.
func (*Palette) Open() {}

func (*Palette) paint() {}
func (*Palette) close() {}
