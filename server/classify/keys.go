package classify

import (
	"tierboard/server/classify/found"
	"tierboard/server/classify/loose"
)

// vocabulary holds every key that this package looks up. The variables below fill it; nothing changes it after them.
var vocabulary loose.Vocabulary

// What a text is, and where its parts are.
var (
	// typeKeys hold a type word.
	typeKeys = vocabulary.Keys("event_type", "type", "event")
	// listKeys hold the entries of a batch: a list of anything else in them is a mistake. In moreListKeys it is somebody's detail.
	listKeys     = vocabulary.Keys("patterns", "detections", "outcomes")
	moreListKeys = vocabulary.Keys("events", "data", "payload")
	// batchEnvelopes may hold a batch.
	batchEnvelopes = vocabulary.Keys("data", "payload")
	countKeys      = vocabulary.Keys("count")
	// envelopes may hold a detection, in the order in which they are tried; the others their own kinds.
	envelopes        = vocabulary.Keys("data", "detection", "payload", "pattern_data", "event", "event_data")
	outcomeEnvelopes = vocabulary.Keys("data", "payload", "outcome")
	sessionEnvelopes = vocabulary.Keys("session", "data", "payload")
	healthEnvelopes  = vocabulary.Keys("health", "data", "payload")
	// sideKeys are objects beside the detection whose fields belong to it.
	sideKeys     = vocabulary.Keys("metadata", "indicators", "pattern_data")
	metadataKeys = vocabulary.Keys("metadata")
	// healthSideKeys are the same of a health sample.
	healthSideKeys = vocabulary.Keys("connection", "data_flow", "resources", "resource_usage", "metrics", "stale_symbols")
)

// What a detection says.
var (
	symbolKeys     = vocabulary.Keys("symbol", "ticker")
	confidenceKeys = vocabulary.Keys("confidence")
	strengthKeys   = vocabulary.Keys("signal_strength")
	// nameKeys may hold the pattern's name.
	nameKeys      = vocabulary.Keys("pattern", "pattern_name", "pattern_type")
	directionKeys = vocabulary.Keys("direction")
	timeframeKeys = vocabulary.Keys("timeframe")
	sourceKeys    = vocabulary.Keys("source")
	// idKeys may hold an event's id. linkIDKeys may do so in a link, and rowIDKeys may name a combo's daily event.
	idKeys     = vocabulary.Keys("flow_id", "event_id", "detection_id", "pattern_id")
	linkIDKeys = vocabulary.Keys("id")
	rowIDKeys  = vocabulary.Keys("daily_pattern_id")

	detectedKeys      = vocabulary.Keys("detected_at", "detection_timestamp", "detection_time")
	publishedKeys     = vocabulary.Keys("published_at", "batch_timestamp")
	timestampKeys     = vocabulary.Keys("timestamp")
	linkTimeKeys      = vocabulary.Keys("detected_at", "detection_timestamp", "detection_time", "timestamp")
	dailyTimeKeys     = vocabulary.Keys("daily_pattern_timestamp")
	expiryKeys        = vocabulary.Keys("expires_at", "expiration_timestamp", "expiration_date")
	priceKeys         = vocabulary.Keys("price_at_detection", "price", "current_price", "entry_price")
	changeKeys        = vocabulary.Keys("price_change", "price_change_pct", "price_change_percent")
	volumeKeys        = vocabulary.Keys("volume", "volume_at_detection")
	relativeKeys      = vocabulary.Keys("relative_volume", "rvol")
	levelsKeys        = vocabulary.Keys("levels")
	levelPriceKeys    = vocabulary.Keys("value", "price", "level")
	levelLabelKeys    = vocabulary.Keys("label", "name")
	levelKindKeys     = vocabulary.Keys("type", "kind")
	correlationKeys   = vocabulary.Keys("correlation_strength")
	dailyContextKeys  = vocabulary.Keys("daily_context")
	triggerKeys       = vocabulary.Keys("intraday_trigger")
	signalKeys        = vocabulary.Keys("intraday_signal")
	comboKeys         = vocabulary.Keys("daily_context", "intraday_trigger", "correlation_strength", "daily_pattern_id", "intraday_signal") // only combo detections have them
	sessionIDKeys     = vocabulary.Keys("session_id")
	calculatedKeys    = vocabulary.Keys("outcome_calculated_at", "calculated_at")
	outcomeRefKeys    = vocabulary.Keys("flow_id", "detection_id", "pattern_id")
	outcomeValueKeys  = horizonKeys("outcome_")
	outcomeResultKeys = horizonKeys("success_")
)

// horizonKeys returns a key for each of an outcome's horizons.
func horizonKeys(prefix string) (keys [3]loose.Keys) {
	for h, name := range found.HorizonNames() {
		keys[h] = vocabulary.Keys(prefix + name)
	}
	return keys
}

// What a session says.
var (
	universeKeys         = vocabulary.Keys("universe", "symbol_universe", "symbol_universe_key")
	symbolCountKeys      = vocabulary.Keys("symbol_count")
	finalStatusKeys      = vocabulary.Keys("final_status", "status")
	reasonKeys           = vocabulary.Keys("reason")
	triggerTypeKeys      = vocabulary.Keys("trigger_type")
	sessionPatternKeys   = vocabulary.Keys("total_patterns", "patterns_detected")
	sessionIndicatorKeys = vocabulary.Keys("total_indicators", "indicators_calculated")
	sessionBarKeys       = vocabulary.Keys("bars_processed")
	startKeys            = vocabulary.Keys("started_at", "start_time", "timestamp")
	stopKeys             = vocabulary.Keys("stopped_at", "stop_time", "timestamp")
	durationSecondKeys   = vocabulary.Keys("duration_seconds")
	durationMinuteKeys   = vocabulary.Keys("duration_minutes")
)

// What a health sample says.
var (
	componentKeys     = vocabulary.Keys("component")
	healthStatusKeys  = vocabulary.Keys("status", "health_status", "connection_status")
	issueKeys         = vocabulary.Keys("issues")
	activeSymbolKeys  = vocabulary.Keys("active_symbols")
	staleSymbolKeys   = vocabulary.Keys("stale_symbols", "count")
	tickRateKeys      = vocabulary.Keys("ticks_per_second")
	barRateKeys       = vocabulary.Keys("bars_per_minute")
	eventRateKeys     = vocabulary.Keys("processing_rate")
	lagKeys           = vocabulary.Keys("processing_lag_ms", "avg_detection_time_ms")
	cpuKeys           = vocabulary.Keys("cpu_percent", "cpu_usage")
	memoryPercentKeys = vocabulary.Keys("memory_percent", "memory_usage")
	memoryKeys        = vocabulary.Keys("memory_mb", "memory_usage_mb")
	patternCountKeys  = vocabulary.Keys("patterns_detected")
	indicatorKeys     = vocabulary.Keys("indicators_calculated")
	errorKeys         = vocabulary.Keys("errors_count")
	reconnectKeys     = vocabulary.Keys("reconnections", "reconnection_count")
	connectionKeys    = vocabulary.Keys("active_connections", "active")
	uptimeKeys        = vocabulary.Keys("uptime_seconds")
)
