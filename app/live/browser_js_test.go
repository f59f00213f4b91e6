//go:build js

package live

import (
	"encoding/base64"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// page puts a scripted WebSocket and a location into the global object. The sockets are in the returned array.
func page(t *testing.T, protocol string) (sockets js.Value) {
	t.Helper()
	js.Global().Call("eval", `
		globalThis.testSockets = [];
		globalThis.location = {protocol: "`+protocol+`", host: "board.test:81"};
		globalThis.WebSocket = class {
			constructor(url, protocols) {
				if (globalThis.refuseSockets) throw new Error("refused");
				Object.assign(this, {url, protocols, protocol: protocols[0], readyState: 0, sent: [], codes: []});
				testSockets.push(this);
			}
			send(view) { this.sent.push(Array.from(view)); }
			close(code) {
				if (code !== 1000 && (code < 3000 || code > 4999)) throw new Error("InvalidAccessError");
				this.codes.push(code);
			}
			open() { this.readyState = 1; this.onopen({}); }
			frame(bytes) { if (this.onmessage) this.onmessage({data: Uint8Array.from(bytes).buffer}); }
			text(s) { this.onmessage({data: s}); }
			end(code, reason) { this.readyState = 3; if (this.onclose) this.onclose({code, reason}); }
		};`)
	t.Cleanup(func() {
		for _, name := range [...]string{"testSockets", "location", "WebSocket", "refuseSockets"} {
			js.Global().Delete(name)
		}
	})
	return js.Global().Get("testSockets")
}

// give lets the page's socket bring a frame.
func give(socket js.Value, f wire.Frame) {
	var bytes []any
	for _, b := range f.Append(nil, wire.MsgPack) {
		bytes = append(bytes, int(b))
	}
	socket.Call("frame", bytes)
}

// waitFor lets the page run its events until ok.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) { // a deadline, in real browser time
		if time.Now().After(end) {
			t.Fatal("never ", what)
		}
	}
}

func TestStreamInThePage(t *testing.T) {
	sockets := page(t, "https:")
	var batches []*wire.Batch
	s, err := New(Config{
		Filters: []filter.Filter{{Tiers: []event.Tier{event.Combo}}}, Random: func() float64 { return 0 },
		Hooks: Hooks{OnBatch: func(b *wire.Batch) { batches = append(batches, b) }},
	}, NewBrowser("/ws", nil))
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	socket := sockets.Index(0)
	if got := socket.Get("url").String(); got != "wss://board.test:81/ws" || socket.Get("protocols").Index(0).String() != wire.MsgPackProtocol {
		t.Errorf("dialled %s", got)
	}
	socket.Call("open")
	if n := socket.Get("sent").Length(); n != 2 {
		t.Errorf("%d frames sent, want a ping and a subscribe", n)
	}
	give(socket, &wire.Welcome{Epoch: "e1", ServerTime: time.Now()})
	large := &wire.Batch{Seq: 7}
	for range 100 {
		large.Events = append(large.Events, &event.Event{Kind: event.Pattern, ID: "x", Source: strings.Repeat("s", 300)})
	}
	give(socket, large)
	give(socket, &wire.Batch{Seq: 8})
	if s.State().Phase != Live || len(batches) != 2 || len(batches[0].Events) != 100 || batches[0].Events[99].Source != large.Events[0].Source {
		t.Fatalf("%v with %d batches", s.State(), len(batches))
	}
	socket.Call("end", 4429, "too many")
	if st := s.State(); st.Phase != Waiting || st.Code != wire.CloseTooMany || st.Reason != "too many" {
		t.Errorf("%+v: the close code is lost", st)
	}
	if !socket.Get("onmessage").IsNull() {
		t.Error("a closed socket keeps its callbacks")
	}
	waitFor(t, "dialled again", func() bool { return sockets.Length() == 2 })
	sockets.Index(1).Call("open")
	sockets.Index(1).Call("text", "no frame")
	if st := s.State(); st.Phase != Waiting || s.Counters().Bad != 1 || sockets.Index(1).Get("codes").Index(0).Int() != closeBadFrame {
		t.Errorf("%+v after a text frame", st)
	}
	s.Close()
}

func TestPageAddress(t *testing.T) {
	page(t, "http:")
	if got := NewBrowser("/ws", nil).URL(); got != "ws://board.test:81/ws" {
		t.Error(got)
	}
}

func TestBrowserThatRefuses(t *testing.T) {
	page(t, "http:")
	b := NewBrowser("/ws", nil)
	s, err := b.Dial(Handlers{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send([]byte{1}); err == nil {
		t.Error("sent on a socket that is not open")
	}
	s.Close(1009) // throws in a browser
	s.Close(closeDone)
	js.Global().Set("refuseSockets", true)
	if _, err := b.Dial(Handlers{}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Error(err)
	}
}

func TestPanicsReachTheCrashHook(t *testing.T) {
	sockets := page(t, "http:")
	var got []any
	b := NewBrowser("/ws", func(r any) { got = append(got, r) })
	if _, err := b.Dial(Handlers{Frame: func([]byte) { panic("frame") }}); err != nil {
		t.Fatal(err)
	}
	sockets.Index(0).Call("frame", []any{1})
	b.After(0, func() { panic("timer") })
	waitFor(t, "crashed", func() bool { return len(got) == 2 })
	if got[0] != "frame" || got[1] != "timer" {
		t.Error(got)
	}
}

func TestTimersInThePage(t *testing.T) {
	b := NewBrowser("/ws", nil)
	fired := false
	cancel := b.After(0, func() { t.Error("a cancelled timer fired") })
	cancel()
	cancel()
	again := b.After(5*time.Millisecond, func() { fired = true })
	waitFor(t, "fired", func() bool { return fired })
	again() // too late to matter
}

// takeEarly opens a socket as boot.js does, with a request and the frames that came on it.
func takeEarly(t *testing.T, request []byte, opened bool, frames ...wire.Frame) (early js.Value) {
	t.Helper()
	early = js.Global().Call("eval", `(() => {
		const socket = new WebSocket("wss://board.test:81/ws", ["`+wire.MsgPackProtocol+`"]);
		const early = { socket, frames: [], asked: false, left: 0, leave() { early.left++; socket.close(1000); } };
		return globalThis.tierboardSocket = early;
	})()`)
	t.Cleanup(func() { js.Global().Delete("tierboardSocket") })
	early.Set("request", base64.StdEncoding.EncodeToString(request))
	if opened {
		early.Set("asked", true)
		early.Get("socket").Set("readyState", 1)
	}
	for i, f := range frames {
		b := f.Append(nil, wire.MsgPack)
		bytes := js.Global().Get("Uint8Array").New(len(b))
		js.CopyBytesToJS(bytes, b)
		early.Get("frames").Call("push", map[string]any{"data": bytes.Get("buffer"), "at": 1000 * (i + 1)})
	}
	return early
}

func TestSocketThatThePageHasOpened(t *testing.T) {
	sockets := page(t, "https:")
	config := Config{Filters: []filter.Filter{{Tiers: []event.Tier{event.Combo}}}}
	early := takeEarly(t, config.Subscription(), true, &wire.Welcome{Epoch: "e1", ServerTime: time.UnixMilli(900)},
		&wire.Subscribed{ID: "main", Seq: 7, Replayed: 1},
		&wire.Batch{ID: "main", Seq: 7, Reset: true, Events: []*event.Event{{Kind: event.Pattern, ID: "x"}}})
	b := NewBrowser("/ws", nil)
	b.Take(config.Subscription())
	if !b.Taken() || !js.Global().Get("tierboardSocket").IsUndefined() {
		t.Fatal("the socket was not taken")
	}
	var batches int
	var at time.Time
	config.Hooks.OnBatch = func(*wire.Batch) { batches, at = batches+1, b.Now() }
	s, err := New(config, b)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	socket := early.Get("socket")
	if s.State().Phase != Live || batches != 1 || !s.Settled() || sockets.Length() != 1 {
		t.Fatalf("%+v, %d batches, %d sockets", s.State(), batches, sockets.Length())
	}
	if at.UnixMilli() != 3000 || time.Since(b.Now()) > time.Hour {
		t.Errorf("the batch came at %v, and now it is %v", at, b.Now())
	}
	if n := socket.Get("sent").Length(); n != 1 {
		t.Errorf("%d frames sent, want a ping: the page has subscribed", n)
	}
	give(socket, &wire.Batch{Seq: 8})
	if batches != 2 {
		t.Error("later frames are lost")
	}
	// The next connection is the program's own.
	socket.Call("end", 1006, "")
	waitFor(t, "dialled again", func() bool { return sockets.Length() == 2 })
	sockets.Index(1).Call("open")
	if n := sockets.Index(1).Get("sent").Length(); n != 2 {
		t.Errorf("%d frames sent on the second socket, want a ping and a subscribe", n)
	}
	s.Close()
}

func TestSocketThatIsStillOpening(t *testing.T) {
	sockets := page(t, "https:")
	config := Config{Filters: []filter.Filter{{Tiers: []event.Tier{event.Combo}}}}
	early := takeEarly(t, config.Subscription(), false)
	b := NewBrowser("/ws", nil)
	b.Take(config.Subscription())
	s, err := New(config, b)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	early.Get("socket").Call("open")
	if n := early.Get("socket").Get("sent").Length(); n != 2 || sockets.Length() != 1 {
		t.Errorf("%d frames sent over %d sockets, want a ping and a subscribe over one", n, sockets.Length())
	}
	s.Close()
}

func TestSocketThatAskedForSomethingElse(t *testing.T) {
	sockets := page(t, "https:")
	config := Config{Filters: []filter.Filter{{Tiers: []event.Tier{event.Combo}}}}
	early := takeEarly(t, []byte("another"), true)
	b := NewBrowser("/ws", nil)
	b.Take(config.Subscription())
	if b.Taken() || early.Get("left").Int() != 1 {
		t.Error("a socket with another subscription was kept")
	}
	// One that has closed since is of no use either.
	early = takeEarly(t, config.Subscription(), true)
	early.Get("socket").Set("readyState", 3)
	b.Take(config.Subscription())
	s, err := New(config, b)
	if err != nil {
		t.Fatal(err)
	}
	n := sockets.Length()
	s.Start()
	if sockets.Length() != n+1 {
		t.Error("a closed socket was taken over")
	}
	s.Close()
}
