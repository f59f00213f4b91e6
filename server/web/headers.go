package web

import "net/http"

// contentSecurityPolicy allows the page its own origin and nothing else: no inline script or style, no frame, no form
// to elsewhere. 'wasm-unsafe-eval' is the permission to compile WebAssembly; in connect-src, 'self' covers the
// WebSocket of the same origin too.
const contentSecurityPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
	"img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// permissionsPolicy gives up every powerful feature the page has no use for, for itself and for all it might embed.
const permissionsPolicy = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), " +
	"magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()"

// setHeaders sets the headers that every answer of this package carries, errors included.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("Permissions-Policy", permissionsPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	// The browser keeps everything and asks before each use: the answer is 304 until the next release.
	h.Set("Cache-Control", "no-cache")
}
