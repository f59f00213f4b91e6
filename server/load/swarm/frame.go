package swarm

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the handshake is defined with it
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
)

// The opcodes.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// codeBroken is the close code of a connection that ended without one.
const codeBroken = 1006

// mostFrame is more than any frame of the server.
const mostFrame = 4 << 20

// appendFrame appends a frame as a client sends it.
func appendFrame(b []byte, op byte, payload []byte) []byte {
	b = append(b, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, 0, 0, 0, 0) // the mask key, which leaves the payload as it is
	return append(b, payload...)
}

// header reads a server's frame header: the opcode, where the payload begins and ends. ok is false while bytes are missing.
func header(b []byte) (op byte, from, to int, ok bool, err error) {
	if len(b) < 2 {
		return 0, 0, 0, false, nil
	}
	op, from = b[0]&0x0f, 2
	size := uint64(b[1] & 0x7f)
	switch {
	case b[0]&0x70 != 0:
		return 0, 0, 0, false, errors.New("a frame with an extension nobody asked for")
	case b[0]&0x80 == 0 || op == opContinuation:
		return 0, 0, 0, false, errors.New("a fragmented message")
	case b[1]&0x80 != 0:
		return 0, 0, 0, false, errors.New("a masked frame from a server")
	case size == 126:
		if from = 4; len(b) < from {
			return 0, 0, 0, false, nil
		}
		size = uint64(binary.BigEndian.Uint16(b[2:]))
	case size == 127:
		if from = 10; len(b) < from {
			return 0, 0, 0, false, nil
		}
		size = binary.BigEndian.Uint64(b[2:])
	}
	if size > mostFrame {
		return 0, 0, 0, false, fmt.Errorf("a frame of %d bytes", size)
	}
	to = from + int(size)
	return op, from, to, len(b) >= to, nil
}

// take handles the whole frames in b and keeps what is left. It reports whether the connection is still open.
func (c *Conn) take(b []byte) bool {
	for {
		op, from, to, ok, err := header(b)
		if err != nil {
			c.end(codeBroken, "the server sent "+err.Error())
			return false
		}
		if !ok {
			break
		}
		payload := b[from:to]
		b = b[to:]
		switch op {
		case opText, opBinary:
			c.handler.Frame(c, payload)
		case opPing:
			if c.send(opPong, payload) != nil {
				c.end(codeBroken, "a pong could not be sent")
				return false
			}
		case opPong:
		case opClose:
			code, reason := 1005, ""
			if len(payload) >= 2 {
				code, reason = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
			}
			_ = c.send(opClose, payload[:min(len(payload), 2)]) // the connection ends either way
			c.end(code, reason)
			return false
		default:
			c.end(codeBroken, fmt.Sprintf("the server sent a frame with the opcode %d", op))
			return false
		}
	}
	if len(b) == 0 {
		c.rest = c.rest[:0]
	} else {
		c.rest = append(c.rest[:0], b...)
	}
	return true
}

// shake asks for a WebSocket and returns what came after the answer.
func (s *Swarm) shake(conn net.Conn) ([]byte, error) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key := base64.StdEncoding.EncodeToString(nonce[:])
	request := "GET " + s.cfg.Path + " HTTP/1.1\r\nHost: " + s.cfg.Addr + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\nSec-WebSocket-Protocol: " + s.cfg.Protocol + "\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, err
	}
	const most = 16 << 10
	answer := make([]byte, 0, 2048)
	for {
		if end := bytes.Index(answer, []byte("\r\n\r\n")); end >= 0 {
			return bytes.Clone(answer[end+4:]), s.check(string(answer[:end]), key)
		}
		if len(answer) >= most {
			return nil, errors.New("the server's answer has no end")
		}
		if len(answer) == cap(answer) {
			answer = append(answer, 0)[:len(answer)]
		}
		n, err := conn.Read(answer[len(answer):cap(answer)])
		if n == 0 && err != nil {
			return nil, err
		}
		answer = answer[:len(answer)+n]
	}
}

// check tells whether the server's answer is the one to the key.
func (s *Swarm) check(answer, key string) error {
	status, rest, _ := strings.Cut(answer, "\r\n")
	if !strings.HasPrefix(status, "HTTP/1.1 101") {
		return fmt.Errorf("the server answered %q", status)
	}
	headers := map[string]string{}
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		headers[textproto.CanonicalMIMEHeaderKey(name)] = strings.TrimSpace(value)
	}
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // as RFC 6455 says
	if headers["Sec-Websocket-Accept"] != base64.StdEncoding.EncodeToString(sum[:]) {
		return errors.New("the server accepted another key than ours")
	}
	if got := headers["Sec-Websocket-Protocol"]; got != s.cfg.Protocol {
		return fmt.Errorf("the server speaks %q, not %q", got, s.cfg.Protocol)
	}
	return nil
}
