package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/centrifugal/centrifuge"

	"tierboard/shared/wire"
)

// protobuf is the peer's subprotocol with binary frames.
const protobuf = "centrifuge-protobuf"

// rival is the peer doing the job.
type rival struct {
	job    *job
	model  model
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

// newRival prepares everything and starts the node.
func newRival(at setup) (*rival, error) {
	s := &rival{job: newJob(at.plan), model: model(at.kind), delay: at.window}
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

// handler serves the WebSocket.
func (s *rival) handler() http.Handler {
	return centrifuge.NewWebsocketHandler(s.node, centrifuge.WebsocketConfig{
		ReadBufferSize: 512, UseWriteBufferPool: true, ProcessCommandsOffReadLoop: true,
		WriteTimeout: 10 * time.Second, PingPongConfig: centrifuge.PingPongConfig{PingInterval: -1, PongTimeout: -1},
	})
}

// run waits: the node runs by itself.
func (*rival) run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// connecting subscribes a user, whose number the client sends, to what the user's filter wants.
func (s *rival) connecting(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	user, err := strconv.Atoi(string(e.Data))
	if err != nil || user < 0 || user >= len(s.job.filters) {
		return centrifuge.ConnectReply{}, centrifuge.ErrorBadRequest
	}
	f := &s.job.filters[user]
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
func (s *rival) prepare() error {
	events, err := s.job.shaped()
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

// publish publishes the event that a text of the producer is about. Its id is the last of the text, and says which one it is.
func (s *rival) publish(_ context.Context, _, text []byte) error {
	end := bytes.LastIndexByte(text, '"')
	from := bytes.LastIndexByte(text[:max(end, 0)], '"') + 1
	n, ok := s.job.traffic.Number(text[from:max(end, from)])
	if !ok || n >= len(s.job.shapes) {
		return fmt.Errorf("the text %.200q is not of this job", text)
	}
	shape := &s.shapes[s.job.shapes[n]]
	body := bytes.Clone(shape.body) // the node may keep it
	copy(body[shape.id:], text[from:end])
	for _, channel := range shape.channels {
		if _, err := s.node.Publish(channel, body, shape.options...); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	return nil
}
