//go:build js

package ui

import (
	"runtime"
	"syscall/js"
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
	whenIdle(runtime.GC)
}

// whenIdle calls handle once, when the browser has painted and waits; at once where browsers cannot tell.
func whenIdle(handle func()) {
	if window.Get("requestIdleCallback").Type() != js.TypeFunction {
		handle()
		return
	}
	var f js.Func
	f = js.FuncOf(func(js.Value, []js.Value) any {
		f.Release()
		handle()
		return nil
	})
	window.Call("requestIdleCallback", f)
}
