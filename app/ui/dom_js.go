//go:build js

package ui

import "syscall/js"

var (
	window   = js.Global()
	document = js.Global().Get("document")
)

// byID returns an element of the page, which must be there.
func byID(id string) js.Value { return document.Call("getElementById", id) }

// slot is an element whose text this package owns, with what it last wrote, so that writing the same text costs nothing.
type slot struct {
	el    js.Value
	text  string
	class string
	title string

	hides  bool // hide has been called
	hidden bool // and last wrote this
}

// newSlot returns the slot for the element with this id.
func newSlot(id string) *slot { return &slot{el: byID(id)} }

// set writes text.
func (s *slot) set(text string) {
	if text != s.text {
		s.text = text
		s.el.Set("textContent", text)
	}
}

// setClass writes the element's class; only for elements whose class go-app never changes.
func (s *slot) setClass(class string) {
	if class != s.class {
		s.class = class
		s.el.Set("className", class)
	}
}

// setTitle writes the tooltip.
func (s *slot) setTitle(title string) {
	if title != s.title {
		s.title = title
		s.el.Set("title", title)
	}
}

// hide shows or hides the element.
func (s *slot) hide(hidden bool) {
	if !s.hides || s.hidden != hidden { // at first go-app may have drawn it either way
		s.hides, s.hidden = true, hidden
		s.el.Set("hidden", hidden)
	}
}

// listen adds an event listener and returns what removes it again. Only key handlers may keep the browser from doing what it
// does with the event; the others promise not to, so that scrolling never waits for them. Handlers do not recover: a panic ends the program, and the
// page's watchdog (boot.js) then offers a reload.
func listen(target js.Value, event string, handle func(e js.Value)) func() {
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		handle(args[0])
		return nil
	})
	options := map[string]any{"passive": event != "keydown" && event != "keypress", "capture": event == "popstate"} // that before go-app
	target.Call("addEventListener", event, f, options)
	return func() {
		target.Call("removeEventListener", event, f, options)
		f.Release()
	}
}

// every calls handle each interval and returns what ends it.
func every(millis int, handle func()) func() {
	f := js.FuncOf(func(js.Value, []js.Value) any {
		handle()
		return nil
	})
	id := window.Call("setInterval", f, millis)
	return func() {
		window.Call("clearInterval", id)
		f.Release()
	}
}

// after calls handle once, after a delay, and returns what cancels it.
func after(millis int, handle func()) func() {
	done := false
	var f js.Func
	f = js.FuncOf(func(js.Value, []js.Value) any {
		if !done {
			done = true
			f.Release()
			handle()
		}
		return nil
	})
	id := window.Call("setTimeout", f, millis)
	return func() {
		if !done {
			done = true
			window.Call("clearTimeout", id)
			f.Release()
		}
	}
}

// stored reads a value from the browser's storage, "" if there is none or storage is forbidden.
func stored(key string) (value string) {
	defer func() { _ = recover() }() // reading localStorage throws where it is forbidden
	if v := window.Get("localStorage").Call("getItem", key); v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// store writes a value to the browser's storage; a full or forbidden storage is no fault of the page.
func store(key, value string) {
	defer func() { _ = recover() }()
	window.Get("localStorage").Call("setItem", key, value)
}
