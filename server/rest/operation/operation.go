// Package operation is one operation of the HTTP surface: where it is, what the published contract says of it, how its body is
// read, and what answers it. The contract is made of the same values that answer, so it cannot say anything else.
package operation

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tierboard/server/problem"
	"tierboard/server/query/param"
	"tierboard/server/rest/once"
	"tierboard/server/rest/route"
	"tierboard/shared/api"
)

// Operation is one path and method: what the contract says about it and what answers it.
type Operation struct {
	Method, Path string
	ID           string // operationId
	Tag          string // one of the tags below
	Summary, Doc string
	Params       []param.Param
	In           any               // a zero value of the body's type; nil for none
	Out          any               // a zero value of the answer's type; nil for an answer without a body
	Status       int               // of the answer; 0 means 200
	Formats      []string          // content types besides application/json
	Headers      map[string]string // of the answer, with what each says
	IfMatch      bool              // the request needs If-Match
	Problems     []problem.Kind    // besides those that follow from the rest
	// Handle answers, or returns an error instead, of which the client sees what package problem shows. Nil for an operation that
	// is described here and served elsewhere.
	Handle func(w http.ResponseWriter, r *http.Request) error
}

// changes reports whether an operation changes anything.
func (o *Operation) changes() bool {
	return o.Method != http.MethodGet && o.Path != api.PathEstimate
}

// Contract is the published description of all operations (OpenAPI 3.1). It is filled before it is read.
type Contract struct {
	api  huma.API
	once *once.Once
}

// New returns a contract without operations. What answers them is added to a table; changes happen once for each key.
func New(version string, table *route.Table, changes *once.Once) *Contract {
	return &Contract{newAPI(version, humago.NewAdapter(table, "")), changes}
}

// Spec returns the contract as a document. The caller must not change it.
func (c *Contract) Spec() *huma.OpenAPI { return c.api.OpenAPI() }

// Add adds operations to the contract and to the table, in the order of the docs page.
func (c *Contract) Add(all ...Operation) {
	for i := range all {
		c.add(&all[i])
	}
	finish(c.Spec())
}

// add adds one operation.
func (c *Contract) add(o *Operation) {
	op := c.describe(o)
	c.Spec().AddOperation(op)
	if o.Handle == nil {
		return
	}
	handle := o.Handle
	if o.changes() {
		handle = c.once.Wrap(handle)
	}
	c.api.Adapter().Handle(op, func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		if err := handle(w, r); err != nil {
			problem.Write(w, err)
		}
	})
}
