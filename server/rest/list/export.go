package list

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/record"
	"tierboard/server/rest/source"
)

// negotiate decides the format: the parameter, else the first type in Accept that we have.
func negotiate(format, accept string) (string, error) {
	if format != "" {
		return format, nil
	}
	if strings.TrimSpace(accept) == "" {
		return "json", nil
	}
	best, weight := "", 0.0
	for item := range strings.SplitSeq(accept, ",") {
		kind, args, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := args["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		name := map[string]string{
			"application/json": "json", "application/*": "json", "*/*": "json",
			"application/x-ndjson": "ndjson", "application/jsonl": "ndjson", "text/csv": "csv", "text/*": "csv",
		}[kind]
		if name != "" && q > weight {
			best, weight = name, q
		}
	}
	if best == "" {
		return "", problem.At(problem.NotAcceptable, problem.Field("header.Accept", "", "names none of application/json, application/x-ndjson, text/csv"))
	}
	return best, nil
}

// exportWrite is how long a client may take to read one page of an export.
const exportWrite = 30 * time.Second

// export streams all pages of a list, in constant memory. The first page is looked up before anything is written, so that its
// errors are problems; a later one can only cut the answer off, which the client sees.
func (x *List) export(w http.ResponseWriter, r *http.Request, l *query.List, ask query.Ask, p *record.Presenter, nothing bool) error {
	ctx := r.Context()
	control := http.NewResponseController(w)
	var out *record.Writer
	written := 0
	for {
		ask.Limit = min(query.MaxLimit, x.cfg.ExportRows-written)
		var found source.Page
		var extra record.Extras
		var err error
		if !nothing {
			if found, err = x.cfg.Source.Page(ctx, ask); err == nil {
				extra, err = x.cfg.Relations.Extras(ctx, p, found.Rows)
			}
		}
		switch {
		case err != nil && out == nil:
			return err
		case err != nil:
			panic(http.ErrAbortHandler)
		}
		if out == nil {
			w.Header().Set("Trailer", "X-Truncated")
			out = record.NewWriter(w, l.Format, p)
		}
		out.Write(found.Rows, extra)
		written += len(found.Rows)
		if !found.More || len(found.Rows) == 0 || written >= x.cfg.ExportRows || r.Method == http.MethodHead {
			out.Flush()
			w.Header().Set("X-Truncated", strconv.FormatBool(found.More && written >= x.cfg.ExportRows))
			return nil
		}
		last := record.Key(found.Rows[len(found.Rows)-1], l.Sort)
		ask.After = &last
		out.Flush()
		_ = control.SetWriteDeadline(time.Now().Add(exportWrite)) // where the connection has one; a test's has not
		if control.Flush() != nil || ctx.Err() != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
