// Package tape keeps what was published on Redis in a file, and publishes it again.
//
// A tape is text, one JSON object a line:
//
//	{"t":"2025-10-06T14:31:00.31Z","channel":"tickstock:patterns:streaming","payload":"{\"type\":…}"}
//
// The time is when the message was received, RFC 3339 with up to nine decimals. The payload is the exact text that was
// published; one that is not valid UTF-8 is kept as "payload_base64" instead, and a channel likewise as "channel_base64", so
// that every byte comes back. Lines stay as they are in any editor, and tapes can be cut and joined with ordinary tools.
//
// [Record] writes a tape, [Replay] plays one; [Writer] and [Reader] are the format alone.
package tape

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// MaxLine is the longest line in bytes that a tape may have: 8 MiB, far above the producer's largest batch.
const MaxLine = 8 << 20

// ErrFull is returned when a tape has reached its bound.
var ErrFull = errors.New("the tape is full")

// Entry is one message.
type Entry struct {
	// At is when it was received.
	At time.Time
	// Channel is where it was published; never empty.
	Channel string
	// Payload is what was published, any bytes.
	Payload string
}

// line is an entry as it is written.
type line struct {
	At            *time.Time `json:"t"`
	Channel       *string    `json:"channel,omitempty"`
	ChannelBase64 *string    `json:"channel_base64,omitempty"`
	Payload       *string    `json:"payload,omitempty"`
	PayloadBase64 *string    `json:"payload_base64,omitempty"`
}

// Append adds the entry's line, with its newline, to dst. It refuses an entry without a channel and one whose line would be
// longer than [MaxLine].
func (e Entry) Append(dst []byte) ([]byte, error) {
	if e.Channel == "" {
		return dst, errors.New("channel is empty")
	}
	at := e.At.UTC()
	l := line{At: &at}
	l.Channel, l.ChannelBase64 = exact(e.Channel)
	l.Payload, l.PayloadBase64 = exact(e.Payload)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // a tape is read by people, not by browsers
	if err := enc.Encode(l); err != nil {
		return dst, fmt.Errorf("encode: %w", err) // a year beyond 9999
	}
	if b.Len() > MaxLine {
		return dst, fmt.Errorf("line of %d bytes, at most %d", b.Len(), MaxLine)
	}
	return append(dst, b.Bytes()...), nil
}

// exact returns the text itself when JSON can carry it unchanged, and its base64 otherwise.
func exact(s string) (text, base *string) {
	if utf8.ValidString(s) {
		return &s, nil
	}
	b := base64.StdEncoding.EncodeToString([]byte(s))
	return nil, &b
}

// Parse reads one line, with or without its newline. It refuses unknown fields, so that a misspelt one is not taken for an empty
// payload.
func Parse(text []byte) (Entry, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var l line
	if err := dec.Decode(&l); err != nil {
		return Entry{}, fmt.Errorf("no tape entry: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Entry{}, errors.New("no tape entry: something follows the object")
	}
	if l.At == nil {
		return Entry{}, errors.New("t is missing")
	}
	e := Entry{At: *l.At}
	var err error
	if e.Channel, err = either("channel", l.Channel, l.ChannelBase64); err != nil {
		return Entry{}, err
	}
	if e.Channel == "" {
		return Entry{}, errors.New("channel is empty")
	}
	if e.Payload, err = either("payload", l.Payload, l.PayloadBase64); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// either returns the one of the two forms that is there.
func either(name string, text, base *string) (string, error) {
	switch {
	case text != nil && base != nil:
		return "", fmt.Errorf("%s and %s_base64 exclude each other", name, name)
	case text != nil:
		return *text, nil
	case base != nil:
		b, err := base64.StdEncoding.DecodeString(*base)
		if err != nil {
			return "", fmt.Errorf("%s_base64: %w", name, err)
		}
		return string(b), nil
	}
	return "", errors.New(name + " is missing")
}

// Writer writes a tape. It buffers: call Flush. It belongs to one goroutine.
type Writer struct {
	w       *bufio.Writer
	bound   int64
	written int64
	scratch []byte
}

// NewWriter returns a writer of at most bound bytes; 0 means no bound.
func NewWriter(w io.Writer, bound int64) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, 64<<10), bound: bound}
}

// Write adds an entry. It returns [ErrFull], and writes nothing, when the entry would take the tape beyond its bound.
func (w *Writer) Write(e Entry) error {
	var err error
	if w.scratch, err = e.Append(w.scratch[:0]); err != nil {
		return err
	}
	if w.bound > 0 && w.written+int64(len(w.scratch)) > w.bound {
		return ErrFull
	}
	n, err := w.w.Write(w.scratch)
	w.written += int64(n)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// Flush hands everything written to the underlying writer.
func (w *Writer) Flush() error {
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

// Written returns the size of the tape so far in bytes.
func (w *Writer) Written() int64 { return w.written }

// Reader reads a tape. It belongs to one goroutine.
type Reader struct {
	r      *bufio.Reader
	number int
	text   []byte
}

// NewReader returns a reader that begins at line 1.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 64<<10)} }

// Line returns the number of the line read last, counted from 1.
func (r *Reader) Line() int { return r.number }

// Next returns the next entry, and io.EOF at the end. Empty lines are passed over. Any other error names the line.
func (r *Reader) Next() (Entry, error) {
	for {
		text, err := r.readLine()
		if err != nil {
			return Entry{}, err
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		e, err := Parse(text)
		if err != nil {
			return Entry{}, fmt.Errorf("line %d: %w", r.number, err)
		}
		return e, nil
	}
}

// readLine returns the next line; the last one may lack its newline. What it returns is good until the next call.
func (r *Reader) readLine() ([]byte, error) {
	r.text = r.text[:0]
	r.number++
	for {
		part, err := r.r.ReadSlice('\n')
		if len(r.text)+len(part) > MaxLine {
			return nil, fmt.Errorf("line %d: longer than %d bytes", r.number, MaxLine)
		}
		r.text = append(r.text, part...)
		switch {
		case err == nil:
			return r.text, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(r.text) > 0:
			return r.text, nil
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("line %d: %w", r.number, err)
		}
	}
}
