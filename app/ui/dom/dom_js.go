//go:build js

package dom

import (
	"strings"
	"syscall/js"
)

// Window and Document are the browser's own.
var (
	Window   = js.Global()
	Document = js.Global().Get("document")
)

// ByID returns an element of the page, which must be there.
func ByID(id string) js.Value { return Document.Call("getElementById", id) }

// Slot is an element whose text this program owns, with what was last written, so that writing the same text costs nothing.
type Slot struct {
	El    js.Value
	text  string
	class string
	title string

	hides  bool // Hide has been called
	hidden bool // and last wrote this
}

// NewSlot returns the slot for the element with this id.
func NewSlot(id string) *Slot { return SlotOf(ByID(id), "") }

// SlotOf returns the slot for an element that has this class and no text yet.
func SlotOf(el js.Value, class string) *Slot { return &Slot{El: el, class: class} }

// Set writes text.
func (s *Slot) Set(text string) {
	if text != s.text {
		s.text = text
		s.El.Set("textContent", text)
	}
}

// SetClass writes the element's class; only for elements whose class go-app never changes.
func (s *Slot) SetClass(class string) {
	if class != s.class {
		s.class = class
		s.El.Set("className", class)
	}
}

// SetTitle writes the tooltip.
func (s *Slot) SetTitle(title string) {
	if title != s.title {
		s.title = title
		s.El.Set("title", title)
	}
}

// Hide shows or hides the element.
func (s *Slot) Hide(hidden bool) {
	if !s.hides || s.hidden != hidden { // at first go-app may have drawn it either way
		s.hides, s.hidden = true, hidden
		s.El.Set("hidden", hidden)
	}
}

// Listen adds an event listener and returns what removes it again. Only key handlers may keep the browser from doing what it
// does with the event; the others promise not to, so that scrolling never waits for them. Handlers do not recover: a panic ends the program, and the
// page's watchdog (boot.js) then offers a reload.
func Listen(target js.Value, event string, handle func(e js.Value)) func() {
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

// Resized calls handle once at first and whenever an element got another size, between layout and painting, and returns what ends it.
func Resized(el js.Value, handle func()) func() {
	f := js.FuncOf(func(js.Value, []js.Value) any {
		handle()
		return nil
	})
	observer := Window.Get("ResizeObserver").New(f)
	observer.Call("observe", el)
	return func() {
		observer.Call("disconnect")
		f.Release()
	}
}

// Every calls handle each interval and returns what ends it.
func Every(millis int, handle func()) func() {
	f := js.FuncOf(func(js.Value, []js.Value) any {
		handle()
		return nil
	})
	id := Window.Call("setInterval", f, millis)
	return func() {
		Window.Call("clearInterval", id)
		f.Release()
	}
}

// After calls handle once, after a delay, and returns what cancels it.
func After(millis int, handle func()) func() {
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
	id := Window.Call("setTimeout", f, millis)
	return func() {
		if !done {
			done = true
			Window.Call("clearTimeout", id)
			f.Release()
		}
	}
}

// Stored reads a value from the browser's storage, "" if there is none or storage is forbidden.
func Stored(key string) (value string) {
	defer func() { _ = recover() }() // reading localStorage throws where it is forbidden
	if v := Window.Get("localStorage").Call("getItem", key); v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// Store writes a value to the browser's storage; a full or forbidden storage is no fault of the page.
func Store(key, value string) {
	defer func() { _ = recover() }()
	Window.Get("localStorage").Call("setItem", key, value)
}

// Element returns a new element. Text is set as text, so nothing a producer wrote becomes markup.
func Element(tag, class, text string, children ...js.Value) js.Value {
	e := Document.Call("createElement", tag)
	if class != "" {
		e.Set("className", class)
	}
	if text != "" {
		e.Set("textContent", text)
	}
	for _, c := range children {
		e.Call("appendChild", c)
	}
	return e
}

// Hidden reports whether nobody can see the page.
func Hidden() bool { return Document.Get("hidden").Bool() }

// ShowDialog shows a dialog over the page.
func ShowDialog(id string) {
	if d := ByID(id); !d.Get("open").Bool() {
		d.Call("showModal")
	}
}

// WhenIdle calls handle once, when the browser has painted and waits; at once where browsers cannot tell.
func WhenIdle(handle func()) {
	if Window.Get("requestIdleCallback").Type() != js.TypeFunction {
		handle()
		return
	}
	var f js.Func
	f = js.FuncOf(func(js.Value, []js.Value) any {
		f.Release()
		handle()
		return nil
	})
	Window.Call("requestIdleCallback", f)
}

// Checked returns the value of the chosen radio button of a group.
func Checked(name string) string {
	e := Document.Call("querySelector", `input[name="`+name+`"]:checked`)
	if e.IsNull() {
		return ""
	}
	return strings.TrimSuffix(e.Get("value").String(), "!")
}
