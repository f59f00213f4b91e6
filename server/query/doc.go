// Package query reads what HTTP clients ask for: one table of parameters, one decoder for lists, streams and exports, and
// cursors. Whatever selects events goes through shared/filter's own reader, so that a word means the same in a query string
// and in a frame of the live stream.
//
// The package is pure: it has no clock, no I/O and knows nothing of where the answer comes from. Question.Match is the
// oracle that every source of lists is held to.
//
// # Decisions
//
// A cursor is readable and carries no signature. Because: reading it back goes through the same checks as the
// query string, so a forged one can ask nothing that its author could not ask openly. Rejected: server-side cursors, which
// one client could fill the memory with.
//
// The cursor remembers when its first page was asked for. Because: status=active would otherwise move while one pages.
//
// include=raw is refused with a reason. Because: producers' texts are not kept as they came; every field without a place of
// its own is in details.
package query
