package api

import "time"

// TiersHealth is the freshness of the feed, by tier. It is a report: the HTTP status is 200 whatever it says.
type TiersHealth struct {
	Status   string                `json:"status" enum:"ok,degraded,down" doc:"The whole." example:"degraded"`
	Reason   string                `json:"reason,omitempty" doc:"The first cause, unless ok." example:"combo: no combo for 41 min; typical gap 6 min"`
	AsOf     time.Time             `json:"as_of" doc:"When the report was made." example:"2026-11-20T19:31:11Z"`
	Market   Clock                 `json:"market" doc:"The exchange's clock."`
	Ingest   IngestHealth          `json:"ingest" doc:"The connection to the feed."`
	Producer *ProducerHealth       `json:"producer,omitempty" doc:"What the producer says about itself; absent while it says nothing."`
	Delivery *DeliveryHealth       `json:"delivery,omitempty" doc:"How delivery to sessions does; absent before the first sample."`
	Archive  *ArchiveHealth        `json:"archive,omitempty" doc:"The store behind the lists; absent without one."`
	Tiers    map[string]TierHealth `json:"tiers" doc:"By tier: daily, intraday, combo."`
}

// TierHealth is the freshness of one tier.
type TierHealth struct {
	Status      string        `json:"status" enum:"ok,idle,late,stale,down" doc:"idle: silence that is to be expected at this hour." example:"stale"`
	Reason      string        `json:"reason,omitempty" doc:"Why, unless ok." example:"no combo for 41 min; typical gap 6 min"`
	LastEventAt *time.Time    `json:"last_event_at,omitempty" doc:"When the newest event was accepted." example:"2026-11-20T18:50:02Z"`
	AgeS        *int64        `json:"age_s,omitempty" doc:"Its age in seconds." example:"2469"`
	StaleAfterS *int64        `json:"stale_after_s" nullable:"true" doc:"Silence in seconds that makes the tier stale; null while no limit holds." example:"1800"`
	Rate        *Rate         `json:"rate,omitempty" doc:"Accepted events."`
	IngestLagMS *Percentiles  `json:"ingest_lag_ms,omitempty" doc:"From the producer's publish time to our reading it, since the server started; absent before the first."`
	DeliverMS   *Percentiles  `json:"deliver_ms,omitempty" doc:"From receiving an event to handing it to a socket, since the server started; absent before the first."`
	Counters    *TierCounters `json:"counters,omitempty" doc:"Totals since the server started."`
}

// Rate is how many events came.
type Rate struct {
	PerMin  int `json:"per_min" doc:"In the last minute." example:"126"`
	PerHour int `json:"per_hour" doc:"In the last hour, as far as the server remembers." example:"5210"`
	Session int `json:"session" doc:"Of the trading day now, since the server began to count." example:"21904"`
}

// TierCounters are totals of one tier.
type TierCounters struct {
	Accepted  uint64 `json:"accepted" doc:"Events given a sequence number, those read back from the archive at the start included." example:"21904"`
	Received  uint64 `json:"received" doc:"Events that messages held, copies included." example:"22117"`
	Duplicate uint64 `json:"duplicate" doc:"Copies among them." example:"212"`
	Refused   uint64 `json:"refused" doc:"Those that were no valid event after all." example:"1"`
}

// Clock is the exchange's clock.
type Clock struct {
	Calendar      string     `json:"calendar" doc:"The exchange's code (ISO 10383)." example:"XNYS"`
	Session       string     `json:"session" enum:"pre_market,regular,post_market,closed" doc:"The session now." example:"regular"`
	SessionDate   string     `json:"session_date" format:"date" doc:"The trading day now belongs to." example:"2026-11-20"`
	HolidayName   string     `json:"holiday_name,omitempty" doc:"Why today is closed or short." example:"Thanksgiving Day"`
	EarlyClose    bool       `json:"early_close" doc:"Today closes before 16:00." example:"false"`
	ClosesAt      *time.Time `json:"closes_at,omitempty" doc:"End of today's regular session while it lies ahead." example:"2026-11-20T21:00:00Z"`
	NextOpen      *time.Time `json:"next_open,omitempty" doc:"The next begin of a regular session." example:"2026-11-23T14:30:00Z"`
	ChangesAt     *time.Time `json:"changes_at,omitempty" doc:"When the session will be another." example:"2026-11-20T21:00:00Z"`
	OffsetSeconds int        `json:"offset_seconds" doc:"The exchange's offset from UTC." example:"-18000"`
}

// IngestHealth is the connection to the feed.
type IngestHealth struct {
	Connected         bool       `json:"connected" doc:"Whether the feed is connected." example:"true"`
	Transport         string     `json:"transport,omitempty" doc:"Where events come from." example:"redis"`
	Channels          []string   `json:"channels,omitempty" doc:"What is listened to." example:"[\"tickstock.events.patterns\"]"`
	StreamFaults      []string   `json:"stream_faults,omitempty" doc:"Why a stream cannot be read, for each that cannot." example:"[\"there is no stream \\\"patterns\\\" in Redis\"]"`
	ConnectedSince    *time.Time `json:"connected_since,omitempty" doc:"Begin of the present connection." example:"2026-11-20T13:02:00Z"`
	DisconnectedSince *time.Time `json:"disconnected_since,omitempty" doc:"When the last connection was lost." example:"2026-11-20T13:01:12Z"`
	Reconnects24h     int        `json:"reconnects_24h" doc:"Connections after a lost one in the last 24 hours." example:"1"`
	LastMessageAt     *time.Time `json:"last_message_at,omitempty" doc:"When anything last came in." example:"2026-11-20T19:31:08Z"`
	HeartbeatAgeS     *int64     `json:"producer_heartbeat_age_s,omitempty" doc:"Age of the producer's heartbeat in seconds; absent when it writes none." example:"12"`
	HeartbeatLate     bool       `json:"producer_heartbeat_late,omitempty" doc:"The heartbeat is older than it should be." example:"true"`
}

// ProducerHealth is what the producer says about itself.
type ProducerHealth struct {
	SessionID  string     `json:"session_id,omitempty" doc:"Its streaming session." example:"s-1"`
	Session    string     `json:"session,omitempty" doc:"running or ended." example:"running"`
	Implied    bool       `json:"implied,omitempty" doc:"The session was never announced, only heard of." example:"true"`
	StartedAt  *time.Time `json:"started_at,omitempty" doc:"Begin of the session." example:"2026-11-20T14:25:00Z"`
	Status     string     `json:"status,omitempty" doc:"Its own word." example:"healthy"`
	SampleAgeS *int64     `json:"sample_age_s,omitempty" doc:"Age of that word in seconds." example:"4"`
}

// DeliveryHealth is how delivery to sessions does.
type DeliveryHealth struct {
	Status    string  `json:"status" enum:"healthy,warning,error" doc:"The judgement." example:"healthy"`
	Reason    string  `json:"reason,omitempty" doc:"Why, unless healthy." example:"11 errors"`
	Errors    int     `json:"errors" doc:"Failures in the sample." example:"0"`
	Users     int     `json:"users" doc:"Sessions." example:"12"`
	MatchMS   float64 `json:"match_ms" doc:"Time to find who wants an event." example:"0.02"`
	DeliverMS float64 `json:"deliver_ms" doc:"Time from receiving an event to a socket." example:"11"`
}

// ArchiveHealth is the store behind the lists.
type ArchiveHealth struct {
	Status   string     `json:"status" enum:"ok,degraded,down" doc:"down: the database cannot be reached, or events had to be thrown away." example:"ok"`
	Reason   string     `json:"reason,omitempty" doc:"Why, unless ok." example:"database away since 14:02, 812 events wait"`
	Waiting  int        `json:"waiting" doc:"Events accepted but not yet stored." example:"12"`
	Lost     uint64     `json:"lost" doc:"Events thrown away because the spool was full." example:"0"`
	StoredAt *time.Time `json:"stored_at,omitempty" doc:"When a batch was last stored." example:"2026-11-20T19:31:10Z"`
}

// MarketSessions is a part of the exchange's calendar.
type MarketSessions struct {
	Calendar string      `json:"calendar" doc:"The exchange's code (ISO 10383)." example:"XNYS"`
	Days     []MarketDay `json:"days" doc:"Every day asked for, closed ones included."`
}

// MarketDay is one day of the exchange.
type MarketDay struct {
	Date      string     `json:"date" format:"date" doc:"The day in New York." example:"2026-11-27"`
	Kind      string     `json:"kind" enum:"trading,early,closed" doc:"early: shortened." example:"early"`
	Name      string     `json:"name,omitempty" doc:"The holiday or the reason." example:"Day after Thanksgiving"`
	PreOpen   *time.Time `json:"pre_open,omitempty" doc:"Begin of the pre-market session." example:"2026-11-27T09:00:00Z"`
	Open      *time.Time `json:"open,omitempty" doc:"Begin of the regular session." example:"2026-11-27T14:30:00Z"`
	Close     *time.Time `json:"close,omitempty" doc:"End of the regular session." example:"2026-11-27T18:00:00Z"`
	PostClose *time.Time `json:"post_close,omitempty" doc:"End of the post-market session." example:"2026-11-27T22:00:00Z"`
}

// Ops is the server's own numbers, for its operator.
type Ops struct {
	AsOf       time.Time            `json:"as_of" doc:"When the answer was made." example:"2026-11-20T19:31:11.020Z"`
	Version    string               `json:"version,omitempty" doc:"The server's build." example:"v1.0.0"`
	StartedAt  time.Time            `json:"started_at" doc:"When it started." example:"2026-11-20T13:02:00.000Z"`
	Hub        HubStats             `json:"hub" doc:"Delivery, in totals since the start."`
	Streams    int                  `json:"streams" doc:"Open event streams (SSE)." example:"2"`
	Rejects    map[string]uint64    `json:"rejects" doc:"Messages that are no event, by reason."`
	Messages   map[string]uint64    `json:"messages" doc:"Messages read, by what became of them."`
	Slow       []SlowSession        `json:"slow_sessions" doc:"Live streams that do not keep up: those for which most waits, at most 20."`
	Closed     map[string]uint64    `json:"sessions_closed" doc:"Sessions ended, by reason; too_slow are those that did not keep up."`
	Histograms map[string]Histogram `json:"histograms" doc:"Times in milliseconds, by name and label."`
	Lag        *Percentiles         `json:"ingest_lag_ms,omitempty" doc:"From the producer's publish time to our reading it; absent before the first."`
	Settings   []Setting            `json:"settings,omitempty" doc:"The settings in force, secrets masked."`
}

// SlowSession is a live stream that has not taken what was sent to it.
type SlowSession struct {
	Kind         string `json:"kind" enum:"websocket,sse" doc:"How it listens." example:"websocket"`
	Address      string `json:"address,omitempty" doc:"Where it is." example:"10.0.0.7"`
	WaitingBytes int    `json:"waiting_bytes" doc:"Bytes that wait for it." example:"65536"`
}

// HubStats are the totals of delivery.
type HubStats struct {
	Epoch         string  `json:"epoch" doc:"Names this life of the server." example:"QJ5W3X6N7K2M4P8R"`
	Seq           uint64  `json:"seq" doc:"Events accepted." example:"184467"`
	Duplicates    uint64  `json:"duplicates" doc:"Copies refused." example:"212"`
	Matched       uint64  `json:"matched" doc:"Pairs of an event and a session that wanted it." example:"90121"`
	Delivered     uint64  `json:"delivered" doc:"Events put into outboxes." example:"90110"`
	Suppressed    uint64  `json:"suppressed" doc:"Events held back by the rate limit." example:"9"`
	Dropped       uint64  `json:"dropped" doc:"Events left out because a session lagged." example:"2"`
	Sessions      int     `json:"sessions" doc:"Open sessions." example:"12"`
	Subscriptions int     `json:"subscriptions" doc:"Their subscriptions." example:"36"`
	Cohorts       int     `json:"cohorts" doc:"Distinct filter lists." example:"5"`
	Inbox         int     `json:"inbox" doc:"Events waiting for delivery." example:"0"`
	WindowMS      float64 `json:"window_ms" doc:"The longest an event waits for company." example:"10"`
	RateLimit     int     `json:"rate_limit" doc:"Live events a second and session." example:"100"`
}

// Histogram is a latency in short.
type Histogram struct {
	Count uint64  `json:"count" doc:"Measurements." example:"4711"`
	P50   float64 `json:"p50" doc:"Half are faster, milliseconds." example:"1.2"`
	P95   float64 `json:"p95" doc:"95 of 100 are faster." example:"4.8"`
	P99   float64 `json:"p99" doc:"99 of 100 are faster." example:"9.1"`
}

// Setting is one setting in force.
type Setting struct {
	Name  string `json:"name" doc:"Its flag." example:"addr"`
	Value string `json:"value" doc:"Its value; *** for a secret." example:"127.0.0.1:8080"`
	From  string `json:"from" doc:"flag, environment or default." example:"default"`
}

// DeadLetters are messages that are no event.
type DeadLetters struct {
	Total   uint64       `json:"total" doc:"How many there ever were." example:"3"`
	Letters []DeadLetter `json:"letters" doc:"The newest first."`
}

// DeadLetter is one such message.
type DeadLetter struct {
	Time    time.Time `json:"time" doc:"When it came in." example:"2026-11-20T19:31:07.434Z"`
	Channel string    `json:"channel" doc:"Where it came in." example:"tickstock.events.patterns"`
	Reason  string    `json:"reason" doc:"One word." example:"no_symbol"`
	Detail  string    `json:"detail" doc:"A sentence that names the field." example:"data.symbol: missing"`
	Size    int       `json:"size" doc:"Bytes of the whole." example:"211"`
	Head    string    `json:"head" doc:"Its first bytes, at most 512. Untrusted text." example:"{\"event_type\":\"pattern_detected\"}"`
}
