// Package model is how an event is stored: a row of columns that can be asked for, and a body, from which the event comes
// back. Times are integers, milliseconds since 1970 UTC; texts are valid, bounded and without a NUL.
//
// It also has the words in which everybody below package store says that a question or a value cannot be used.
package model
