package gate

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
)

// minSize is the least bytes of an answer that is worth compressing.
const minSize = 1024

// brotliLevel costs about as much as the levels of the other encodings do.
const brotliLevel = 4

// compressible are the types of answers that get smaller.
var compressible = []string{
	"application/json", "application/problem+json", "application/x-ndjson", "text/csv", "text/html", "application/yaml",
	"application/openapi+json", "application/schema+json", "text/plain",
}

// onlyBrotli reports whether brotli is what a client likes best. Between equals the others win: they are cheaper to make.
func onlyBrotli(accept string) bool {
	weights := map[string]float64{}
	for item := range strings.SplitSeq(accept, ",") {
		name, args, _ := strings.Cut(item, ";")
		q := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(args), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		weights[strings.ToLower(strings.TrimSpace(name))] = q
	}
	return weights["br"] > max(weights["gzip"], weights["zstd"])
}

// withBrotli compresses the answers to clients that like brotli best; all others go to the handler otherwise.
func withBrotli(next, otherwise http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !onlyBrotli(r.Header.Get("Accept-Encoding")) {
			otherwise.ServeHTTP(w, r)
			return
		}
		b := &brotliWriter{ResponseWriter: w, status: http.StatusOK, plain: r.Method == http.MethodHead}
		next.ServeHTTP(b, r)
		b.close() // not after a panic: half an answer must not look whole
	}
}

// brotliWriter holds the first bytes of an answer back until it is clear whether it is worth compressing.
type brotliWriter struct {
	http.ResponseWriter

	status int
	held   []byte
	begun  bool           // the headers are out
	plain  bool           // what follows goes out as it is
	out    *brotli.Writer // nil unless what follows is compressed
}

// WriteHeader notes the status; it goes out with the first bytes.
func (b *brotliWriter) WriteHeader(status int) {
	switch {
	case b.begun:
	case status < http.StatusOK:
		b.ResponseWriter.WriteHeader(status)
	default:
		b.status = status
		if status == http.StatusNoContent || status == http.StatusNotModified {
			_ = b.begin(false) // there are no bytes to lose
		}
	}
}

// Write compresses, or waits for enough to do so.
func (b *brotliWriter) Write(p []byte) (int, error) {
	if !b.begun {
		if b.held = append(b.held, p...); len(b.held) < minSize && !b.plain {
			return len(p), nil
		}
		return len(p), b.begin(!b.plain)
	}
	if b.out != nil {
		return b.out.Write(p)
	}
	return b.ResponseWriter.Write(p)
}

// begin sends the headers and what was held back.
func (b *brotliWriter) begin(worth bool) error {
	b.begun = true
	h := b.Header()
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if worth && err == nil && slices.Contains(compressible, kind) && h.Get("Content-Encoding") == "" {
		h.Set("Content-Encoding", "br")
		h.Del("Content-Length")
		b.out = brotli.NewWriterLevel(b.ResponseWriter, brotliLevel)
	}
	b.ResponseWriter.WriteHeader(b.status)
	held := b.held
	b.held = nil
	if b.out != nil {
		_, err = b.out.Write(held)
		return err
	}
	if len(held) > 0 {
		_, err = b.ResponseWriter.Write(held)
		return err
	}
	return nil
}

// FlushError sends what there is, so far as it is known how.
func (b *brotliWriter) FlushError() error {
	if !b.begun {
		if err := b.begin(!b.plain); err != nil {
			return err
		}
	}
	if b.out != nil {
		if err := b.out.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(b.ResponseWriter).Flush()
}

// close ends the answer.
func (b *brotliWriter) close() {
	if !b.begun {
		_ = b.begin(false) // the client that is gone is noticed by the server
	}
	if b.out != nil {
		_ = b.out.Close()
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (b *brotliWriter) Unwrap() http.ResponseWriter { return b.ResponseWriter }
