package emit

import (
	"strings"
	"testing"
	"time"
)

// What Flask-SocketIO 5.3.2 was seen to send.
const (
	sentOpened    = `0{"sid":"CHUrspHf153g0bxXAAAA","upgrades":[],"pingTimeout":20000,"pingInterval":25000}`
	sentConnected = `40{"sid":"sK0X4NBsJ45M7FWtAAAB"}`
	sentEvent     = `42["pattern_alert",{"kind":"pattern","id":"ID","seq":1,"daily_context":{"id":"inner"}}]`
)

func TestReadPacket(t *testing.T) {
	for text, want := range map[string]struct {
		kind packet
		id   string
	}{
		sentOpened:    {opened, ""},
		sentConnected: {connected, ""},
		sentEvent:     {emitted, "ID"},
		"2":           {pinged, ""},
	} {
		if kind, id, err := readPacket([]byte(text)); err != nil || kind != want.kind || string(id) != want.id {
			t.Errorf("%s: read %v %q (%v), want %v", text, kind, id, err, want)
		}
	}
	for _, text := range []string{
		``, `1`, `3`, `2probe`, `41`, `44/other,"Unable to connect"`, `44{"message":"no"}`, `42["other",{"id":"ID"}]`,
		`42["pattern_alert",{}]`, `42["pattern_alert",{"id":"ID`, `451-["pattern_alert",{"id":"ID"}]`,
	} {
		if kind, id, err := readPacket([]byte(text)); err == nil {
			t.Errorf("%s: read %v %q, want an error", text, kind, id)
		}
	}
}

func FuzzReadPacket(f *testing.F) {
	for _, text := range []string{sentOpened, sentConnected, sentEvent, "2", "41", `42["pattern_alert",{"id":"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, id, err := readPacket(b)
		if err != nil && id != nil || err == nil && kind != emitted && id != nil || len(id) > len(b) {
			t.Errorf("%q: read %v %q, %v", b, kind, id, err)
		}
	})
}

func TestARefusalIsAFault(t *testing.T) {
	d := Dialect()
	if _, err := d.Frame(nil, []byte(`44{"message":"no"}`), time.Time{}); err == nil || !strings.Contains(err.Error(), "44{") {
		t.Errorf("a refusal gives %v", err)
	}
	if reply, err := d.Frame(nil, []byte("2"), time.Time{}); err != nil || string(reply) != "3" {
		t.Errorf("a ping is answered with %q (%v)", reply, err)
	}
}
