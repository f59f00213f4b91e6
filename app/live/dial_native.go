//go:build !js

package live

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"tierboard/shared/wire"
)

// sendQueue bounds the requests that wait for the network; more of them break the connection, which then resumes.
const sendQueue = 16

// farewell is how long a closing socket waits for its peer.
const farewell = time.Second

// errBehind means that the send queue is full.
var errBehind = errors.New("live: send: too many requests wait")

// NativeConfig is how a Native reaches the server.
type NativeConfig struct {
	URL    string       // ws:// or wss://, with the path
	Header http.Header  // of the handshake; may be nil
	HTTP   *http.Client // http.DefaultClient if nil
}

// Native is the Platform outside the browser, for tools and tests. It serialises a Stream: callbacks, timers and Do
// run one at a time.
type Native struct {
	cfg NativeConfig
	wg  sync.WaitGroup

	mu  sync.Mutex      // held while anything of the Stream runs
	ctx context.Context // of the sockets; outlives Run's, so that a socket can still say goodbye
}

// NewNative returns a Native for one Stream; Run gives it life.
func NewNative(cfg NativeConfig) *Native { return &Native{cfg: cfg} }

// Run starts s, which must have been made with n, and keeps it going until ctx ends; then it closes s, waits for every
// goroutine, which takes a second at most, and returns nil.
func (n *Native) Run(ctx context.Context, s *Stream) error {
	sockets, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	n.Do(func() {
		n.ctx = sockets
		s.Start()
	})
	<-ctx.Done()
	n.Do(s.Close)
	n.wg.Wait()
	return nil
}

// Do runs f when nothing else of the Stream runs. Hooks run like that already and must not call it.
func (n *Native) Do(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
}

// Now returns the machine's clock.
func (n *Native) Now() time.Time { return time.Now() }

// After sets a timer.
func (n *Native) After(d time.Duration, f func()) (cancel func()) {
	done := false // guarded by mu, which holds at every use
	t := time.AfterFunc(d, func() {
		n.Do(func() {
			if !done {
				done = true
				f()
			}
		})
	})
	return func() {
		done = true
		t.Stop()
	}
}

// Dial opens a WebSocket that offers the msgpack subprotocol. It must be called under Do.
func (n *Native) Dial(h Handlers) (Socket, error) {
	if n.ctx == nil || n.ctx.Err() != nil {
		return nil, errors.New("live: dial: not running")
	}
	ctx, cancel := context.WithCancel(n.ctx)
	s := &nativeSocket{cancel: cancel, out: make(chan []byte, sendQueue), code: make(chan int, 1)}
	n.wg.Go(func() {
		defer cancel()
		code, reason := n.converse(ctx, s, h)
		n.Do(func() { h.Close(code, reason) })
	})
	return s, nil
}

// converse dials and reads until the end, which it returns.
func (n *Native) converse(ctx context.Context, s *nativeSocket, h Handlers) (code int, reason string) {
	conn, resp, err := websocket.Dial(ctx, n.cfg.URL, &websocket.DialOptions{
		HTTPClient: n.cfg.HTTP, HTTPHeader: n.cfg.Header, Subprotocols: []string{wire.MsgPackProtocol},
	})
	if resp != nil && resp.Body != nil {
		defer resp.Body.Close()
	}
	if err != nil {
		return int(broken), err.Error()
	}
	defer func() { _ = conn.CloseNow() }() // it is over: nothing can be done about an error
	conn.SetReadLimit(wire.MaxFrame)
	var writer sync.WaitGroup
	defer writer.Wait()
	defer s.cancel() // ends the writer
	writer.Go(func() { s.write(ctx, conn) })
	n.Do(func() {
		s.connected = true
		h.Open(conn.Subprotocol())
	})
	var buf bytes.Buffer
	for {
		_, r, err := conn.Reader(ctx)
		if err == nil {
			buf.Reset()
			_, err = buf.ReadFrom(r)
		}
		if err != nil {
			if ce, ok := errors.AsType[websocket.CloseError](err); ok {
				return int(ce.Code), ce.Reason
			}
			return int(broken), err.Error()
		}
		n.Do(func() { h.Frame(buf.Bytes()) })
	}
}

// nativeSocket is one coder/websocket connection, or one to be.
type nativeSocket struct {
	cancel    func()
	out       chan []byte
	code      chan int // how to close
	connected bool     // guarded by Native.mu
}

// Send queues a frame for the writer.
func (s *nativeSocket) Send(frame []byte) error {
	select {
	case s.out <- bytes.Clone(frame):
		return nil
	default:
		s.cancel()
		return errBehind
	}
}

// Close lets the writer close with the code; a socket that is still opening is given up.
func (s *nativeSocket) Close(code int) {
	if !s.connected {
		s.cancel()
		return
	}
	select {
	case s.code <- code:
		time.AfterFunc(farewell, s.cancel) // a peer that does not answer, or a write that hangs, ends here
	default: // closing already
	}
}

// write is the writer: it sends what is queued until told to close or until ctx ends.
func (s *nativeSocket) write(ctx context.Context, conn *websocket.Conn) {
	for {
		select {
		case frame := <-s.out:
			if conn.Write(ctx, websocket.MessageBinary, frame) != nil {
				s.cancel()
				return
			}
		case code := <-s.code:
			_ = conn.Close(websocket.StatusCode(code), "") // waits for the peer, up to five seconds
			s.cancel()
			return
		case <-ctx.Done():
			return
		}
	}
}
