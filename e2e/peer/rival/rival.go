// Package rival does the product's job with another library, centrifuge v0.40.1: it is the server, and says how a client talks
// with it.
//
// A filter is said in one of two ways, see [Model]. What could be chosen is chosen in the library's favour: binary frames
// (protobuf) with no limit to the messages in one, a timer instead of a goroutine for each delayed writer, pooled write
// buffers, read buffers of 512 bytes, command processing off the read loop, and no pings, no history, no presence and no
// positions; the leaves of a filter are ordered so that the cheap and selective ones come first.
package rival

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/centrifugal/centrifuge"

	"tierboard/e2e/peer/job"
	"tierboard/shared/wire"
)

// protobuf is the peer's subprotocol with binary frames.
const protobuf = "centrifuge-protobuf"

// Rival is the peer doing the job.
type Rival struct {
	job    *job.Job
	model  Model
	delay  time.Duration // of writes
	node   *centrifuge.Node
	shapes []ready
}

// ready is an event that needs nothing but its id to be published.
type ready struct {
	channels []string
	options  []centrifuge.PublishOption
	body     []byte
	id       int // where the id begins
}

// New prepares everything and starts the node. The delay is that of writes; 0 means none.
func New(j *job.Job, m Model, delay time.Duration) (*Rival, error) {
	s := &Rival{job: j, model: m, delay: delay}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel: centrifuge.LogLevelNone, ClientChannelLimit: math.MaxInt32, ClientQueueMaxSize: 64 << 20,
		ClientPresenceUpdateInterval: time.Hour,
	})
	if err != nil {
		return nil, fmt.Errorf("node: %w", err)
	}
	s.node = node
	node.OnConnecting(s.connecting)
	node.OnConnect(func(*centrifuge.Client) {})
	if err := node.Run(); err != nil {
		return nil, fmt.Errorf("node: %w", err)
	}
	return s, nil
}

// Handler serves the WebSocket.
func (s *Rival) Handler() http.Handler {
	return centrifuge.NewWebsocketHandler(s.node, centrifuge.WebsocketConfig{
		ReadBufferSize: 512, UseWriteBufferPool: true, ProcessCommandsOffReadLoop: true,
		WriteTimeout: 10 * time.Second, PingPongConfig: centrifuge.PingPongConfig{PingInterval: -1, PongTimeout: -1},
	})
}

// Run waits until ctx ends: the node runs by itself.
func (*Rival) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// connecting subscribes a user, whose number the client sends, to what the user's filter wants.
func (s *Rival) connecting(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	user, err := strconv.Atoi(string(e.Data))
	if err != nil || user < 0 || user >= len(s.job.Filters) {
		return centrifuge.ConnectReply{}, centrifuge.ErrorBadRequest
	}
	f := &s.job.Filters[user]
	options := centrifuge.SubscribeOptions{ServerTagsFilter: s.model.node(f)}
	subscriptions := map[string]centrifuge.SubscribeOptions{}
	for _, name := range s.model.channelsFor(f) {
		subscriptions[name] = options
	}
	return centrifuge.ConnectReply{
		Credentials: &centrifuge.Credentials{UserID: string(e.Data)}, Subscriptions: subscriptions,
		MaxMessagesInFrame: -1, WriteDelay: s.delay, WriteWithTimer: s.delay > 0,
	}, nil
}

// prepare encodes an event of each shape.
func (s *Rival) prepare() error {
	events, err := s.job.Ready()
	if err != nil {
		return err
	}
	for _, e := range events {
		body := wire.AppendEvent(nil, e, wire.MsgPack)
		s.shapes = append(s.shapes, ready{
			s.model.channelsOf(e), []centrifuge.PublishOption{centrifuge.WithTags(s.model.tags(e))}, body, bytes.Index(body, []byte(e.ID)),
		})
	}
	return nil
}

// Publish publishes the event that a text of the producer is about, which was classified and encoded before.
func (s *Rival) Publish(_ context.Context, _, text []byte) error {
	n, id, err := s.job.Number(text)
	if err != nil {
		return err
	}
	shape := &s.shapes[s.job.Shapes[n]]
	body := bytes.Clone(shape.body) // the node may keep it
	copy(body[shape.id:], id)
	for _, channel := range shape.channels {
		if _, err := s.node.Publish(channel, body, shape.options...); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	return nil
}
