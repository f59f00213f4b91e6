package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/shared/api"
)

// operation is one path and method: what the contract says about it and what answers it.
type operation struct {
	method, path string
	id           string // operationId
	tag          string
	summary, doc string
	params       []query.Param
	in           any // a zero value of the body's type; nil for none
	out          any // a zero value of the answer's type; nil for an answer without a body
	status       int
	formats      []string // content types besides application/json
	headers      map[string]string
	ifMatch      bool // the request needs If-Match
	problems     []problem.Kind
	handle       func(w http.ResponseWriter, r *http.Request) error
}

// register adds an operation to the contract and to the table.
func (x *REST) register(o operation) {
	op := x.describe(o)
	x.contract.OpenAPI().AddOperation(op)
	if o.handle == nil { // described here, served elsewhere
		return
	}
	handle := o.handle
	if o.changes() {
		handle = x.once.wrap(handle)
	}
	x.contract.Adapter().Handle(op, func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		if err := handle(w, r); err != nil {
			problem.Write(w, err)
		}
	})
}

// changes reports whether an operation changes anything.
func (o *operation) changes() bool {
	return o.method != http.MethodGet && o.path != api.PathEstimate
}

// methods are the handlers of one path.
type methods struct {
	by    map[string]http.HandlerFunc
	allow string
}

// allowed returns the value of an Allow header.
func allowed(by map[string]http.HandlerFunc) string {
	var names []string
	for m := range by {
		names = append(names, m)
	}
	if by[http.MethodGet] != nil {
		names = append(names, http.MethodHead)
	}
	names = append(names, http.MethodOptions)
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// ServeHTTP finds the handler of the method.
func (m *methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // the HTTP server leaves out the body
	}
	if h := m.by[method]; h != nil {
		h(w, r)
		return
	}
	w.Header().Set("Allow", m.allow)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	problem.Write(w, problem.New(problem.Method, "This path answers "+m.allow+"."))
}

// maxBody is the most bytes of a request's body: 16 filters of 500 symbols fit.
const maxBody = 256 << 10

// readBody reads a JSON body into v, a pointer. Every error is a problem that names the field.
func (x *REST) readBody(w http.ResponseWriter, r *http.Request, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return problem.At(problem.MediaType, problem.Field("header.Content-Type", "", "must be application/json"))
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return problem.At(problem.TooLarge, problem.Field("body", "", "is above %d bytes", maxBody))
	case err != nil:
		return problem.At(problem.BadRequest, problem.Field("body", "", "ended early"))
	}
	var plain any
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&plain); err != nil || d.More() {
		return problem.At(problem.BadRequest, problem.Field("body", "", "is no JSON"))
	}
	if _, ok := plain.(map[string]any); !ok {
		return problem.At(problem.Body, problem.Field("body", "", "must be an object"))
	}
	registry := x.contract.OpenAPI().Components.Schemas
	schema := registry.Schema(reflect.TypeOf(v).Elem(), true, "")
	path := huma.NewPathBuffer(make([]byte, 0, 64), 0)
	path.Push("body")
	var res huma.ValidateResult
	huma.Validate(registry, schema, path, huma.ModeWriteToServer, plain, &res)
	if len(res.Errors) > 0 {
		return problem.At(problem.Body, fieldErrors(res.Errors)...)
	}
	if err := json.Unmarshal(raw, v); err != nil { // the schema let something through that Go cannot hold
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && problem.Plain(kind.Field) {
			return problem.At(problem.Body, problem.Field("body."+kind.Field, "", "is of the wrong type"))
		}
		return problem.At(problem.Body, problem.Field("body", "", "holds a value of the wrong type"))
	}
	return nil
}

// mostErrors bounds how many faults of a body one answer names.
const mostErrors = 16

// fieldErrors turns the validator's errors into ours: without values, which may be anything.
func fieldErrors(errs []error) (fields []api.FieldError) {
	for _, err := range errs[:min(len(errs), mostErrors)] {
		location, message := "body", "cannot be used"
		if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			message = detail.Message
			if problem.Plain(strings.NewReplacer("[", "", "]", "").Replace(detail.Location)) {
				location = detail.Location
			}
		}
		switch {
		case strings.HasPrefix(message, "unexpected property"):
			_, name, _ := strings.Cut(location, ".")
			message = "is no field" + problem.Suggest(name[strings.LastIndexByte(name, '.')+1:], fieldNames)
		case strings.HasPrefix(message, "expected required property"):
			message = strings.TrimPrefix(message, "expected ")
		}
		fields = append(fields, problem.Field(location, "", "%s", message))
	}
	return fields
}
