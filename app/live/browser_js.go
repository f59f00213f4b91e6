//go:build js

package live

import (
	"encoding/base64"
	"fmt"
	"syscall/js"
	"time"

	"tierboard/shared/wire"
)

// Browser is the Platform in a page: the browser's own WebSocket, timers and clock. Its callbacks run on the goroutine
// that handles the page's events.
type Browser struct {
	path  string
	crash func(recovered any)
	buf   []byte // frames are copied here; one is read at a time

	early js.Value  // what Take has found; undefined for nothing
	asked []byte    // the request that was sent on it
	taken bool      // see Taken
	at    time.Time // while an early frame is handled: when it came
}

// NewBrowser returns a Platform that dials path on the page's own host, with wss if the page came by https. crash is
// told what a callback panicked with, because a panic that leaves a callback ends the whole program silently; nil
// lets it.
func NewBrowser(path string, crash func(recovered any)) *Browser {
	return &Browser{path: path, crash: crash}
}

// Now returns the browser's clock; while a frame is handled that had come before the program was there, the time when it did.
func (b *Browser) Now() time.Time {
	if !b.at.IsZero() {
		return b.at
	}
	return time.Now()
}

// Take looks for the socket that the page (boot.js) has opened before the program was there. If it has asked for just what this
// request asks for, the next Dial uses it, with all that has come on it; else it is closed.
func (b *Browser) Take(request []byte) {
	const name = "tierboardSocket"
	early := js.Global().Get(name)
	if early.IsUndefined() {
		return
	}
	js.Global().Delete(name)
	if early.Get("request").String() != base64.StdEncoding.EncodeToString(request) {
		early.Call("leave")
		return
	}
	b.early, b.asked, b.taken = early, request, true
}

// Taken reports whether Take has found a socket that fits.
func (b *Browser) Taken() bool { return b.taken }

// After sets a timer.
func (b *Browser) After(d time.Duration, f func()) (cancel func()) {
	var fn js.Func
	done := false
	fn = js.FuncOf(func(js.Value, []js.Value) any {
		defer b.recovered()
		if done {
			return nil
		}
		done = true
		fn.Release()
		f()
		return nil
	})
	ms := (d + time.Millisecond - 1) / time.Millisecond // up, or the timer would come before its time
	id := js.Global().Call("setTimeout", fn, int64(ms))
	return func() {
		if !done {
			done = true
			js.Global().Call("clearTimeout", id)
			fn.Release()
		}
	}
}

// URL returns the address that is dialled.
func (b *Browser) URL() string {
	location := js.Global().Get("location")
	scheme := "ws://"
	if location.Get("protocol").String() == "https:" {
		scheme = "wss://"
	}
	return scheme + location.Get("host").String() + b.path
}

// Dial opens a WebSocket that offers the msgpack subprotocol, or uses the one that Take has found.
func (b *Browser) Dial(h Handlers) (s Socket, err error) {
	defer asError("open the socket", &err)
	w := &browserSocket{browser: b, handlers: h, bytes: js.Global().Get("Uint8Array")}
	if early := b.early; early.Truthy() && early.Get("socket").Get("readyState").Int() <= 1 {
		w.ws, w.early = early.Get("socket"), early
	} else {
		w.ws = js.Global().Get("WebSocket").New(b.URL(), []any{wire.MsgPackProtocol})
		w.ws.Set("binaryType", "arraybuffer")
	}
	b.early = js.Undefined()
	ws := w.ws
	on := func(name string, f func(ev js.Value)) {
		fn := js.FuncOf(func(_ js.Value, args []js.Value) any {
			defer b.recovered()
			if len(args) > 0 {
				f(args[0])
			}
			return nil
		})
		w.funcs = append(w.funcs, fn)
		ws.Set(name, fn)
	}
	on("onopen", func(js.Value) { h.Open(ws.Get("protocol").String()) })
	on("onmessage", func(ev js.Value) { h.Frame(b.copyFrame(w, ev.Get("data"))) })
	on("onclose", func(ev js.Value) {
		w.release()
		h.Close(ev.Get("code").Int(), ev.Get("reason").String())
	})
	return w, nil // onerror tells nothing that onclose, which follows it, does not
}

// copyFrame brings a frame's bytes into Go. A text frame, which this subprotocol does not have, comes as its text and
// will not decode.
func (b *Browser) copyFrame(w *browserSocket, data js.Value) []byte {
	if data.Type() == js.TypeString {
		return []byte(data.String())
	}
	view := w.bytes.New(data)
	n := view.Length()
	if n > wire.MaxFrame {
		n = wire.MaxFrame + 1 // enough to be seen as too large
	}
	if cap(b.buf) < n {
		b.buf = make([]byte, max(n, 2*cap(b.buf), 16<<10))
	}
	frame := b.buf[:n]
	js.CopyBytesToGo(frame, view)
	return frame
}

// recovered hands a panic to the crash hook; to be deferred in each callback.
func (b *Browser) recovered() {
	if b.crash == nil {
		return
	}
	if r := recover(); r != nil {
		b.crash(r)
	}
}

// browserSocket is one WebSocket of the browser.
type browserSocket struct {
	browser   *Browser
	handlers  Handlers
	ws, bytes js.Value
	funcs     []js.Func
	early     js.Value // what the page has done with it; undefined if the program has dialled it
	asked     []byte   // the request that the page has sent, while the program is about to send it again
}

// Deliver hands on what came before the program was there, as if it came now, but with its time.
func (w *browserSocket) Deliver() {
	early := w.early
	w.early = js.Undefined()
	if !early.Truthy() || !early.Get("asked").Bool() { // not open yet: the handlers see all of it
		return
	}
	b := w.browser
	defer b.recovered()
	w.asked = b.asked
	w.handlers.Open(w.ws.Get("protocol").String())
	w.asked = nil
	defer func() { b.at = time.Time{} }()
	frames := early.Get("frames")
	for i := range frames.Length() {
		if w.funcs == nil { // a frame has ended the connection
			return
		}
		frame := frames.Index(i)
		b.at = time.UnixMilli(int64(frame.Get("at").Float()))
		w.handlers.Frame(b.copyFrame(w, frame.Get("data")))
	}
}

// Send sends a binary frame; it fails when the socket is not open.
func (w *browserSocket) Send(frame []byte) (err error) {
	defer asError("send", &err)
	if w.asked != nil && string(frame) == string(w.asked) {
		return nil
	}
	if state := w.ws.Get("readyState").Int(); state != 1 {
		return fmt.Errorf("live: send: socket is in state %d", state)
	}
	view := w.bytes.New(len(frame))
	js.CopyBytesToJS(view, frame)
	w.ws.Call("send", view)
	return nil
}

// Close closes the socket. Its callbacks are taken off at once, so that an abandoned socket keeps nothing alive.
func (w *browserSocket) Close(code int) {
	w.release()
	var err error
	defer asError("close", &err) // a code the browser refuses leaves nothing to do: the socket is abandoned anyway
	w.ws.Call("close", code)
}

// release takes the callbacks off the socket.
func (w *browserSocket) release() {
	if w.funcs == nil {
		return
	}
	for _, name := range [...]string{"onopen", "onmessage", "onclose"} {
		w.ws.Set(name, js.Null())
	}
	for _, fn := range w.funcs {
		fn.Release()
	}
	w.funcs = nil
}

// asError turns an exception of the browser into an error; to be deferred.
func asError(what string, err *error) {
	switch r := recover().(type) {
	case nil:
	case js.Error:
		*err = fmt.Errorf("live: %s: %w", what, r)
	default:
		panic(r)
	}
}
