package reading

import "tierboard/server/classify/loose"

// vocabulary holds every key that a reader looks up. Variables of this package and of the readers fill it; nothing changes it after
// them.
var vocabulary loose.Vocabulary

// Keys returns a list of keys, best first, for a package's variable: it may not be called once the program runs.
func Keys(keys ...string) loose.Keys { return vocabulary.Keys(keys...) }

// Key is Keys for one key.
func Key(key string) loose.Key { return vocabulary.Key(key) }

// The keys that more than one reader looks up.
var (
	// TypeKeys hold a type word, see channels.WordOf.
	TypeKeys = Keys("event_type", "type", "event")
	// SymbolKeys hold the ticker.
	SymbolKeys = Keys("symbol", "ticker")
	// NameKeys may hold the pattern's name; the last one holds a tier's word instead in some texts.
	NameKeys = Keys("pattern", "pattern_name", "pattern_type")
	// ConfidenceKeys hold what Confidence reads.
	ConfidenceKeys = Keys("confidence")
	// TimeframeKeys hold the length of a bar.
	TimeframeKeys = Keys("timeframe")
	// SourceKeys hold the producer's name for itself, or a tier's word.
	SourceKeys = Keys("source")
	// DetectedKeys hold a time that means detection and nothing else.
	DetectedKeys = Keys("detected_at", "detection_timestamp", "detection_time")
	// TimestampKeys hold a time that may mean anything.
	TimestampKeys = Keys("timestamp")
	// MetadataKeys hold an object whose fields belong to what is around it.
	MetadataKeys = Keys("metadata")
)

var (
	sessionIDKeys = Keys("session_id")
	// idKeys may hold an event's id.
	idKeys = Keys("flow_id", "event_id", "detection_id", "pattern_id")
)
