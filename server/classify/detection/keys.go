package detection

import "tierboard/server/classify/reading"

// Where the parts of a detection are.
var (
	// envelopes may hold a detection, in the order in which they are tried.
	envelopes = reading.Keys("data", "detection", "payload", "pattern_data", "event", "event_data")
	// sideKeys are objects beside the detection whose fields belong to it.
	sideKeys = reading.Keys("metadata", "indicators", "pattern_data")
)

// What a detection says.
var (
	strengthKeys  = reading.Keys("signal_strength")
	directionKeys = reading.Keys("direction")

	publishedKeys = reading.Keys("published_at", "batch_timestamp")
	expiryKeys    = reading.Keys("expires_at", "expiration_timestamp", "expiration_date")
	priceKeys     = reading.Keys("price_at_detection", "price", "current_price", "entry_price")
	changeKeys    = reading.Keys("price_change", "price_change_pct", "price_change_percent")
	volumeKeys    = reading.Keys("volume", "volume_at_detection")
	relativeKeys  = reading.Keys("relative_volume", "rvol")
	comboKeys     = reading.Keys("daily_context", "intraday_trigger", "correlation_strength", "daily_pattern_id", "intraday_signal") // only combo detections have them
)
