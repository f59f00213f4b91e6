package rival

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tierboard/e2e/peer/job"
	"tierboard/e2e/peer/measure"
	"tierboard/shared/api"
)

// The client's half of the peer's protocol, as far as a counting client needs it: protobuf by hand, since what measures must
// cost less than what is measured.

// Dialect is how a client talks with the peer.
func Dialect() measure.Dialect {
	return measure.Dialect{
		Path: api.PathWebSocket, Protocol: protobuf, Binary: true,
		Hello: func(_ *job.Job, user int) []byte { return appendConnect(nil, user) },
		Frame: func(c *measure.Connection, payload []byte, at time.Time) ([]byte, error) {
			events := 0
			connected, err := scan(payload, func(body []byte) {
				events++
				// The id is near the beginning: after it come its length, the next key and all the rest.
				from := max(bytes.Index(body, idKey)+len(idKey), len(idKey))
				c.Took(body[min(from, len(body)):min(from+idLen, len(body))], at)
			})
			if connected {
				c.Subscribed()
			}
			c.Count(events, len(payload))
			return nil, err
		},
	}
}

// How an event says its id: as a text of 36 bytes.
var idKey = []byte("\xa2id\xd9\x24")

const idLen = 36

// appendConnect appends the one command that a client sends.
func appendConnect(b []byte, user int) []byte {
	request := appendField(nil, 2, strconv.AppendInt(nil, int64(user), 10)) // ConnectRequest.data
	command := appendField([]byte{1 << 3, 1}, 4, request)                   // Command.id is 1, Command.connect
	return append(binary.AppendUvarint(b, uint64(len(command))), command...)
}

// appendField appends a field of bytes.
func appendField(b []byte, number byte, value []byte) []byte {
	return append(binary.AppendUvarint(append(b, number<<3|2), uint64(len(value))), value...)
}

// errProtobuf is what a frame that is no protobuf gives.
var errProtobuf = errors.New("a frame that cannot be read")

// cut cuts a value that begins with its length off b.
func cut(b []byte) (value, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, errProtobuf
	}
	return b[size : size+int(n)], b[size+int(n):], nil
}

// field cuts the first field off a message. value is nil when the field is no text and no message.
func field(b []byte) (number uint64, value, rest []byte, err error) {
	tag, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, nil, errProtobuf
	}
	switch b, number = b[size:], tag>>3; tag & 7 {
	case 0:
		if _, size = binary.Uvarint(b); size <= 0 {
			return 0, nil, nil, errProtobuf
		}
		return number, nil, b[size:], nil
	case 2:
		value, rest, err = cut(b)
		return number, value, rest, err
	}
	return 0, nil, nil, errProtobuf // of which the protocol has none
}

// scan reads a frame of the peer's server and calls each with what is published in it. connected says that the command to
// connect was answered. What ends a subscription, and every refusal, is an error.
func scan(frame []byte, each func(body []byte)) (connected bool, err error) {
	for len(frame) > 0 {
		var reply, value []byte
		if reply, frame, err = cut(frame); err != nil {
			return connected, err
		}
		for len(reply) > 0 {
			var number uint64
			if number, value, reply, err = field(reply); err != nil {
				return connected, err
			}
			switch number {
			case 1: // the id
			case 2:
				return connected, fmt.Errorf("the server refused: %q", value)
			case 4:
				if err := push(value, each); err != nil {
					return connected, err
				}
			case 5:
				connected = true
			default:
				return connected, fmt.Errorf("a reply of the kind %d", number)
			}
		}
	}
	return connected, nil
}

// push reads a push, which must be a publication, and calls each with what is published.
func push(b []byte, each func(body []byte)) (err error) {
	for len(b) > 0 {
		var number uint64
		var value []byte
		if number, value, b, err = field(b); err != nil {
			return err
		}
		switch number {
		case 1, 2: // the channel
		case 4:
			for publication := value; len(publication) > 0; {
				if number, value, publication, err = field(publication); err != nil {
					return err
				}
				if number == 4 {
					each(value)
				}
			}
		default:
			return fmt.Errorf("a push of the kind %d", number)
		}
	}
	return nil
}
