package file

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strconv"

	"tierboard/assets"
)

const wasmType = "application/wasm"

// Program is the WebAssembly program in its two compressed forms. Immutable. The plain form is unpacked on the fly for
// a browser that accepts neither, which no browser in use does; keeping its 7 MB for that would be a waste.
type Program struct {
	hash   string
	brotli []byte
	gzip   []byte
	raw    uint32 // length of the plain form in bytes
}

// NewProgram reads both forms. The error wraps assets.ErrNotBuilt when one is absent or empty, and else says which
// cannot be read; a gzip form without a proper frame is refused here and not in somebody's browser.
func NewProgram(source fs.FS) (*Program, error) {
	read := func(name string) ([]byte, error) {
		content, err := fs.ReadFile(source, name)
		if errors.Is(err, fs.ErrNotExist) || (err == nil && len(content) == 0) {
			return nil, fmt.Errorf("%s: %w", name, assets.ErrNotBuilt)
		}
		if err != nil {
			return nil, fmt.Errorf("read the browser program: %w", err)
		}
		return content, nil
	}
	var p Program
	var err error
	if p.brotli, err = read(assets.WasmBrotli); err != nil {
		return nil, err
	}
	if p.gzip, err = read(assets.WasmGzip); err != nil {
		return nil, err
	}
	if _, err := gzip.NewReader(bytes.NewReader(p.gzip)); err != nil {
		return nil, fmt.Errorf("%s is not a gzip file: %w", assets.WasmGzip, err)
	}
	// A gzip file ends with the length of its content, little-endian.
	p.raw = binary.LittleEndian.Uint32(p.gzip[len(p.gzip)-4:])
	// Both forms count: the same program packed in another way is another sequence of bytes under the same address.
	p.hash = contentHash(slices.Concat(p.brotli, p.gzip))
	return &p, nil
}

// RawLength returns the length of the plain form in bytes, as go-app wants it.
func (p *Program) RawLength() string { return strconv.FormatUint(uint64(p.raw), 10) }

// Serve answers with the form the browser likes best, or with 304 when it has it.
func (p *Program) Serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Encoding")
	encoding := negotiate(r.Header.Values("Accept-Encoding"), []string{"br", "gzip"})
	if describe(w, r, wasmType, entityTag(p.hash, encoding), encoding, http.StatusOK) {
		return
	}
	body := p.brotli
	switch encoding {
	case "gzip":
		body = p.gzip
	case identity:
		w.Header().Set("Content-Length", p.RawLength())
		if r.Method != http.MethodHead {
			p.unpack(w)
		}
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body) // a browser that has gone is no error of ours
	}
}

// unpack writes the plain form. When the content turns out broken the answer stays shorter than announced, and that
// is how the browser learns of it.
func (p *Program) unpack(w io.Writer) {
	r, err := gzip.NewReader(bytes.NewReader(p.gzip))
	if err != nil {
		return // NewProgram has read the same header
	}
	_, _ = io.Copy(w, r) //nolint:gosec // our own file
}
