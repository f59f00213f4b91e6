package emit

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tierboard/e2e/peer/job"
	"tierboard/e2e/peer/measure"
)

// The client's half of Socket.IO 5 within Engine.IO 4 over a WebSocket, as far as a counting client needs it. Each message is
// one packet: the first digit is Engine.IO's kind, and in a message (4) the second one is Socket.IO's.

// socketIOPath is where the server has its WebSocket, without asking for any other transport first.
const socketIOPath = "/socket.io/?EIO=4&transport=websocket"

// alert is the name under which events are emitted.
const alert = "pattern_alert"

// packet is a kind of packet that a client can get.
type packet int

const (
	opened    packet = iota // the transport is ready
	pinged                  // must be answered
	connected               // the server has taken the client
	emitted                 // an event
)

// How packets begin, and how an event says its id.
var (
	packetOpened    = []byte("0{")
	packetPing      = []byte("2")
	packetConnected = []byte("40{")
	packetEmitted   = []byte(`42["` + alert + `",{`)
	idText          = []byte(`"id":"`)
)

// errNoID is what an event without an id gives.
var errNoID = errors.New("an event without an id")

// readPacket reads a packet; id is that of the event. Whatever else a server may send, refusals among it, is an error.
func readPacket(b []byte) (kind packet, id []byte, err error) {
	switch {
	case bytes.HasPrefix(b, packetEmitted):
		// The event's own id is near its beginning, before all that is nested.
		_, rest, ok := bytes.Cut(b[len(packetEmitted):], idText)
		if !ok {
			return 0, nil, errNoID
		}
		if id, _, ok = bytes.Cut(rest, []byte(`"`)); !ok {
			return 0, nil, errNoID
		}
		return emitted, id, nil
	case bytes.HasPrefix(b, packetOpened):
		return opened, nil, nil
	case bytes.HasPrefix(b, packetConnected):
		return connected, nil, nil
	case bytes.Equal(b, packetPing):
		return pinged, nil, nil
	}
	return 0, nil, fmt.Errorf("a packet %.200q", b)
}

// Dialect is how a client talks with the server.
func Dialect() measure.Dialect {
	return measure.Dialect{
		Path: socketIOPath,
		Hello: func(_ *job.Job, user int) []byte {
			return append(strconv.AppendInt([]byte(`40{"user":`), int64(user), 10), '}')
		},
		Frame: func(c *measure.Connection, payload []byte, at time.Time) (reply []byte, err error) {
			kind, id, err := readPacket(payload)
			if err != nil {
				return nil, err
			}
			switch kind {
			case opened:
			case pinged:
				return []byte("3"), nil
			case connected:
				c.Subscribed()
			case emitted:
				c.Took(id, at)
				c.Count(1, len(payload))
			}
			return nil, nil
		},
	}
}
