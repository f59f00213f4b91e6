package process

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// tailBytes is how much of a program's output is kept for the log of a failed test. Older output is dropped.
const tailBytes = 128 << 10

// Tail keeps the last tailBytes written to it. It may be used from several goroutines.
type Tail struct {
	mu      sync.Mutex
	buf     []byte // guarded by mu
	dropped int    // guarded by mu: bytes that fell out at the front
}

// Write keeps b and never fails.
func (l *Tail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, b...)
	if over := len(l.buf) - tailBytes; over > 0 {
		l.buf = append(l.buf[:0], l.buf[over:]...)
		l.dropped += over
	}
	return len(b), nil
}

// String returns what was kept, and says what was not.
func (l *Tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimRight(string(l.buf), "\n")
	if l.dropped > 0 {
		return fmt.Sprintf("(%d bytes before this are dropped)\n%s", l.dropped, text)
	}
	return text
}

// Lines hands each complete line written to it to one function, in order. It is for one writer.
type Lines struct {
	Each    func(line string) // without its end
	pending []byte
}

// Write never fails.
func (l *Lines) Write(b []byte) (int, error) {
	l.pending = append(l.pending, b...)
	for {
		i := bytes.IndexByte(l.pending, '\n')
		if i < 0 {
			return len(b), nil
		}
		l.Each(strings.TrimSuffix(string(l.pending[:i]), "\r"))
		l.pending = l.pending[i+1:]
	}
}
