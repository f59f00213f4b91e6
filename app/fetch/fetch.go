// Package fetch asks the server's REST API from the browser. It uses the browser's own fetch, since Go's HTTP client would more
// than double what a visitor downloads.
//
// Answers arrive by callback on the goroutine that handles the page's events, so a callback may change what that goroutine owns,
// and must not block.
package fetch

import "strconv"

// Answer is what came back. Status 0 means that there was no answer: no network, or a server that is away.
type Answer struct {
	Status int
	Body   string
	ETag   string // for the If-Match of the next write; may be empty
}

// OK reports whether the server did what was asked.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Fault words an answer that is not OK for people; detail is the server's own sentence, if it gave one.
func (a Answer) Fault(detail string) string {
	switch {
	case a.Status == 0:
		return "The server cannot be reached."
	case detail != "":
		return detail
	}
	return "The server answered " + strconv.Itoa(a.Status) + "."
}
