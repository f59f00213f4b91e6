package channels

import (
	"github.com/valyala/fastjson"

	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
)

// words are the type words that overrule what the channel carries.
var words = map[string]Carries{
	"pattern_detected": Detections, "streaming_pattern": Detections, "streaming_patterns_batch": Detections, "patterns_batch": Detections,
	"tier_pattern": Detections, "pattern_alert": Detections, "event_batch": Detections,
	"pattern_outcome_update": Outcomes,
	"session_started":        Starts, "streaming_session_started": Starts,
	"session_stopped": Stops, "streaming_session_stopped": Stops,
	"system_health": Health, "system_health_update": Health, "streaming_health": Health, "health_update": Health,
	"pattern_updated": Nothing, "pattern_expired": Nothing,
	"pattern_processing_started": Nothing, "pattern_progress": Nothing, "pattern_processing_completed": Nothing,
	"processing_started": Nothing, "processing_progress": Nothing, "processing_completed": Nothing,
	"streaming_indicator": Nothing, "streaming_indicators_batch": Nothing, "indicator_alert": Nothing, "critical_alert": Nothing,
}

// Word is a type word with what it means. The zero Word is none.
type Word struct {
	Text    string // in lower case, as it is in the list
	Carries Carries
}

// typeWords is words, with the word for whoever looked it up by bytes.
var typeWords = func() map[string]Word {
	m := make(map[string]Word, len(words))
	for word, carries := range words {
		m[word] = Word{word, carries}
	}
	return m
}()

// WordOf returns the type word that v is, in any letter case; false when it is none.
func WordOf(v *fastjson.Value) (Word, bool) {
	w, ok := typeWords[string(v.GetStringBytes())]
	if !ok {
		var buf [64]byte
		w, ok = typeWords[string(scalar.Fold(buf[:0], v, event.MaxText))]
	}
	return w, ok
}
