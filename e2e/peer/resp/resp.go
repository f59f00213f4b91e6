// Package resp speaks as much of what Redis speaks as a server needs to be published to: the commands PING and PUBLISH.
package resp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// What a command may be.
const (
	mostArgs  = 8
	mostBytes = 1 << 20
)

// errCommand is what a command that cannot be read gives.
var errCommand = errors.New("no command of at most 8 parts and 1 MB each")

// Read reads a command as Redis clients send it, an array of strings. The parts are good until the next call with
// the same scratch, which is grown and returned.
func Read(r *bufio.Reader, scratch []byte) (parts [][]byte, _ []byte, err error) {
	count, err := readLength(r, '*', mostArgs)
	if err != nil {
		return nil, scratch, err
	}
	scratch = scratch[:0]
	ends := make([]int, 0, mostArgs)
	for range count {
		n, err := readLength(r, '$', mostBytes)
		if err != nil {
			return nil, scratch, err
		}
		from := len(scratch)
		scratch = append(scratch, make([]byte, n+2)...)
		if _, err := io.ReadFull(r, scratch[from:]); err != nil {
			return nil, scratch, fmt.Errorf("read a command: %w", err)
		}
		if !bytes.Equal(scratch[from+n:], []byte("\r\n")) {
			return nil, scratch, errCommand
		}
		scratch = scratch[:from+n]
		ends = append(ends, len(scratch))
	}
	from := 0
	for _, end := range ends {
		parts = append(parts, scratch[from:end])
		from = end
	}
	return parts, scratch, nil
}

// readLength reads a line of a mark and a number of at most so much.
func readLength(r *bufio.Reader, mark byte, most int) (int, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, bufio.ErrBufferFull) {
			return 0, errCommand
		}
		return 0, fmt.Errorf("read a command: %w", err)
	}
	if len(line) < 4 || line[0] != mark || line[len(line)-2] != '\r' {
		return 0, errCommand
	}
	n, err := strconv.Atoi(string(line[1 : len(line)-2]))
	if err != nil || n < 0 || n > most {
		return 0, errCommand
	}
	return n, nil
}

// Answer serves one publisher: it hands each text to publish, in order, with the channel, until the connection ends, and closes
// the connection. What publish gets is valid during the call only; an error of it ends the serving.
func Answer(conn net.Conn, publish func(channel, text []byte) error) error {
	defer conn.Close()
	r, w := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriter(conn)
	var scratch []byte
	for {
		if r.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return fmt.Errorf("answer: %w", err)
			}
		}
		var parts [][]byte
		var err error
		if parts, scratch, err = Read(r, scratch); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		reply := "+PONG\r\n"
		switch {
		case len(parts) == 1 && bytes.EqualFold(parts[0], []byte("PING")):
		case len(parts) == 3 && bytes.EqualFold(parts[0], []byte("PUBLISH")):
			if err := publish(parts[1], parts[2]); err != nil {
				return err
			}
			reply = ":1\r\n"
		default:
			reply = "-ERR only PING and PUBLISH are known\r\n"
		}
		if _, err := w.WriteString(reply); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
}
