package api

import "time"

// Performance tells what became of detections, by tier. It counts what producers reported and nothing else.
type Performance struct {
	AsOf       time.Time             `json:"as_of" doc:"When the answer was made." example:"2026-11-20T21:05:00.000Z"`
	Outcomes   string                `json:"outcomes" enum:"reported,none" doc:"none: no outcome was received for anything in the window, so nothing can be said; it does not mean that nothing succeeded." example:"reported"`
	Window     PerformanceWindow     `json:"window" doc:"The detections that are counted."`
	Definition PerformanceDefinition `json:"definition" doc:"What the numbers mean."`
	Tiers      []TierPerformance     `json:"tiers" doc:"One entry a tier asked for."`
}

// PerformanceWindow is the span of session dates that is counted.
type PerformanceWindow struct {
	Since    string `json:"since" format:"date" doc:"First day." example:"2026-08-22"`
	Until    string `json:"until" format:"date" doc:"Last day." example:"2026-11-20"`
	Sessions int    `json:"sessions" doc:"Trading days in it." example:"64"`
}

// PerformanceDefinition says how the numbers came about.
type PerformanceDefinition struct {
	Horizon   string `json:"horizon" enum:"1d,5d,30d" doc:"How long after the detection the outcome is taken." example:"1d"`
	Rule      string `json:"rule" doc:"Who decides what a success is." example:"producer"`
	Interval  string `json:"interval" doc:"How intervals are computed: Wilson score, 95 %." example:"wilson95"`
	MinSample int    `json:"min_sample" doc:"Fewer outcomes than this give no rate." example:"30"`
}

// TierPerformance is the performance of one tier.
type TierPerformance struct {
	Tier          string             `json:"tier" enum:"daily,intraday,combo" doc:"The tier." example:"daily"`
	Detected      int                `json:"detected" doc:"Detections in the window; copies count once." example:"652"`
	Resolved      int                `json:"resolved" doc:"Those whose outcome is known." example:"612"`
	Pending       int                `json:"pending" doc:"Those without a verdict that may still come." example:"31"`
	Excluded      int                `json:"excluded" doc:"Those without a verdict that is overdue." example:"9"`
	Success       SuccessRate        `json:"success" doc:"How many succeeded."`
	ReturnPct     *Distribution      `json:"return_pct,omitempty" doc:"Returns in percent; absent below min_sample."`
	TimeToOutcome *TimeToOutcome     `json:"time_to_outcome_s,omitempty" doc:"Seconds from detection to outcome; absent while no producer tells it."`
	DeliveryMS    *Percentiles       `json:"delivery_ms,omitempty" doc:"From receiving an event to handing it to a socket, since the server started; absent before the first."`
	Calibration   []Calibration      `json:"calibration,omitempty" doc:"What became of detections by the detector's score: where a score of 0.8 succeeds less often than 0.8, the score promises too much."`
	Groups        []GroupPerformance `json:"groups,omitempty" doc:"The same by group_by, most resolved first."`
}

// SuccessRate is a share with its uncertainty.
type SuccessRate struct {
	Count  int       `json:"count" doc:"Successes." example:"355"`
	Rate   *float64  `json:"rate" nullable:"true" doc:"Share of resolved; null below min_sample." example:"0.58"`
	CI95   []float64 `json:"ci95,omitempty" minItems:"2" maxItems:"2" doc:"The 95 % Wilson interval; absent below min_sample." example:"[0.541,0.619]"`
	Sample string    `json:"sample" enum:"ok,small,none" doc:"small: too few to give a rate; none: nothing is resolved." example:"ok"`
}

// Distribution is how numbers are spread.
type Distribution struct {
	Mean   float64 `json:"mean" doc:"Arithmetic mean." example:"0.62"`
	Median float64 `json:"median" doc:"Half are below." example:"0.41"`
	P10    float64 `json:"p10" doc:"A tenth is below." example:"-2.9"`
	P90    float64 `json:"p90" doc:"Nine tenths are below." example:"4.2"`
}

// TimeToOutcome is how long outcomes take.
type TimeToOutcome struct {
	Median float64 `json:"median" doc:"Seconds." example:"19800"`
	P90    float64 `json:"p90" doc:"Seconds." example:"86400"`
}

// Percentiles are a latency's, in milliseconds.
type Percentiles struct {
	P50 float64 `json:"p50" doc:"Half are faster." example:"21"`
	P95 float64 `json:"p95" doc:"95 of 100 are faster." example:"64"`
	P99 float64 `json:"p99" doc:"99 of 100 are faster." example:"92"`
}

// Calibration compares scores in one bucket with what happened.
type Calibration struct {
	Bucket         []float64 `json:"bucket" minItems:"2" maxItems:"2" doc:"Confidence from (inclusive) and to (exclusive; 1 is in the last)." example:"[0.8,0.9]"`
	N              int       `json:"n" doc:"Resolved detections in it." example:"201"`
	MeanConfidence float64   `json:"mean_confidence" doc:"Their mean confidence." example:"0.84"`
	Rate           *float64  `json:"rate" nullable:"true" doc:"Share that succeeded; null below min_sample." example:"0.612"`
	CI95           []float64 `json:"ci95,omitempty" minItems:"2" maxItems:"2" doc:"The 95 % Wilson interval; absent below min_sample." example:"[0.543,0.677]"`
}

// GroupPerformance is the performance of a part of a tier.
type GroupPerformance struct {
	Group       string        `json:"group" doc:"The value of what group_by names; empty for detections that have none." example:"bull_flag"`
	PatternType string        `json:"pattern_type,omitempty" doc:"With group_by=pattern_type: the slug." example:"bull_flag"`
	Detected    int           `json:"detected" doc:"Detections in the window." example:"14"`
	Resolved    int           `json:"resolved" doc:"Those whose outcome is known." example:"12"`
	Pending     int           `json:"pending" doc:"Those without a verdict that may still come." example:"2"`
	Excluded    int           `json:"excluded" doc:"Those without a verdict that is overdue." example:"0"`
	Success     SuccessRate   `json:"success" doc:"How many succeeded."`
	ReturnPct   *Distribution `json:"return_pct,omitempty" doc:"Returns in percent; absent below min_sample."`
}
