// Package file holds answers that are prepared once: the bytes as they are and compressed, their type and their tag, so that a request
// costs a choice and a write.
package file

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
)

// File is one answer, prepared once: its bytes as they are and, where that is worth it, compressed. Immutable.
type File struct {
	contentType string
	hash        string
	identity    []byte
	brotli      []byte // nil when compression does not pay
	gzip        []byte // nil when compression does not pay
}

// New prepares the forms of a body. Bodies are compressed at start, not per request; at these levels the whole set
// takes some 50 ms.
func New(contentType string, body []byte) *File {
	f := &File{contentType: contentType, hash: contentHash(body), identity: body}
	if !compressible(contentType) {
		return f
	}
	var br, gz bytes.Buffer
	bw := brotli.NewWriterLevel(&br, 7)
	_, _ = bw.Write(body) // writing to memory does not fail
	_ = bw.Close()
	gw, _ := gzip.NewWriterLevel(&gz, gzip.BestCompression) // the level is a valid one
	_, _ = gw.Write(body)
	_ = gw.Close()
	// A tiny file does not shrink by enough to be worth another form.
	if br.Len() < len(body)*9/10 {
		f.brotli = br.Bytes()
	}
	if gz.Len() < len(body)*9/10 {
		f.gzip = gz.Bytes()
	}
	return f
}

// Serve answers with the form the browser likes best, or with 304 when it has that form already.
func (f *File) Serve(w http.ResponseWriter, r *http.Request, status int) {
	body, encoding := f.identity, identity
	var offered []string
	if f.brotli != nil {
		offered = append(offered, "br")
	}
	if f.gzip != nil {
		offered = append(offered, "gzip")
	}
	if len(offered) > 0 {
		w.Header().Set("Vary", "Accept-Encoding")
		encoding = negotiate(r.Header.Values("Accept-Encoding"), offered)
	}
	switch encoding {
	case "br":
		body = f.brotli
	case "gzip":
		body = f.gzip
	}
	if describe(w, r, f.contentType, entityTag(f.hash, encoding), encoding, status) {
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body) // a browser that has gone is no error of ours
	}
}

// describe sets the headers of one form of a resource and reports whether it has answered with 304. Only a resource
// that is there (200) has a tag: a browser must not keep an error page as the current state of an address.
func describe(w http.ResponseWriter, r *http.Request, contentType, tag, encoding string, status int) bool {
	h := w.Header()
	if status == http.StatusOK {
		h.Set("ETag", tag)
		if tagMatches(r.Header.Values("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	h.Set("Content-Type", contentType)
	if encoding != identity {
		h.Set("Content-Encoding", encoding)
	}
	return false
}

// contentHash returns 32 hex digits that name a content.
func contentHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// entityTag returns the strong entity tag of one form: two forms are different bytes, so their tags differ too.
func entityTag(hash, encoding string) string {
	if encoding == identity {
		return `"` + hash + `"`
	}
	return `"` + hash + "-" + encoding + `"`
}

// tagMatches reports whether an If-None-Match header lists the tag. The comparison is the weak one that RFC 9110 wants
// here, so a proxy that marked our tag as weak costs no download.
func tagMatches(header []string, tag string) bool {
	for _, line := range header {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// Type returns the media type of a file by the end of its name. The table is ours because that of the standard
// library also reads the machine's, and differs between machines.
func Type(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".woff2":
		return "font/woff2"
	case ".webmanifest":
		return "application/manifest+json"
	case ".json":
		return "application/json"
	default:
		return "application/octet-stream"
	}
}

// compressible reports whether files of a type are worth compressing: fonts and pictures are compressed already.
func compressible(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") || strings.Contains(contentType, "json") ||
		contentType == "image/svg+xml"
}

// Plain answers with one sentence. The sentence must be a constant: nothing of the request is ever written back.
func Plain(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(sentence)+1))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintln(w, sentence)
	}
}
