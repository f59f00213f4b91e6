package classify

import "tierboard/server/classify/reading"

// What a text is, and where its parts are.
var (
	// listKeys hold the entries of a batch: a list of anything else in them is a mistake. In moreListKeys it is somebody's detail.
	listKeys     = reading.Keys("patterns", "detections", "outcomes")
	moreListKeys = reading.Keys("events", "data", "payload")
	// batchEnvelopes may hold a batch.
	batchEnvelopes = reading.Keys("data", "payload")
	countKeys      = reading.Keys("count")
	// envelopes may hold a detection, in the order in which they are tried.
	envelopes = reading.Keys("data", "detection", "payload", "pattern_data", "event", "event_data")
	// sideKeys are objects beside the detection whose fields belong to it.
	sideKeys = reading.Keys("metadata", "indicators", "pattern_data")
)

// What a detection says.
var (
	confidenceKeys = reading.Keys("confidence")
	strengthKeys   = reading.Keys("signal_strength")
	directionKeys  = reading.Keys("direction")
	timeframeKeys  = reading.Keys("timeframe")
	// linkIDKeys may hold an event's id in a link, and rowIDKeys may name a combo's daily event.
	linkIDKeys = reading.Keys("id")
	rowIDKeys  = reading.Keys("daily_pattern_id")

	publishedKeys    = reading.Keys("published_at", "batch_timestamp")
	linkTimeKeys     = reading.Keys("detected_at", "detection_timestamp", "detection_time", "timestamp")
	dailyTimeKeys    = reading.Keys("daily_pattern_timestamp")
	expiryKeys       = reading.Keys("expires_at", "expiration_timestamp", "expiration_date")
	priceKeys        = reading.Keys("price_at_detection", "price", "current_price", "entry_price")
	changeKeys       = reading.Keys("price_change", "price_change_pct", "price_change_percent")
	volumeKeys       = reading.Keys("volume", "volume_at_detection")
	relativeKeys     = reading.Keys("relative_volume", "rvol")
	levelsKeys       = reading.Keys("levels")
	levelPriceKeys   = reading.Keys("value", "price", "level")
	levelLabelKeys   = reading.Keys("label", "name")
	levelKindKeys    = reading.Keys("type", "kind")
	correlationKeys  = reading.Keys("correlation_strength")
	dailyContextKeys = reading.Keys("daily_context")
	triggerKeys      = reading.Keys("intraday_trigger")
	signalKeys       = reading.Keys("intraday_signal")
	comboKeys        = reading.Keys("daily_context", "intraday_trigger", "correlation_strength", "daily_pattern_id", "intraday_signal") // only combo detections have them
)
