package own

import (
	"fmt"
	"sync"
	"time"

	"tierboard/e2e/peer/job"
	"tierboard/e2e/peer/measure"
	"tierboard/shared/api"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// scans are at rest between two frames: one serves many connections.
var scans = sync.Pool{New: func() any { return &wire.Scan{} }}

// Dialect is how a client talks with our delivery, and with our whole server.
func Dialect() measure.Dialect {
	return measure.Dialect{
		Path: api.PathWebSocket, Protocol: wire.MsgPackProtocol, Binary: true,
		Hello: func(j *job.Job, user int) []byte {
			r := wire.Request{Type: "subscribe", ID: "main", Filters: []filter.Filter{j.Filters[user]}}
			return r.Append(nil, wire.MsgPack)
		},
		Frame: func(c *measure.Connection, payload []byte, at time.Time) ([]byte, error) {
			scan := scans.Get().(*wire.Scan) //nolint:errcheck,forcetypeassert // the pool holds nothing else
			defer scans.Put(scan)
			if err := scan.Read(payload); err != nil {
				return nil, fmt.Errorf("a frame that cannot be read: %w", err)
			}
			switch string(scan.Type) {
			case "welcome", "status":
				return nil, nil
			case "subscribed":
				c.Subscribed()
				return nil, nil
			case "batch":
			default:
				return nil, fmt.Errorf("a frame of the type %q", scan.Type)
			}
			if scan.Suppressed+scan.Dropped > 0 {
				return nil, fmt.Errorf("%d events were left out", scan.Suppressed+scan.Dropped)
			}
			if len(scan.ID) > 0 {
				return nil, nil // a snapshot, of what was before
			}
			for i := range scan.Events {
				c.Took(scan.Events[i].ID, at)
			}
			c.Count(len(scan.Events), len(payload))
			return nil, nil
		},
	}
}
