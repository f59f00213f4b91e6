package record

import (
	"encoding/csv"
	"io"
	"net/http"

	"tierboard/server/query"
)

// Writer writes events as NDJSON or CSV. One goroutine uses it.
type Writer struct {
	w    io.Writer
	p    *Presenter
	csv  *csv.Writer // nil for NDJSON
	line []string
	buf  []byte
}

// NewWriter begins an answer in a format, ndjson or csv: it sets the headers that tell the format, and writes CSV's first line.
func NewWriter(w http.ResponseWriter, format string, p *Presenter) *Writer {
	out := &Writer{w: w, p: p}
	h := w.Header()
	if format == "ndjson" {
		h.Set("Content-Type", "application/x-ndjson")
		return out
	}
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="patterns.csv"`)
	out.csv = csv.NewWriter(w)
	out.csv.UseCRLF = true
	_ = out.csv.Write(p.names)
	return out
}

// Write writes events. A client that is gone is noticed by whoever flushes the connection.
func (o *Writer) Write(rows []query.Row, extra Extras) {
	for _, r := range rows {
		if o.csv != nil {
			o.line = o.p.cells(o.line, r, extra)
			_ = o.csv.Write(o.line)
			continue
		}
		o.buf = append(o.p.Append(o.buf[:0], r, extra), '\n')
		_, _ = o.w.Write(o.buf)
	}
}

// Flush hands everything to the connection.
func (o *Writer) Flush() {
	if o.csv != nil {
		o.csv.Flush()
	}
}
