package demo

import (
	"math"
	"time"
)

// registryID is a pattern's number in the producer's registry; the numbers are invented, small and stable.
func registryID(pattern string) int {
	switch pattern {
	case "weekly_breakout":
		return 1
	case "support_test":
		return 7
	case "resistance_test":
		return 8
	case "volume_spike":
		return 10
	case "double_bottom":
		return 14
	case "bull_flag":
		return 21
	case "bear_flag":
		return 22
	case "support_break":
		return 23
	case "double_top":
		return 24
	}
	return 90
}

// outcomeShape says what became of a detection after the given number of sessions, as far as that is known. The result is
// computed now, while the market still has the session; only the times wait for the publication.
func (f *Feed) outcomeShape(r *record, number, horizon int) func(now time.Time) string {
	f.ids++
	id := f.uuid("outcome", f.ids)
	out := fields{
		"event_type": "pattern_outcome_update", "event_id": id, "source": Source, "version": "1.0",
		"pattern_id": registryID(r.Pattern), "symbol": r.Symbol,
		"outcome_1d": nil, "outcome_5d": nil, "outcome_30d": nil, "success_1d": nil, "success_5d": nil, "success_30d": nil,
	}
	known := []struct {
		horizon int
		name    string
	}{{dayHorizon, "1d"}, {weekHorizon, "5d"}}
	for _, k := range known {
		if k.horizon > horizon {
			continue
		}
		v := math.Round(f.result(r, number, k.horizon)*1e4) / 1e4
		out["outcome_"+k.name] = v
		// A falling price is what a bearish detection promised.
		out["success_"+k.name] = v > 0
		if r.Direction.String() == "bearish" {
			out["success_"+k.name] = v < 0
		}
	}
	return func(now time.Time) string {
		out["detection_id"], out["pattern_name"] = r.id, r.name
		out["detection_timestamp"] = r.published.Format(isoZulu)
		out["published_at"], out["outcome_calculated_at"] = now.Format(isoZulu), now.Format(isoZulu)
		return out.text()
	}
}

func (f *Feed) sessionStarted(id string, now time.Time) string {
	return fields{
		"type": "streaming_session_started", "source": Source, "timestamp": now.Format(isoZulu),
		"session": fields{
			"session_id": id, "universe": "market_leaders:top_60", "started_at": now.Format(isoZulu),
			"symbol_count": len(f.symbols), "status": "active",
		},
	}.text()
}

func sessionStopped(s session, now time.Time) string {
	return fields{
		"event": "session_stopped", "source": Source, "timestamp": now.Format(isoZulu), "session_id": s.id, "duration_minutes": 390,
		"bars_processed": s.bars, "patterns_detected": s.detections, "indicators_calculated": 2 * s.bars,
	}.text()
}

// healthShape is one health sample: nested, as the live producer sends it, and flat every fourth time.
func (f *Feed) healthShape(s session, up time.Duration, n int, now time.Time) string {
	// The numbers wander a little, without a generator of their own.
	wave := math.Sin(float64(n) * 0.7)
	ticks := math.Round((17.5+2.5*wave)*10) / 10
	cpu, memory := math.Round((22+6*wave)*10)/10, 310+n%17
	if n%4 == 0 {
		return fields{
			"type": "streaming_health", "source": Source, "timestamp": epoch(now), "session_id": s.id, "status": "healthy",
			"issues": []string{}, "connection": fields{"active": 1, "failed": 0, "reconnections": 0},
			"data_flow":      fields{"ticks_per_second": ticks, "bars_per_minute": len(f.symbols), "processing_lag_ms": 12},
			"resources":      fields{"cpu_percent": cpu, "memory_mb": memory, "memory_percent": 7.5},
			"active_symbols": len(f.symbols), "stale_symbols": fields{"count": 0, "symbols": []string{}},
		}.text()
	}
	return fields{
		"type": "streaming_health", "source": Source, "timestamp": epoch(now),
		"health": fields{
			"session_id": s.id, "status": "healthy", "active_symbols": len(f.symbols), "ticks_per_second": ticks,
			"patterns_detected": s.detections, "indicators_calculated": 2 * s.bars, "memory_usage_mb": memory, "cpu_percent": cpu,
			"errors_count": 0, "uptime_seconds": int(up.Seconds()), "timestamp": epoch(now),
		},
	}.text()
}

// emptyHealth is the all-zero sample that the live producer sends between good ones.
func emptyHealth(id string, now time.Time) string {
	return fields{
		"type": "streaming_health", "source": Source, "timestamp": epoch(now),
		"health": fields{
			"session_id": id, "status": "healthy", "active_symbols": 0, "ticks_per_second": 0, "patterns_detected": 0,
			"indicators_calculated": 0, "memory_usage_mb": 0, "cpu_percent": 0, "errors_count": 0, "uptime_seconds": 0, "timestamp": epoch(now),
		},
	}.text()
}
