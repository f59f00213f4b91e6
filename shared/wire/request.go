package wire

import "tierboard/shared/filter"

// Resume is where a client stopped reading.
type Resume struct {
	Epoch string
	Seq   uint64
}

// Request is one frame from a client.
type Request struct {
	Type    string // "subscribe", "unsubscribe" or "ping"
	ID      string
	Filters []filter.Filter // subscribe only
	Resume  *Resume         // subscribe only; nil asks for a snapshot
}

// Append encodes the request.
func (r *Request) Append(buf []byte, f Format) []byte {
	w := open(buf, f, r.Type)
	w.OptStr("id", r.ID)
	if r.Type == "subscribe" {
		w.Array("filters")
		for i := range r.Filters {
			w.filter(&r.Filters[i])
		}
		w.End()
	}
	if r.Resume != nil {
		w.Map("resume")
		w.Str("epoch", r.Resume.Epoch)
		w.Uint("seq", r.Resume.Seq)
		w.End()
	}
	return w.close()
}
