package operation

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
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tierboard/server/problem"
	"tierboard/server/query/param"
	"tierboard/shared/api"
)

// NoParams refuses every parameter of a request's query.
func NoParams(r *http.Request) error {
	_, err := param.Read(r.URL.RawQuery, nil, time.Time{})
	return err
}

// MaxBody is the most bytes of a request's body: 16 filters of 500 symbols fit.
const MaxBody = 256 << 10

// Read reads a JSON body into v, a pointer. Every error is a problem that names the field.
func (c *Contract) Read(w http.ResponseWriter, r *http.Request, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return problem.At(problem.MediaType, problem.Field("header.Content-Type", "", "must be application/json"))
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return problem.At(problem.TooLarge, problem.Field("body", "", "is above %d bytes", MaxBody))
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
	registry := c.Spec().Components.Schemas
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

// fieldNames are the names of the fields that bodies can have, for suggestions.
var fieldNames = func() []string {
	var names []string
	for _, t := range []reflect.Type{
		reflect.TypeFor[api.SubscriptionBody](), reflect.TypeFor[api.ViewBody](), reflect.TypeFor[api.WatchlistBody](), reflect.TypeFor[api.FilterSpec](),
		reflect.TypeFor[api.PreferencesChange](),
	} {
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}()
