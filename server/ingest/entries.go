package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"tierboard/server/classify/found"
	"tierboard/server/ingest/follow"
)

// The fields of a stream's entry: what PUBLISH would have got.
const (
	channelField = "channel"
	payloadField = "payload"
)

// maxChannel is the longest name of a channel that an entry may have, in bytes.
const maxChannel = 256

// lastSave is how long the end waits for the positions in streams to be stored.
const lastSave = 3 * time.Second

// newFollower returns what reads the streams, or nil if there are none.
func (in *Ingest) newFollower() (*follow.Follower, error) {
	if len(in.cfg.Streams) == 0 {
		return nil, nil //nolint:nilnil // no streams, no follower
	}
	return follow.New(follow.Config{
		Redis: in.opt, Streams: in.cfg.Streams, Count: in.cfg.StreamCount, Block: in.cfg.StreamBlock,
		DeadAfter: in.cfg.DeadAfter, SaveEvery: in.cfg.SaveEvery, Pause: in.pause,
	}, follow.Sinks{Take: in.entry, Connected: in.followed, Gap: in.gap, Progress: in.sinks.Progress}, in.m, in.log)
}

// entry puts a stream's entry into the queue and waits while it is full.
func (in *Ingest) entry(ctx context.Context, e follow.Entry) error {
	channel, hasChannel := e.Text(channelField)
	payload, hasPayload := e.Text(payloadField)
	d := delivery{channel: channel, payload: payload, size: len(payload), received: time.Now(), receipt: e.Receipt}
	d.added, _ = e.ID.Time()
	if d.size > in.cfg.MaxPayload {
		d.payload = head(payload)
	}
	bad := func(reason found.Reason, what string) {
		d.channel, d.fault, d.detail = e.Stream, reason, fmt.Sprintf("entry %s: %s", e.ID, what)
		d.payload = head(payload)
	}
	switch {
	case !hasChannel:
		bad(found.UnknownChannel, "field "+channelField+": missing")
	case len(channel) > maxChannel:
		bad(found.UnknownChannel, fmt.Sprintf("field %s: %d bytes, more than %d", channelField, len(channel), maxChannel))
	case !hasPayload:
		bad(found.BadShape, "field "+payloadField+": missing")
	}
	return in.queue.put(ctx, d)
}

// followed takes the state of the streams for that of the feed, if there is no subscription: that one notices sooner.
func (in *Ingest) followed(up bool, at time.Time) {
	if in.subscribes() {
		return
	}
	if !up {
		in.m.RedisUp.Set(0)
	} else {
		in.m.RedisUp.Set(1)
		if in.everFollowed {
			in.m.RedisReconnects.Inc()
		}
		in.everFollowed = true
	}
	in.log.Info("the streams can be read", slog.Bool("now", up))
	in.sinks.Health.Ingest(up, at)
}

// subscribes reports whether there is anything to subscribe to.
func (in *Ingest) subscribes() bool { return len(in.cfg.Channels)+len(in.cfg.Patterns) > 0 }

// gap tells an interval in which messages may have been lost.
func (in *Ingest) gap(from, to time.Time) {
	if in.sinks.Gap == nil {
		return
	}
	in.gaps.Lock()
	defer in.gaps.Unlock()
	in.sinks.Gap(from, to)
}
