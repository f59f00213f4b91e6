//go:build js

package ui

import (
	"runtime"

	"tierboard/app/ui/dom"
)

// enoughGarbage is how many bytes are made between two collections, unless a burst makes them faster than look is called.
const enoughGarbage = 3 << 19

// garbage has the memory collected while the browser has nothing to do. A collection takes as long as two batches, and the runtime
// would begin one in the middle of a batch, since it is batches that make the garbage.
type garbage struct {
	memory runtime.MemStats // scratch: it is large
	made   uint64           // bytes ever made, when the last collection was asked for
}

// look asks for a collection if it is worth one; to be called each second.
func (g *garbage) look() {
	runtime.ReadMemStats(&g.memory)
	if g.memory.TotalAlloc-g.made < enoughGarbage {
		return
	}
	g.made = g.memory.TotalAlloc
	dom.WhenIdle(runtime.GC)
}
