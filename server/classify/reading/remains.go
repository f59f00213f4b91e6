package reading

import (
	"slices"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/channels"
	"tierboard/server/classify/details"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
)

// Remains collects every field of a detection that was not taken: its own first, then those of the envelopes. Of a batch only short
// plain values are repeated in its entries. Objects with more than most fields are collected whole.
func Remains(s *layers.Stack, most int, rest *details.Rest) {
	for i, layer := range slices.Backward(s.Layers) {
		for n := range layer.Fields() {
			f := &layer.Fields()[n]
			if f.Used || detectionWord(f) || i < s.Batch && !short(f) {
				continue
			}
			inner := sideOf(s, most, f)
			if inner == nil {
				rest.AddField("", f)
				continue
			}
			for k := range inner.Fields() {
				if sf := &inner.Fields()[k]; !sf.Used {
					rest.AddField(f.Key, sf)
				}
			}
		}
	}
}

// sideOf returns the side object a field holds, or nil.
func sideOf(s *layers.Stack, most int, f *loose.Field) *loose.Object {
	if f.Value.Type() != fastjson.TypeObject {
		return nil
	}
	o, _ := f.Object(most)
	if !slices.Contains(s.Side, o) {
		return nil
	}
	return o
}

// detectionWord reports whether a field tells nothing but that this is a detection.
func detectionWord(f *loose.Field) bool {
	if !f.In(&TypeKeys) {
		return false
	}
	w, _ := channels.WordOf(f.Value)
	return w.Carries == channels.Detections
}

// short reports whether a field of a batch is worth repeating in every entry.
func short(f *loose.Field) bool {
	const longest = 64
	if t := f.Value.Type(); t == fastjson.TypeObject || t == fastjson.TypeArray {
		return false
	}
	return len(f.Key)+len(f.Value.GetStringBytes()) <= longest
}
