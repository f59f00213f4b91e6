package operation

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/server/problem"
	"tierboard/server/query/param"
	"tierboard/server/rest/once"
	"tierboard/server/rest/route"
	"tierboard/shared/api"
)

// TestTheContractSaysWhatAnswers adds operations, and finds in the contract what they are and on the table who answers.
func TestTheContractSaysWhatAnswers(t *testing.T) {
	table := route.New()
	c := New("v7", table, once.New(time.Now, MaxBody))
	calls := 0
	c.Add(
		Operation{
			Method: http.MethodGet, Path: "/api/things/{id}", ID: "getThing", Tag: TagUser, Summary: "Get a thing", Out: api.Watchlist{},
			Params:  []param.Param{{Name: "limit", Type: param.TypeInteger, Low: 1, High: 10, Default: "5", Doc: "Most.", Aliases: []string{"most"}}},
			Headers: map[string]string{"ETag": "The version."}, Problems: []problem.Kind{problem.NotFound},
			Handle: func(http.ResponseWriter, *http.Request) error { return problem.New(problem.NotFound, "None here.") },
		},
		Operation{
			Method: http.MethodPost, Path: "/api/things", ID: "createThing", Tag: TagUser, Summary: "Make a thing", In: api.WatchlistBody{}, Out: api.Watchlist{},
			Status: http.StatusCreated, Handle: func(w http.ResponseWriter, r *http.Request) error {
				var body api.WatchlistBody
				if err := c.Read(w, r, &body); err != nil {
					return err
				}
				calls++
				w.WriteHeader(http.StatusCreated)
				_, err := w.Write([]byte(body.Name))
				return err
			},
		},
		Operation{Method: http.MethodGet, Path: "/api/elsewhere", ID: "elsewhere", Tag: TagStream, Summary: "Served elsewhere", Formats: []string{"text/event-stream"}},
	)

	spec := c.Spec()
	if spec.Info.Version != "v7" || spec.OpenAPI != "3.1.0" || len(spec.Paths) != 3 {
		t.Errorf("%+v, %d paths", spec.Info, len(spec.Paths))
	}
	get, post := spec.Paths["/api/things/{id}"].Get, spec.Paths["/api/things"].Post
	var names []string
	for _, p := range slices.Concat(get.Parameters, post.Parameters) {
		names = append(names, p.In+" "+p.Name)
	}
	if !slices.Equal(names, []string{"path id", "query limit", "header " + once.Header}) {
		t.Errorf("parameters %q", names)
	}
	if p := get.Parameters[1]; *p.Schema.Maximum != 10 || p.Schema.Default != 5.0 || !strings.Contains(p.Description, "The name most means the same.") {
		t.Errorf("%+v of %+v", p, p.Schema)
	}
	for status, op := range map[string]bool{"200": get.Responses["200"].Headers["ETag"] != nil, "404": get.Responses["404"] != nil, "422": get.Responses["422"] != nil, "201": post.Responses["201"] != nil, "413": post.Responses["413"] != nil} {
		if !op {
			t.Errorf("%s is not described", status)
		}
	}
	if spec.Paths["/api/elsewhere"].Get.Responses["200"].Content["text/event-stream"].Example == nil {
		t.Error("the format has no example")
	}

	ask := func(method, target, body string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		table.ServeHTTP(w, r)
		return w
	}
	if w := ask("GET", "/api/things/a", ""); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "None here.") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for range 2 {
		if w := ask("POST", "/api/things", `{"name":"a","symbols":[]}`, once.Header, "k"); w.Code != http.StatusCreated || w.Body.String() != "a" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if calls != 1 {
		t.Errorf("the change happened %d times", calls)
	}
	for body, status := range map[string]int{`{`: 400, `[]`: 422, `{"name":7,"symbols":[]}`: 422, `{"name":"a","symbls":[]}`: 422, strings.Repeat(" ", MaxBody+1): 413} {
		if w := ask("POST", "/api/things", body); w.Code != status || !strings.Contains(w.Body.String(), `"location":"body`) {
			t.Errorf("%.40q: %d %s", body, w.Code, w.Body)
		}
	}
	if w := ask("POST", "/api/things", `{"name":"a","symbls":[]}`); !strings.Contains(w.Body.String(), "did you mean symbols?") {
		t.Errorf("no suggestion in %s", w.Body)
	}
	if w := ask("GET", "/api/elsewhere", ""); w.Code != http.StatusNotFound {
		t.Errorf("what is served elsewhere answers %d here", w.Code)
	}
}

func TestNoParams(t *testing.T) {
	for target, ok := range map[string]bool{"/a": true, "/a?": true, "/a?x=1": false, "/a?%zz": false} {
		if err := NoParams(httptest.NewRequest(http.MethodGet, target, http.NoBody)); (err == nil) != ok {
			t.Errorf("%s: %v", target, err)
		}
	}
}
