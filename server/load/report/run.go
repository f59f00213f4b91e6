package report

import (
	"tierboard/server/load/gauge"
	"tierboard/server/load/ledger"
)

// Run is what one run found.
type Run struct {
	Users     int              `json:"users"`
	Stuck     int              `json:"stuck"`
	Published int              `json:"published"`
	Rate      float64          `json:"published_per_second"`
	Late      float64          `json:"publisher_late_ms"` // at worst
	Seconds   float64          `json:"seconds"`
	WindowMS  float64          `json:"window_ms"` // the longest in force meanwhile
	Exact     ledger.Exactness `json:"exact"`

	Live  gauge.Times `json:"live"`  // publish to client
	Quiet gauge.Times `json:"quiet"` // the same for sessions that got nothing for a second

	// Storm is Live while many others connected (scenario connect).
	Storm         gauge.Times `json:"storm"`
	StormConnects float64     `json:"storm_connects_per_second"`

	MatchMean Number  `json:"match_mean_us"`
	MatchP50  Number  `json:"match_p50_us"`
	MatchP99  Number  `json:"match_p99_us"`
	MatchMax  Number  `json:"match_max_us"` // an upper bound
	Matches   float64 `json:"matches"`

	Frames         float64 `json:"frames_per_second"`
	Events         float64 `json:"events_per_second"` // delivered, all sessions together
	CPUPerEvent    float64 `json:"server_cpu_us_per_event"`
	CPUShare       float64 `json:"server_cpu_cores"`
	OthersCPU      float64 `json:"others_cpu_cores"` // all other processes, Redis among them
	ClientPerEvent float64 `json:"client_cpu_us_per_event"`
	RSSPerSession  float64 `json:"rss_bytes_per_session"`
	RSSAfterLoad   float64 `json:"rss_after_load_bytes_per_session"` // with the events that the server keeps
	UsePerSession  float64 `json:"in_use_bytes_per_session"`         // heap and stacks
	Goroutines     int     `json:"goroutines"`
	Connects       float64 `json:"connects_per_second"`
	CutTooSlow     int     `json:"cut_too_slow"`
	OutboxMost     Number  `json:"outbox_most_bytes"` // an upper bound of what waited for one session
	// Drained is how many seconds after the last event the archive held all of them (scenario firehose); Unstored is how many
	// it does not hold.
	Drained  float64  `json:"archive_drained_s"`
	Unstored int      `json:"unstored"`
	Notes    []string `json:"notes,omitempty"`
}
