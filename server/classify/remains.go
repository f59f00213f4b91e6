package classify

import (
	"slices"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/channels"
	"tierboard/server/classify/loose"
)

// remains collects every field that was not taken: the detection's own first, then those of the envelopes. Of a batch
// only short plain values are repeated in its entries.
func (d *detection) remains() {
	for i, layer := range slices.Backward(d.Layers) {
		for n := range layer.Fields() {
			f := &layer.Fields()[n]
			if f.Used || detectionWord(f) || i < d.Stack.Batch && !short(f) {
				continue
			}
			inner := d.sideOf(f)
			if inner == nil {
				d.rest.AddField("", f)
				continue
			}
			for k := range inner.Fields() {
				if sf := &inner.Fields()[k]; !sf.Used {
					d.rest.AddField(f.Key, sf)
				}
			}
		}
	}
}

// sideOf returns the side object a field holds, or nil.
func (d *detection) sideOf(f *loose.Field) *loose.Object {
	if f.Value.Type() != fastjson.TypeObject {
		return nil
	}
	o, _ := f.Object(d.c.cfg.MaxFields)
	if !slices.Contains(d.Side, o) {
		return nil
	}
	return o
}

// detectionWord reports whether a field tells nothing but that this is a detection.
func detectionWord(f *loose.Field) bool {
	if !f.In(&typeKeys) {
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
