package feeds

import (
	"tierboard/server/classify/found"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
)

// What an outcome says.
var (
	outcomeEnvelopes  = reading.Keys("data", "payload", "outcome")
	calculatedKeys    = reading.Keys("outcome_calculated_at", "calculated_at")
	outcomeRefKeys    = reading.Keys("flow_id", "detection_id", "pattern_id")
	outcomeValueKeys  = horizonKeys("outcome_")
	outcomeResultKeys = horizonKeys("success_")
)

// horizonKeys returns a key for each of an outcome's horizons.
func horizonKeys(prefix string) (keys [3]loose.Keys) {
	for h, name := range found.HorizonNames() {
		keys[h] = reading.Keys(prefix + name)
	}
	return keys
}

// What a session says.
var (
	sessionEnvelopes     = reading.Keys("session", "data", "payload")
	universeKeys         = reading.Keys("universe", "symbol_universe", "symbol_universe_key")
	symbolCountKeys      = reading.Keys("symbol_count")
	finalStatusKeys      = reading.Keys("final_status", "status")
	reasonKeys           = reading.Keys("reason")
	triggerTypeKeys      = reading.Keys("trigger_type")
	sessionPatternKeys   = reading.Keys("total_patterns", "patterns_detected")
	sessionIndicatorKeys = reading.Keys("total_indicators", "indicators_calculated")
	sessionBarKeys       = reading.Keys("bars_processed")
	startKeys            = reading.Keys("started_at", "start_time", "timestamp")
	stopKeys             = reading.Keys("stopped_at", "stop_time", "timestamp")
	durationSecondKeys   = reading.Keys("duration_seconds")
	durationMinuteKeys   = reading.Keys("duration_minutes")
)

// What a health sample says.
var (
	healthEnvelopes = reading.Keys("health", "data", "payload")
	// healthSideKeys are objects beside the sample whose fields belong to it.
	healthSideKeys    = reading.Keys("connection", "data_flow", "resources", "resource_usage", "metrics", "stale_symbols")
	componentKeys     = reading.Keys("component")
	healthStatusKeys  = reading.Keys("status", "health_status", "connection_status")
	issueKeys         = reading.Keys("issues")
	activeSymbolKeys  = reading.Keys("active_symbols")
	staleSymbolKeys   = reading.Keys("stale_symbols", "count")
	tickRateKeys      = reading.Keys("ticks_per_second")
	barRateKeys       = reading.Keys("bars_per_minute")
	eventRateKeys     = reading.Keys("processing_rate")
	lagKeys           = reading.Keys("processing_lag_ms", "avg_detection_time_ms")
	cpuKeys           = reading.Keys("cpu_percent", "cpu_usage")
	memoryPercentKeys = reading.Keys("memory_percent", "memory_usage")
	memoryKeys        = reading.Keys("memory_mb", "memory_usage_mb")
	patternCountKeys  = reading.Keys("patterns_detected")
	indicatorKeys     = reading.Keys("indicators_calculated")
	errorKeys         = reading.Keys("errors_count")
	reconnectKeys     = reading.Keys("reconnections", "reconnection_count")
	connectionKeys    = reading.Keys("active_connections", "active")
	uptimeKeys        = reading.Keys("uptime_seconds")
)
