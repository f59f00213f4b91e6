package health

import (
	"maps"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/health/age"
	"tierboard/server/health/delivery"
	"tierboard/server/health/freshness"
	"tierboard/server/health/producer"
)

// Degraded is the word of a whole that works, though something of it does not. Besides it the whole is only freshness.OK or
// freshness.Down; a tier is never Degraded.
const Degraded freshness.Status = "degraded"

// Ingest is the state of the connection to the feed.
type Ingest struct {
	// Connected tells whether the feed is connected.
	Connected bool `json:"connected"`
	// Transport and Channels are those of Config.
	Transport string   `json:"transport,omitempty"`
	Channels  []string `json:"channels,omitempty"`
	// StreamFaults says of each stream that cannot be read why, in the order of their names.
	StreamFaults []string `json:"stream_faults,omitempty"`
	// ConnectedSince is when the present connection began; zero while there is none.
	ConnectedSince time.Time `json:"connected_since,omitzero"`
	// DisconnectedSince is when the last connection was lost; zero while there is one, or never was.
	DisconnectedSince time.Time `json:"disconnected_since,omitzero"`
	// Reconnects24h counts the connections after a lost one in the last 24 hours, up to 256.
	Reconnects24h int `json:"reconnects_24h"`
	// LastMessageAt is when anything last came in.
	LastMessageAt time.Time `json:"last_message_at,omitzero"`
	// HeartbeatAgeS is the age of the producer's heartbeat; absent when it writes none.
	HeartbeatAgeS age.Seconds `json:"producer_heartbeat_age_s,omitzero"`
	// HeartbeatLate tells that there is a heartbeat and it is older than Config.HeartbeatLateAfter.
	HeartbeatLate bool `json:"producer_heartbeat_late,omitempty"`
}

// Report is the answer of a Tracker at one instant. The receiver owns it.
type Report struct {
	// Status is Down without the feed, Degraded when a stream cannot be read, when a tier is late or stale, when the producer reports
	// trouble, when its heartbeat is late and no event came since, or when Delivery is not healthy; else OK.
	Status freshness.Status `json:"status"`
	// Reason names the first cause when Status is not OK.
	Reason string `json:"reason,omitempty"`
	// AsOf is the instant of the report, UTC in milliseconds.
	AsOf time.Time `json:"as_of"`
	// Market is the exchange's clock at AsOf.
	Market calendar.Clock `json:"market"`
	// Ingest is the connection to the feed.
	Ingest Ingest `json:"ingest"`
	// Producer is what the producer says about itself.
	Producer producer.Report `json:"producer"`
	// Delivery is the judgement of the newest delivery sample; absent before the first.
	Delivery delivery.Judgement `json:"delivery,omitzero"`
	// Tiers has one entry a configured tier.
	Tiers map[string]freshness.Judgement `json:"tiers"`
}

// Summary is the part of a Report that a status frame carries.
type Summary struct {
	// Ingest is "connected" or "down".
	Ingest string `json:"ingest"`
	// Tiers has the status of each tier.
	Tiers map[string]string `json:"tiers"`
}

// Summary returns the part of the report whose change is worth a status frame: ages and reasons, which
// change all the time, are not in it.
func (r Report) Summary() Summary {
	s := Summary{Ingest: "down", Tiers: make(map[string]string, len(r.Tiers))}
	if r.Ingest.Connected {
		s.Ingest = "connected"
	}
	for name, tier := range r.Tiers {
		s.Tiers[name] = string(tier.Status)
	}
	return s
}

// Equal reports whether both summaries say the same.
func (s Summary) Equal(other Summary) bool {
	return s.Ingest == other.Ingest && maps.Equal(s.Tiers, other.Tiers)
}
