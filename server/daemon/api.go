package daemon

import (
	"fmt"
	"log/slog"

	"tierboard/server/calendar"
	"tierboard/server/config"
	"tierboard/server/gate"
	"tierboard/server/metrics"
	"tierboard/server/rest"
	"tierboard/server/rest/stored"
	"tierboard/server/sse"
	"tierboard/shared/api"
)

// newAPI makes the REST API and the event stream beside it.
func newAPI(c config.Config, s *server, market *calendar.Calendar, build string, m *metrics.Metrics, log *slog.Logger) error {
	gc := gate.DefaultConfig()
	gc.PerMinute, gc.ExportsPerMinute, gc.DraftFields, gc.Origins = c.RequestsPerMinute, c.ExportsPerMinute, c.RateLimitFields, c.CORSOrigins
	door, err := gate.New(gc, log)
	if err != nil {
		return fmt.Errorf("rest: %w", err)
	}
	sc := sse.DefaultConfig()
	if s.sse, err = sse.New(sc, s.hub, m, log); err != nil {
		return fmt.Errorf("rest: %w", err)
	}
	archive := stored.New(s.keeper.Store())
	s.rest, err = rest.New(rest.Config{
		Hub: s.hub, Archive: archive, Library: archive, ArchiveHealth: s.keeper.Health, Health: s.feed, Gate: door,
		Market:       func() *calendar.Calendar { return market },
		DeadLetters:  func(limit int) ([]api.DeadLetter, uint64) { return letters(s, limit) },
		SlowSessions: func(limit int) []api.SlowSession { return slowSessions(s, limit) },
		PerMinute:    c.RequestsPerMinute, ExportsPerMinute: c.ExportsPerMinute, Stream: s.sse, Streams: s.sse.Open, StreamsPerUser: sc.PerUser,
		Version: build, Settings: func() []api.Setting { return settings(c) },
	}, m, log)
	if err != nil {
		return fmt.Errorf("rest: %w", err)
	}
	return nil
}

// slowSessions are the live sessions that do not keep up, for operators.
func slowSessions(s *server, limit int) []api.SlowSession {
	var out []api.SlowSession
	for _, x := range s.stream.Slow(limit) {
		out = append(out, api.SlowSession{Kind: "websocket", Address: x.Address.String(), WaitingBytes: x.Waiting})
	}
	return out
}

// letters are the newest messages that are no event, for operators.
func letters(s *server, limit int) ([]api.DeadLetter, uint64) {
	all := s.ingest.DeadLetters()
	newest := all.Newest(limit)
	out := make([]api.DeadLetter, len(newest))
	for i, l := range newest {
		out[i] = api.DeadLetter{Time: l.Time, Channel: l.Channel, Reason: l.Reason, Detail: l.Detail, Size: l.Size, Head: l.Head}
	}
	return out, all.Total()
}

// settings are the settings in force, with passwords masked.
func settings(c config.Config) []api.Setting {
	var out []api.Setting
	for _, s := range config.Settings(c, nil) {
		from := "default"
		if s.Value != s.Default {
			from = "set"
		}
		out = append(out, api.Setting{Name: s.Flag, Value: s.Value, From: from})
	}
	return out
}
