package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"tierboard/server/query/param"
	"tierboard/server/rest/once"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/resttest"
	"tierboard/shared/api"
)

// badTexts are values that cannot be used of parameters that are free text: for each of them there must be one, so that no new
// parameter is forgotten here.
var badTexts = map[string][]string{
	"watchlist": {"", "nobody's", "../x", strings.Repeat("x", 65)},
	"cursor":    {"", "x", "e30", strings.Repeat("A", 70_000)},
	"q":         {strings.Repeat("X", 33)},
}

// badValues returns values that a parameter cannot have.
func badValues(t *testing.T, p param.Param) []string {
	t.Helper()
	bad := []string{"\x00", "A\x00B", "\xff\xfe", "\xc3\x28"} // no text at all
	switch p.Type {
	case param.TypeInteger:
		bad = append(bad, "", "x", "1.5", "0x10", "1e2", " 1", fmt.Sprint(p.Low-1), fmt.Sprint(p.High+1), "99999999999999999999", "-99999999999999999999")
	case param.TypeNumber:
		bad = append(bad, "", "x", "NaN", "Inf", "-Inf", "0x1p-2", "1e400", "1_0", fmt.Sprint(p.Low-.01), fmt.Sprint(p.High+.01), "85")
	case param.TypeDate:
		bad = append(bad, "", "x", "20.11.2026", "2026-02-30", "2026-11-20T00:00:00Z", "0001-01-01", "-3d")
	case param.TypeTime:
		bad = append(bad, "", "x", "yesterday", "-3y", "-d", "--3d", "-99999999999d", "1e400", "99999999999999", "0001-01-01T00:00:00Z", "2026-13-01T00:00:00Z")
	case param.TypeList:
		if len(p.Enum) > 0 || p.Name == "fields" {
			bad = append(bad, "no_such_word", ",", "no_such_word,no_such_word")
		}
		if p.Most > 0 {
			bad = append(bad, "A,,B", many(p.Most+1), many(10_000), strings.Repeat("X", 300))
		}
		if len(bad) == 4 {
			t.Errorf("this test knows no bad value of the list %s", p.Name)
		}
	case param.TypeText:
		if len(p.Enum) > 0 {
			bad = append(bad, "no_such_word", "", p.Enum[0]+"x")
			break
		}
		if badTexts[p.Name] == nil {
			t.Errorf("this test knows no bad value of the text %s", p.Name)
		}
		bad = append(bad, badTexts[p.Name]...)
	default:
		t.Errorf("this test knows no bad value of %s, which is of the type %s", p.Name, p.Type)
	}
	return bad
}

// many is a list of so many distinct words.
func many(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprint("W", i)
	}
	return strings.Join(words, ",")
}

// escaped writes every byte of a value as a query string may.
func escaped(value string) string {
	var b strings.Builder
	for i := range len(value) {
		fmt.Fprintf(&b, "%%%02X", value[i])
	}
	return b.String()
}

// TestEveryParameterOfEveryOperation gives each parameter that is published everything it cannot be, and asks for it in ways it
// cannot be asked for. Each answer is a problem that names it.
func TestEveryParameterOfEveryOperation(t *testing.T) {
	r := full(t)
	spec := r.rest.OpenAPI()
	refused := func(target, what, name string) {
		t.Helper()
		a := r.Get(target)
		what = fmt.Sprintf("%s with %.60s", strings.SplitN(target, "?", 2)[0], what)
		if a.Code != http.StatusBadRequest && a.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %.300s", what, a.Code, a.Body)
			return
		}
		var p api.Problem
		a.Read(&p)
		if !slices.ContainsFunc(p.Errors, func(e api.FieldError) bool {
			return e.Location == "query."+name || strings.HasPrefix(e.Location, "query."+name+"[")
		}) {
			t.Errorf("%s: %s is not named in %s", what, name, a.Body)
		}
	}
	tried := 0
	for _, o := range r.rest.operations() {
		published := map[string]bool{}
		for _, p := range operationOf(t, spec, o).Parameters {
			published[p.In+" "+p.Name] = true
		}
		path := strings.ReplaceAll(o.Path, "{id}", "i1")
		if o.Handle == nil { // the stream, which package sse tests
			continue
		}
		for _, p := range o.Params {
			if !published["query "+p.Name] {
				t.Errorf("%s: %s is not published", o.Path, p.Name)
			}
			delete(published, "query "+p.Name)
			for _, value := range badValues(t, p) {
				for _, name := range append([]string{p.Name}, p.Aliases...) {
					refused(path+"?"+name+"="+escaped(value), name+"="+value, name)
					tried++
				}
			}
			refused(path+"?"+p.Name+"=1&"+p.Name+"=2", "two of "+p.Name, p.Name)
			refused(path+"?"+p.Name+"z=1", "a misspelt "+p.Name, p.Name+"z")
			for _, alias := range p.Aliases {
				a := r.Get(path + "?" + p.Name + "=1&" + alias + "=1")
				if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "says the same as") {
					t.Errorf("%s: %s beside %s: %d %s", path, alias, p.Name, a.Code, a.Body)
				}
			}
		}
		for name := range published {
			if strings.HasPrefix(name, "query ") {
				t.Errorf("%s: %s is published, but nobody reads it", o.Path, name)
			}
		}
		if o.Method == http.MethodGet {
			refused(path+"?no_such_parameter=1", "no_such_parameter", "no_such_parameter")
		}
	}
	if tried < 500 {
		t.Errorf("only %d values were tried", tried)
	}
}

// operationOf returns what is published of an operation.
func operationOf(t *testing.T, spec *huma.OpenAPI, o operation.Operation) *huma.Operation {
	t.Helper()
	item := spec.Paths[o.Path]
	op := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}[o.Method]
	if op == nil || op.OperationID != o.ID {
		t.Fatalf("%s %s is not published as %s", o.Method, o.Path, o.ID)
	}
	return op
}

// TestEveryHeaderOfEveryOperation gives each header that is published what it cannot be.
func TestEveryHeaderOfEveryOperation(t *testing.T) {
	r := full(t)
	bad := map[string][]string{
		"If-Match": {"1", "x", `"x"`, `"`, `W/"-1"`, `"99999999999999999999"`, "\x00", "<script>"}, once.Header: {"", "<script>", strings.Repeat("x", 41), "a b", "\xff"},
	}
	for _, o := range r.rest.operations() {
		for _, p := range operationOf(t, r.rest.OpenAPI(), o).Parameters {
			if p.In != "header" {
				continue
			}
			if bad[p.Name] == nil {
				t.Errorf("this test knows no bad value of %s", p.Name)
			}
			for _, value := range bad[p.Name] {
				a := r.Ask(o.Method, strings.ReplaceAll(o.Path, "{id}", "none"), "{}", "If-Match", "*", p.Name, value)
				if a.Code < 400 || a.Code >= 500 || !strings.Contains(a.Body.String(), "header."+p.Name) || strings.Contains(a.Body.String(), "script") {
					t.Errorf("%s %s, %s %q: %d %s", o.Method, o.Path, p.Name, value, a.Code, a.Body)
				}
			}
		}
	}
}

// TestEveryFieldOfEveryBody takes the published example of each body and spoils one field after the other.
func TestEveryFieldOfEveryBody(t *testing.T) {
	tried := 0
	for _, o := range full(t).rest.operations() {
		if o.In == nil {
			continue
		}
		r := full(t) // nobody else's names are in the way
		registry := r.rest.OpenAPI().Components.Schemas
		path := o.Path
		if strings.Contains(path, "{id}") {
			var made struct{ ID string }
			body := map[string]string{"subscriptions": `{"name":"s","filters":[{}]}`, "views": `{"name":"v","layout":{}}`, "watchlists": `{"name":"w","symbols":[]}`}[strings.Split(path, "/")[2]]
			if err := json.Unmarshal(r.Ask("POST", strings.TrimSuffix(path, "/{id}"), body).Is(http.StatusCreated).Body.Bytes(), &made); err != nil {
				t.Fatal(err)
			}
			path = strings.ReplaceAll(path, "{id}", made.ID)
		}
		media := operationOf(t, r.rest.OpenAPI(), o).RequestBody.Content["application/json"]
		send := func(v any) resttest.Reply {
			body, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return r.Ask(o.Method, path, string(body), "If-Match", "*")
		}
		if a := send(media.Example); a.Code >= 300 {
			t.Errorf("%s %s refuses its own example: %d %s", o.Method, o.Path, a.Code, a.Body)
		}
		spoil(media.Schema, registry, media.Example, "body", func(v any, where, how string) {
			tried++
			a := send(v)
			if a.Code != http.StatusUnprocessableEntity {
				t.Errorf("%s %s, %s %s: %d %.300s", o.Method, o.Path, where, how, a.Code, a.Body)
				return
			}
			var p api.Problem
			a.Read(&p)
			if !slices.ContainsFunc(p.Errors, func(e api.FieldError) bool {
				return strings.HasPrefix(e.Location, where) || strings.HasPrefix(where, e.Location)
			}) {
				t.Errorf("%s %s, %s %s: not named in %s", o.Method, o.Path, where, how, a.Body)
			}
		})
	}
	if tried < 100 {
		t.Errorf("only %d bodies were tried", tried)
	}
}

// spoil calls try with copies of a value in which one part is wrong.
func spoil(s *huma.Schema, registry huma.Registry, v any, where string, try func(v any, where, how string)) {
	for s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	wrong := map[string][]any{
		huma.TypeObject: {7, "text", []any{}, true}, huma.TypeArray: {7, "text", map[string]any{"a": 1}, true}, huma.TypeString: {7, []any{}, map[string]any{}, true},
		huma.TypeNumber: {"1", []any{}, true}, huma.TypeInteger: {"1", 1.5, true}, huma.TypeBoolean: {"true", 1},
	}[s.Type]
	for _, x := range wrong {
		try(x, where, fmt.Sprintf("of the wrong type: %v", x))
	}
	switch v := v.(type) {
	case map[string]any:
		if len(s.Properties) == 0 { // free
			return
		}
		with := func(name string, x any) map[string]any {
			c := maps.Clone(v)
			c[name] = x
			return c
		}
		try(with("no_such_field", 1), where+".no_such_field", "unknown")
		for name, p := range s.Properties {
			if _, ok := v[name]; !ok {
				continue
			}
			if slices.Contains(s.Required, name) {
				c := maps.Clone(v)
				delete(c, name)
				try(c, where, "without "+name)
			}
			spoil(p, registry, v[name], where+"."+name, func(x any, at, how string) { try(with(name, x), at, how) })
		}
	case []any:
		if s.MaxItems != nil {
			long := make([]any, *s.MaxItems+1)
			for i := range long {
				if long[i] = v[0]; s.Items.Type == huma.TypeString {
					long[i] = fmt.Sprint("W", i)
				}
			}
			try(long, where, "too long")
		}
		if s.MinItems != nil && *s.MinItems > 0 {
			try([]any{}, where, "empty")
		}
		if len(v) > 0 {
			spoil(s.Items, registry, v[0], where+"[0]", func(x any, at, how string) { try([]any{x}, at, how) })
		}
	case string:
		if s.MinLength != nil && *s.MinLength > 0 {
			try("", where, "empty")
		}
		if s.MaxLength != nil {
			try(strings.Repeat("x", *s.MaxLength+1), where, "too long")
		}
		if len(s.Enum) > 0 {
			try("no_such_word", where, "no word of these")
		}
	}
	if s.Minimum != nil {
		try(*s.Minimum-1, where, "too small")
	}
	if s.Maximum != nil {
		try(*s.Maximum+1, where, "too great")
	}
}
