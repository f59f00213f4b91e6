// Package api holds the paths of the HTTP surface, so that the server's routes, the page and the tools name them once.
package api

// Paths on the main address.
const (
	PathWebSocket = "/ws"      // the live stream, see package wire
	PathHealth    = "/healthz" // 200 while the process lives
	PathReady     = "/readyz"  // 200 while it can serve; 503 while starting or draining
	PathMetrics   = "/metrics" // Prometheus text, on the main and the admin address
)

// Problem is the JSON body of every HTTP error (RFC 9457).
type Problem struct {
	Type   string `json:"type"`   // a URI that names the kind of problem, or "about:blank"
	Title  string `json:"title"`  // the same for every problem of this type
	Status int    `json:"status"` // the HTTP status
	Detail string `json:"detail"` // a sentence about this occurrence that names the field
}
