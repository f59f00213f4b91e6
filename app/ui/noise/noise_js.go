//go:build js

package noise

import (
	"syscall/js"
	"time"

	"tierboard/app/ui/dom"
	"tierboard/shared/event"
)

// Wanted reports whether a choice of noise covers an event.
func Wanted(noise string, e *event.Event) bool {
	switch noise {
	case "critical":
		return e.Priority >= event.Critical
	case "high":
		return e.Priority >= event.High
	}
	return false
}

// Bell makes the sounds; the zero Bell is ready.
type Bell struct {
	audio  js.Value
	rungAt time.Time
}

// Ring plays two short soft tones, at most once a second. Browsers stay silent until somebody has touched the page.
func (b *Bell) Ring() {
	now := time.Now()
	if now.Sub(b.rungAt) < time.Second {
		return
	}
	b.rungAt = now
	maker := dom.Window.Get("AudioContext")
	if maker.Type() != js.TypeFunction {
		return
	}
	if b.audio.IsUndefined() {
		b.audio = maker.New()
	}
	at := b.audio.Get("currentTime").Float()
	for i, hertz := range []float64{660, 880} {
		start := at + float64(i)*0.12
		tone, gain := b.audio.Call("createOscillator"), b.audio.Call("createGain")
		tone.Get("frequency").Set("value", hertz)
		gain.Get("gain").Call("setValueAtTime", 0.0001, start)
		gain.Get("gain").Call("exponentialRampToValueAtTime", 0.12, start+0.02)
		gain.Get("gain").Call("exponentialRampToValueAtTime", 0.0001, start+0.11)
		tone.Call("connect", gain)
		gain.Call("connect", b.audio.Get("destination"))
		tone.Call("start", start)
		tone.Call("stop", start+0.12)
	}
}

// Ask asks the browser for permission to show notifications. It must run in the click that wants them.
func Ask() {
	n := dom.Window.Get("Notification")
	if n.Type() != js.TypeFunction || n.Get("permission").String() != "default" {
		return
	}
	n.Call("requestPermission")
}

// Notify shows a desktop notification through the worker, which keeps the title; one of each tier at a time.
func Notify(title, body, tag string) {
	n := dom.Window.Get("Notification")
	if n.Type() != js.TypeFunction || n.Get("permission").String() != "granted" {
		return
	}
	var then js.Func
	then = js.FuncOf(func(_ js.Value, args []js.Value) any {
		then.Release()
		args[0].Call("showNotification", title, map[string]any{"body": body, "tag": "tierboard-" + tag, "icon": "/web/icon-192.png"})
		return nil
	})
	dom.Window.Get("navigator").Get("serviceWorker").Get("ready").Call("then", then)
}
