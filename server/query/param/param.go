// Package param reads the parameters of a request: only those that a table names, each once, each as the type that the table
// says, and every fault noted, so that one answer can name them all.
//
// # Decisions
//
// A parameter that is unknown, or given twice, is an error. Because: a misspelt filter that silently returns the whole market
// is worse than no answer. Rejected: ignoring it, as most servers do.
package param

// Type says what a parameter's value looks like, for the published contract.
type Type string

// The types.
const (
	TypeText    Type = "string"
	TypeList    Type = "array" // of words, separated by commas
	TypeNumber  Type = "number"
	TypeInteger Type = "integer"
	TypeTime    Type = "time" // see Values.Time
	TypeDate    Type = "date"
)

// Param is one query parameter: what the decoder allows is what the contract publishes, because both are made of these.
type Param struct {
	Name    string
	Aliases []string // other names for it, which the contract mentions in Doc
	Type    Type
	Doc     string
	Example string
	Default string // "" for none
	Enum    []string
	Low     float64 // least number; with High
	High    float64 // greatest number; no bounds when 0
	Most    int     // most values of a list; 0 for no bound but the words there are
}
