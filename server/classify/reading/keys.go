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
	TypeKeys       = Keys("event_type", "type", "event")                          // hold a type word
	SymbolKeys     = Keys("symbol", "ticker")                                     // the ticker
	NameKeys       = Keys("pattern", "pattern_name", "pattern_type")              // may hold the pattern's name
	ConfidenceKeys = Keys("confidence")                                           // from 0 to 1, or a percentage
	TimeframeKeys  = Keys("timeframe")                                            // the length of a bar
	SourceKeys     = Keys("source")                                               // the producer's name for itself, or a tier's word
	DetectedKeys   = Keys("detected_at", "detection_timestamp", "detection_time") // a time that means detection and nothing else
	TimestampKeys  = Keys("timestamp")                                            // a time that may mean anything
	MetadataKeys   = Keys("metadata")                                             // an object whose fields belong to what is around it
)

var (
	sessionIDKeys = Keys("session_id")
	// idKeys may hold an event's id.
	idKeys = Keys("flow_id", "event_id", "detection_id", "pattern_id")
)
