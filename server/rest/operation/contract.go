package operation

import (
	"cmp"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tierboard/server/problem"
	"tierboard/server/query/param"
	"tierboard/server/rest/once"
	"tierboard/shared/api"
)

// The tags that group operations.
const (
	TagPatterns    = "Patterns"
	TagPerformance = "Performance"
	TagHealth      = "Health and market"
	TagStream      = "Stream"
	TagUser        = "Saved by users"
	TagOps         = "Operations"
)

// newAPI returns a contract without operations, on an adapter.
func newAPI(version string, adapter huma.Adapter) huma.API {
	return huma.NewAPI(huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:   "Tierboard",
				Version: cmp.Or(version, "dev"),
				Description: "Chart patterns in three tiers, the moment a detector finds them. An absent or empty list parameter means any. Unknown parameters, and parameters given twice, are errors. " +
					"Times are RFC 3339 in UTC. A confidence is the detector's score from 0 to 1 and not a probability. " +
					"Every answer has X-Request-Id, Server-Timing and X-RateLimit-Limit, -Remaining and -Reset; errors are problem documents (RFC 9457).",
			},
			Servers: []*huma.Server{{URL: "/", Description: "This server"}},
			Tags: []*huma.Tag{
				{Name: TagPatterns, Description: "What was detected."},
				{Name: TagPerformance, Description: "What became of it."},
				{Name: TagHealth, Description: "Whether the feed flows, and when it should."},
				{Name: TagStream, Description: "What is being detected."},
				{Name: TagUser, Description: "What belongs to whoever asks."},
				{Name: TagOps, Description: "The server itself, for its operator."},
			},
			Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)},
		},
		Formats: map[string]huma.Format{"application/json": huma.DefaultJSONFormat}, DefaultFormat: "application/json",
	}, adapter)
}

// describe returns an operation as the contract says it.
func (c *Contract) describe(o *Operation) *huma.Operation {
	op := &huma.Operation{
		Method: o.Method, Path: o.Path, OperationID: o.ID, Tags: []string{o.Tag}, Summary: o.Summary, Description: o.Doc,
		Responses: map[string]*huma.Response{},
	}
	if strings.Contains(o.Path, "{id}") {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "id", In: "path", Required: true, Description: "Its id.", Example: "Q5FJ3QZ4", Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
	for _, p := range o.Params {
		op.Parameters = append(op.Parameters, paramOf(p))
	}
	if o.IfMatch {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "If-Match", In: "header", Required: true, Description: "The ETag of the version the change is for, or *.", Example: `"1"`,
			Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
	if o.changes() {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: once.Header, In: "header", Example: "5b1f0f3a-9d10", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "A key of your own, 1 to 40 characters: the same request with the same key changes nothing twice within a day, but gets the first answer again, with Idempotency-Replayed: true.",
		})
	}
	if o.In != nil {
		s := c.schema(o.In)
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: s, Example: c.example(s)},
		}}
	}
	answer := &huma.Response{Description: "As asked.", Headers: c.answerHeaders(o)}
	if o.Out != nil {
		s := c.schema(o.Out)
		answer.Content = map[string]*huma.MediaType{"application/json": {Schema: s, Example: c.example(s)}}
		for _, f := range o.Formats {
			answer.Content[f] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}, Example: formatExamples[f]}
		}
	} else if len(o.Formats) > 0 {
		answer.Content = map[string]*huma.MediaType{}
		for _, f := range o.Formats {
			answer.Content[f] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}, Example: formatExamples[f]}
		}
	}
	op.Responses[strconv.Itoa(cmp.Or(o.Status, http.StatusOK))] = answer
	c.describeProblems(op, o)
	return op
}

// formatExamples shows the formats that are no JSON.
var formatExamples = map[string]string{
	"application/x-ndjson": "{\"id\":\"9f6c0d0e\",\"symbol\":\"AAPL\",\"confidence\":0.91}\n",
	"text/csv":             "id,symbol,confidence\r\n9f6c0d0e,AAPL,0.91\r\n",
	"text/event-stream":    "event: pattern\nid: QJ5W3X6N7K2M4P8R-184466\ndata: {\"id\":\"9f6c0d0e\",\"symbol\":\"AAPL\",\"confidence\":0.91}\n\n",
}

// answerHeaders describes the headers of an answer.
func (c *Contract) answerHeaders(o *Operation) map[string]*huma.Param {
	text := func(doc, example string) *huma.Param {
		return &huma.Param{Description: doc, Schema: &huma.Schema{Type: huma.TypeString}, Example: example}
	}
	number := func(doc string, example int) *huma.Param {
		return &huma.Param{Description: doc, Schema: &huma.Schema{Type: huma.TypeInteger}, Example: example}
	}
	h := map[string]*huma.Param{
		"X-Request-Id":          text("Names the request in the server's log.", "Q5FJ3QZ4"),
		"X-RateLimit-Limit":     number("Requests in a minute.", 6000),
		"X-RateLimit-Remaining": number("Requests left in this minute.", 5999),
		"X-RateLimit-Reset":     number("When the minute ends, in Unix seconds.", 1795289471),
	}
	for name, doc := range o.Headers {
		h[name] = text(doc, "")
		h[name].Example = nil
	}
	return h
}

// describeProblems adds the errors an operation can answer with.
func (c *Contract) describeProblems(op *huma.Operation, o *Operation) {
	kinds := append([]problem.Kind{problem.RateLimited, problem.Internal}, o.Problems...)
	if len(o.Params) > 0 {
		kinds = append(kinds, problem.BadRequest, problem.Parameter)
	}
	if o.In != nil {
		kinds = append(kinds, problem.BadRequest, problem.Forbidden, problem.TooLarge, problem.MediaType, problem.Body)
	}
	if o.changes() {
		kinds = append(kinds, problem.Parameter)
	}
	if o.IfMatch {
		kinds = append(kinds, problem.Forbidden, problem.NotFound, problem.Changed, problem.NeedsMatch)
	}
	s := c.schema(api.Problem{})
	for _, k := range kinds {
		status := strconv.Itoa(k.Status)
		r := op.Responses[status]
		if r == nil {
			r = &huma.Response{Content: map[string]*huma.MediaType{"application/problem+json": {Schema: s, Examples: map[string]*huma.Example{}}}}
			op.Responses[status] = r
		}
		if r.Description == "" {
			r.Description = k.Title + "."
		} else if !strings.Contains(r.Description, k.Title) {
			r.Description += " " + k.Title + "."
		}
		r.Content["application/problem+json"].Examples[k.Slug] = &huma.Example{Summary: k.Title, Value: map[string]any{
			"type": api.PathProblems + k.Slug, "title": k.Title, "status": k.Status, "detail": k.Meaning, "request_id": "Q5FJ3QZ4",
		}}
	}
}

// paramOf returns a query parameter as the contract says it.
func paramOf(p param.Param) *huma.Param {
	explode := false
	out := &huma.Param{Name: p.Name, In: "query", Description: p.Doc, Schema: &huma.Schema{Type: huma.TypeString}}
	for _, a := range p.Aliases {
		if !strings.Contains(p.Doc, "The name "+a) {
			out.Description += " The name " + a + " means the same."
		}
	}
	enum := make([]any, len(p.Enum))
	for i, e := range p.Enum {
		enum[i] = e
	}
	if len(enum) == 0 {
		enum = nil
	}
	switch p.Type {
	case param.TypeList:
		out.Schema = &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString, Enum: enum}}
		if p.Most > 0 {
			out.Schema.MaxItems = &p.Most
		}
		out.Style, out.Explode = "form", &explode
		if p.Example != "" {
			var list []any
			for item := range strings.SplitSeq(p.Example, ",") {
				list = append(list, item)
			}
			out.Example = list
		}
		return out
	case param.TypeNumber, param.TypeInteger:
		out.Schema.Type = string(p.Type)
		if p.High != 0 {
			out.Schema.Minimum, out.Schema.Maximum = &p.Low, &p.High
		}
		if n, err := strconv.ParseFloat(p.Example, 64); err == nil {
			out.Example = n
		}
		if n, err := strconv.ParseFloat(p.Default, 64); err == nil {
			out.Schema.Default = n
		}
		return out
	case param.TypeDate:
		out.Schema.Format = "date"
	case param.TypeText, param.TypeTime:
		out.Schema.Enum = enum
	}
	if p.Example != "" {
		out.Example = p.Example
	}
	if p.Default != "" {
		out.Schema.Default = p.Default
	}
	return out
}

// schema returns the schema of a value's type.
func (c *Contract) schema(v any) *huma.Schema {
	return c.Spec().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

// finish makes the contract's schemas say what the answers are: lists are never null.
func finish(spec *huma.OpenAPI) {
	for _, s := range spec.Components.Schemas.Map() {
		for _, p := range s.Properties {
			if p.Type == huma.TypeArray {
				p.Nullable = false
			}
		}
	}
}

// example makes a value out of the examples of a schema's fields.
func (c *Contract) example(s *huma.Schema) any {
	registry := c.Spec().Components.Schemas
	for s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	if len(s.Examples) > 0 {
		return plain(s.Examples[0])
	}
	switch s.Type {
	case huma.TypeObject:
		out := map[string]any{}
		if len(s.Properties) == 0 {
			if of, ok := s.AdditionalProperties.(*huma.Schema); ok && of.Ref != "" {
				out["intraday"] = c.example(of)
			}
			return out
		}
		for name, p := range s.Properties {
			out[name] = c.example(p)
		}
		return out
	case huma.TypeArray:
		if s.Items == nil {
			return []any{}
		}
		return []any{c.example(s.Items)}
	case huma.TypeInteger, huma.TypeNumber:
		return 1
	case huma.TypeBoolean:
		return true
	}
	return "text"
}

// plain turns an example into what JSON would make of it, as the validator wants it.
func plain(v any) any {
	switch x := v.(type) {
	case time.Time:
		return x.UTC().Format("2006-01-02T15:04:05.000Z")
	case *time.Time:
		return x.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer && !r.IsNil() {
		r = r.Elem()
	}
	if r.Kind() == reflect.Slice {
		out := make([]any, r.Len())
		for i := range out {
			out[i] = plain(r.Index(i).Interface())
		}
		return out
	}
	return r.Interface()
}
