package classify

import "tierboard/server/classify/reading"

// Where the entries of a batch are.
var (
	// listKeys hold the entries of a batch: a list of anything else in them is a mistake. In moreListKeys it is somebody's detail.
	listKeys     = reading.Keys("patterns", "detections", "outcomes")
	moreListKeys = reading.Keys("events", "data", "payload")
	// batchEnvelopes may hold a batch.
	batchEnvelopes = reading.Keys("data", "payload")
	countKeys      = reading.Keys("count")
)
