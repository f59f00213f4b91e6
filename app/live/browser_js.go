//go:build js

package live

import (
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
}

// NewBrowser returns a Platform that dials path on the page's own host, with wss if the page came by https. crash is
// told what a callback panicked with, because a panic that leaves a callback ends the whole program silently; nil
// lets it.
func NewBrowser(path string, crash func(recovered any)) *Browser {
	return &Browser{path: path, crash: crash}
}

// Now returns the browser's clock.
func (b *Browser) Now() time.Time { return time.Now() }

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

// Dial opens a WebSocket that offers the msgpack subprotocol.
func (b *Browser) Dial(h Handlers) (s Socket, err error) {
	defer asError("open the socket", &err)
	ws := js.Global().Get("WebSocket").New(b.URL(), []any{wire.MsgPackProtocol})
	ws.Set("binaryType", "arraybuffer")
	w := &browserSocket{ws: ws, bytes: js.Global().Get("Uint8Array")}
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
	ws, bytes js.Value
	funcs     []js.Func
}

// Send sends a binary frame; it fails when the socket is not open.
func (w *browserSocket) Send(frame []byte) (err error) {
	defer asError("send", &err)
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
