package model

import "errors"

// Error is a question or a record that cannot be used. Field is the parameter's name.
type Error struct {
	Field   string
	Problem string
}

// Error returns the field and the problem in one line.
func (e *Error) Error() string { return e.Field + ": " + e.Problem }

// Answered tells that the database has no part in it.
func (*Error) Answered() {}

// Answer is an error that says what the database holds, or does not hold, while it works as it should.
type Answer string

// ErrNotFound is what asking for one thing that is not there gives.
const ErrNotFound = Answer("store: not found")

// Error returns the text.
func (a Answer) Error() string { return string(a) }

// Answered tells that the database has no part in it.
func (Answer) Answered() {}

// IsAnswer reports whether an error is about the question and not about the database: whether it wraps one that has a method
// Answered.
func IsAnswer(err error) bool {
	_, ok := errors.AsType[interface {
		error
		Answered()
	}](err)
	return ok
}
