// Package docs writes the pages that explain the HTTP surface: the contract as one page that needs no script, and one page for
// each kind of problem. They are made once, from the contract itself, and served from memory.
//
// # Decisions
//
// The page's style is inline and its own policy allows exactly that one style, by its hash. Because: everything else stays
// forbidden, and the page is one request.
package docs

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tierboard/server/problem"

	_ "embed" // the two files
)

//go:embed docs.css
var style string

//go:embed docs.html
var markup string

// Pages are the finished pages.
type Pages struct {
	index    []byte
	problems map[string][]byte
	policy   string
}

// New writes the pages of a contract.
func New(spec *huma.OpenAPI) (*Pages, error) {
	sum := sha256.Sum256([]byte(style))
	p := &Pages{problems: map[string][]byte{}, policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
	t, err := template.New("docs").Parse(markup)
	if err != nil {
		return nil, err
	}
	css := template.CSS(style) //nolint:gosec // our own file
	write := func(name string, of any) ([]byte, error) {
		var b bytes.Buffer
		err := t.ExecuteTemplate(&b, name, map[string]any{"Style": css, "Of": of})
		return b.Bytes(), err
	}
	view, err := viewOf(spec)
	if err != nil {
		return nil, err
	}
	if p.index, err = write("index", view); err != nil {
		return nil, err
	}
	for _, k := range problem.Kinds() {
		if p.problems[k.Slug], err = write("problem", k); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Index answers with the page of the contract.
func (p *Pages) Index(w http.ResponseWriter, _ *http.Request) { p.write(w, p.index) }

// Problem answers with the page of the problem in the path.
func (p *Pages) Problem(w http.ResponseWriter, r *http.Request) {
	page, ok := p.problems[r.PathValue("slug")]
	if !ok {
		problem.Write(w, problem.New(problem.NotFound, "There is no such kind of problem."))
		return
	}
	p.write(w, page)
}

func (p *Pages) write(w http.ResponseWriter, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(page)
}

// view is the contract in the order of the page.
type view struct {
	Title, Version, Description string
	Groups                      []group
	Schemas                     []schema
	Sent, Received              []schema // frames of the live stream
}

type group struct {
	Name, Description string
	Operations        []operation
}

type operation struct {
	ID, Method, Path, Summary, Description, Curl string
	Params                                       []param
	Body, Answer                                 string // names of schemas; "" for none
	BodyExample, AnswerExample                   string
	Formats                                      []string
	Status                                       string
	Problems                                     []answer
}

type param struct {
	Name, In, Type, Doc, Default string
	Required                     bool
}

type answer struct{ Status, Doc string }

type schema struct {
	Name   string
	Fields []field
}

type field struct {
	Name, Type, Ref, Doc string
	Optional             bool
}

// viewOf orders a contract for the page.
func viewOf(spec *huma.OpenAPI) (view, error) {
	v := view{Title: spec.Info.Title, Version: spec.Info.Version, Description: spec.Info.Description}
	byTag := map[string][]operation{}
	for path, item := range spec.Paths {
		for method, op := range map[string]*huma.Operation{
			"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete,
		} {
			if op == nil {
				continue
			}
			o, err := operationOf(method, path, op)
			if err != nil {
				return v, err
			}
			byTag[op.Tags[0]] = append(byTag[op.Tags[0]], o)
		}
	}
	order := []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	for _, tag := range spec.Tags {
		ops := byTag[tag.Name]
		slices.SortFunc(ops, func(a, b operation) int {
			return cmp.Or(strings.Compare(a.Path, b.Path), slices.Index(order, a.Method)-slices.Index(order, b.Method))
		})
		if len(ops) > 0 {
			v.Groups = append(v.Groups, group{tag.Name, tag.Description, ops})
		}
	}
	for name, s := range spec.Components.Schemas.Map() {
		v.Schemas = append(v.Schemas, schemaOf(name, s))
	}
	slices.SortFunc(v.Schemas, func(a, b schema) int { return strings.Compare(a.Name, b.Name) })
	frames, sent, received := frameSchemas()
	for _, name := range sent {
		v.Sent = append(v.Sent, schemaOf(name, frames.Map()[name]))
	}
	for _, name := range received {
		v.Received = append(v.Received, schemaOf(name, frames.Map()[name]))
	}
	return v, nil
}

// operationOf describes one operation.
func operationOf(method, path string, op *huma.Operation) (operation, error) {
	o := operation{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Description: op.Description}
	for _, p := range op.Parameters {
		x := param{Name: p.Name, In: p.In, Type: typeOf(p.Schema), Doc: p.Description, Required: p.Required}
		if p.Schema.Default != nil {
			x.Default = fmt.Sprint(p.Schema.Default)
		}
		o.Params = append(o.Params, x)
	}
	var err error
	if op.RequestBody != nil {
		m := op.RequestBody.Content["application/json"]
		o.Body = refName(m.Schema)
		if o.BodyExample, err = indented(m.Example); err != nil {
			return o, err
		}
	}
	for status, r := range op.Responses {
		if status >= "400" {
			o.Problems = append(o.Problems, answer{status, r.Description})
			continue
		}
		o.Status = status
		for kind, m := range r.Content {
			if kind != "application/json" {
				o.Formats = append(o.Formats, kind)
				continue
			}
			o.Answer = refName(m.Schema)
			if o.AnswerExample, err = indented(m.Example); err != nil {
				return o, err
			}
		}
	}
	slices.Sort(o.Formats)
	slices.SortFunc(o.Problems, func(a, b answer) int { return strings.Compare(a.Status, b.Status) })
	o.Curl, err = curl(method, path, op)
	return o, err
}

// curl returns a command that tries the operation out, with the examples of its first parameters.
func curl(method, path string, op *huma.Operation) (string, error) {
	var b strings.Builder
	b.WriteString("curl")
	if slices.Contains(op.Tags, "Stream") {
		b.WriteString(" -N")
	}
	if method != http.MethodGet {
		b.WriteString(" -X " + method)
	}
	values := url.Values{}
	for _, p := range op.Parameters {
		switch {
		case p.In == "header" && p.Required:
			fmt.Fprintf(&b, " -H '%s: %v'", p.Name, p.Example)
		case p.In == "query" && len(values) < 2 && p.Example != nil && (p.Name == "symbols" || p.Name == "since" || p.Name == "q" || p.Name == "horizon" || p.Name == "from"):
			text := fmt.Sprint(p.Example)
			if list, ok := p.Example.([]any); ok {
				words := make([]string, len(list))
				for i, w := range list {
					words[i] = fmt.Sprint(w)
				}
				text = strings.Join(words, ",")
			}
			values.Set(p.Name, text)
		}
	}
	if op.RequestBody != nil {
		body, err := json.Marshal(op.RequestBody.Content["application/json"].Example)
		if err != nil {
			return "", err
		}
		b.WriteString(" -H 'Content-Type: application/json' -d '" + string(body) + "'")
	}
	target := "http://127.0.0.1:8080" + strings.ReplaceAll(path, "{id}", "ID")
	if len(values) > 0 {
		target += "?" + strings.ReplaceAll(values.Encode(), "%2C", ",")
	}
	b.WriteString(" '" + target + "'")
	return b.String(), nil
}

// indented writes an example for reading.
func indented(v any) (string, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return string(b), err
}

// schemaOf describes one schema.
func schemaOf(name string, s *huma.Schema) schema {
	out := schema{Name: name}
	for key, p := range s.Properties {
		out.Fields = append(out.Fields, field{
			Name: key, Type: typeOf(p), Ref: refName(p), Doc: p.Description, Optional: !slices.Contains(s.Required, key),
		})
	}
	slices.SortFunc(out.Fields, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// refName returns the schema that a schema, its items or its values refer to, or "".
func refName(s *huma.Schema) string {
	if s == nil {
		return ""
	}
	if s.Ref != "" {
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	}
	if s.Items != nil {
		return refName(s.Items)
	}
	if of, ok := s.AdditionalProperties.(*huma.Schema); ok {
		return refName(of)
	}
	return ""
}

// typeOf says what values a schema has, in a few words.
func typeOf(s *huma.Schema) string {
	switch {
	case s.Ref != "":
		return ""
	case s.Type == huma.TypeArray && s.Items != nil:
		return strings.TrimSpace("list of " + typeOf(s.Items))
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			words[i] = fmt.Sprint(e)
		}
		return strings.Join(words, " | ")
	case s.Minimum != nil && s.Maximum != nil:
		return fmt.Sprintf("%s %v to %v", s.Type, *s.Minimum, *s.Maximum)
	case s.Nullable:
		return s.Type + " or null"
	}
	return s.Type
}
