//go:build !js

package wire

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"

	"tierboard/shared/filter"
	"tierboard/shared/wire/unpack"
	"tierboard/shared/wire/value"
)

// RequestError is a client frame that cannot be answered; it becomes an error frame.
type RequestError struct {
	ID     string // the request's id, if it could be read
	Code   string // one of the Code constants
	Detail string // names the field
}

// Error returns code and detail in one line.
func (e *RequestError) Error() string { return e.Code + ": " + e.Detail }

// DecodeRequest reads one frame from a client. Every error is a *RequestError. Unknown top-level keys are skipped, so that a
// newer client can talk to an older server; unknown filter keys are refused, because ignoring a restriction would
// send events that nobody asked for.
func DecodeRequest(b []byte, f Format, schema filter.Schema) (*Request, error) {
	if len(b) > MaxRequest {
		return nil, &RequestError{Code: CodeTooLarge, Detail: fmt.Sprintf("frame of %d bytes; at most %d", len(b), MaxRequest)}
	}
	if f == JSON {
		packed, err := value.FromJSON(string(b))
		if err != nil {
			return nil, &RequestError{Code: CodeBadFrame, Detail: "frame is not one valid JSON object"}
		}
		b = packed
	}
	obj, err := decodeMap(b)
	if err != nil {
		return nil, err
	}
	r := &Request{}
	if v, ok := obj["id"]; ok && v != nil {
		if r.ID, ok = v.(string); !ok || len(r.ID) > MaxID || strings.TrimSpace(r.ID) == "" || !utf8.ValidString(r.ID) {
			return nil, &RequestError{Code: CodeBadFrame, Detail: fmt.Sprintf("id: must be text of 1 to %d bytes", MaxID)}
		}
	}
	var ok bool
	if r.Type, ok = obj["type"].(string); !ok {
		return nil, &RequestError{ID: r.ID, Code: CodeBadFrame, Detail: "type: missing"}
	}
	switch r.Type {
	case "ping":
		return r, nil
	case "subscribe", "unsubscribe":
		if r.ID == "" {
			return nil, &RequestError{Code: CodeBadFrame, Detail: "id: missing"}
		}
		if r.Type == "unsubscribe" {
			return r, nil
		}
	default:
		return nil, &RequestError{ID: r.ID, Code: CodeUnknownType, Detail: fmt.Sprintf("type: %q is no request (subscribe, unsubscribe, ping)", clip(r.Type))}
	}
	if r.Filters, err = schema.ParseAll(obj["filters"]); err != nil {
		var fe *filter.Error
		code := CodeBadFilter
		if errors.As(err, &fe) && fe.TooBig {
			code = CodeTooLarge
		}
		return nil, &RequestError{ID: r.ID, Code: code, Detail: err.Error()}
	}
	if v := obj["resume"]; v != nil {
		if r.Resume, err = parseResume(v); err != nil {
			return nil, &RequestError{ID: r.ID, Code: CodeBadFrame, Detail: err.Error()}
		}
	}
	return r, nil
}

// decodeMap reads a checked msgpack map into Go values: string, bool, int64, uint64, float64, []any, map[string]any.
func decodeMap(b []byte) (map[string]any, error) {
	bad := &RequestError{Code: CodeBadFrame, Detail: "frame is not one valid map"}
	if !unpack.Valid(b) {
		return nil, bad
	}
	dec := msgpack.NewDecoder(bytes.NewReader(b))
	dec.UseLooseInterfaceDecoding(true)
	v, err := dec.DecodeInterfaceLoose()
	if err != nil {
		return nil, bad
	}
	obj, ok := v.(map[string]any)
	if !ok {
		return nil, bad
	}
	return obj, nil
}

// parseResume reads the resume object.
func parseResume(v any) (*Resume, error) {
	obj, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("resume: must be an object")
	}
	r := &Resume{}
	if r.Epoch, ok = obj["epoch"].(string); !ok || r.Epoch == "" || len(r.Epoch) > MaxID {
		return nil, errors.New("resume.epoch: must be the epoch from welcome")
	}
	switch n := obj["seq"].(type) {
	case int64:
		if n < 0 {
			return nil, errors.New("resume.seq: must not be negative")
		}
		r.Seq = uint64(n)
	case uint64:
		r.Seq = n
	case float64:
		if !(n >= 0 && n < 1<<63) || n != math.Trunc(n) { // also catches NaN
			return nil, errors.New("resume.seq: must be a whole number")
		}
		r.Seq = uint64(n)
	default:
		return nil, errors.New("resume.seq: must be a number")
	}
	return r, nil
}

// clip bounds how much of a caller's text an error repeats.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
