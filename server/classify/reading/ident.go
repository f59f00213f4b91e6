package reading

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/valyala/fastjson"

	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
)

// namespace is the root of all ids made here. It must never change: ids of stored events depend on it.
var namespace = uuid.MustParse("6d6f2c1e-5a0b-5c57-9d3e-7a1f0c2b8e44")

// ProducerID returns the event id for the text of one of the producer's id fields, or "" when it is none. Digits alone are a
// counter of the producer's database: under the name of their field ("detection-881") they cannot meet another
// counter's, except in pattern_id, where they number the pattern and not the detection. A text over event.MaxID bytes
// is replaced by an id derived from it. Outcomes and links find their events by the same function.
func ProducerID(field, text string) string {
	id, cut := scalar.Clean(text, event.MaxID)
	if digits, ok := scalar.Digits(id); ok && !cut {
		if field == "pattern_id" {
			return ""
		}
		return strings.TrimSuffix(field, "_id") + "-" + digits
	}
	if cut {
		return uuid.NewSHA1(namespace, []byte("long\x00"+text)).String()
	}
	return id
}

// IDOf returns the event id that the value of one of the producer's id fields gives, or "" when it is none. See ProducerID.
func IDOf(field string, v *fastjson.Value) string {
	if v.Type() == fastjson.TypeString {
		return ProducerID(field, string(v.GetStringBytes()))
	}
	if digits, ok := scalar.Integer(v); ok {
		return ProducerID(field, digits)
	}
	return ""
}

// TakeID takes the producer's id of the event; "" if there is none. A batch's own ids are not looked at: they name the batch.
func TakeID(s *layers.Stack) string {
	own := s.Own()
	id := ""
	own.Each(true, &idKeys, func(f *loose.Field) bool {
		id = IDOf(f.Key, f.Value)
		return id != ""
	})
	return id
}

// DeriveID makes the id of an event whose producer gave none: the same detection gives the same id, wherever and however
// often it arrives. Without a detection time, as
// timed tells, the text itself, which is raw, stands in for it.
func DeriveID(e *event.Event, raw *fastjson.Value, timed bool) string {
	b := make([]byte, 0, 128)
	for _, part := range [...]string{e.Symbol, e.Pattern, e.Tier.String(), e.Timeframe} {
		b = append(append(b, part...), 0)
	}
	if timed {
		b = strconv.AppendInt(b, e.DetectedAt.UnixMilli(), 10)
	} else {
		b = raw.MarshalTo(append(b, "text\x00"...))
	}
	return uuid.NewSHA1(namespace, b).String()
}
