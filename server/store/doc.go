// Package store is the archive's database: every accepted event, what became of it, and what users saved, in SQLite or in
// PostgreSQL, through one set of models.
//
// # Layout
//
// An event is a row of columns that can be asked for, and a body: the event as JSON, exactly as it goes over the wire, so
// that nothing is lost and an answer needs no work. Times are integers, milliseconds since 1970 UTC, in both databases.
// Text is compared by its bytes in both, so that both sort like Go.
//
// # Asking
//
// Query answers whatever a filter can say, exactly as filter.Match means it, in pages by (sort key, id). It picks the
// indexes itself, as the two planners cannot be trusted with it: each plan walks one index in a bounded number of
// steps; where the first plan meets its bound the next one is tried, and when all have, the answer is ErrTooBroad
// instead of a slow page. What an index answers alone has no bound: a tier, symbols (for few of them exactly, for up to 500 in pages of about a hundred), patterns,
// a confidence from a priority's bound on, a session date, a time, all newest or oldest first, and the other orders for
// a tier. What goes beyond (a direction, a timeframe, combinations) is looked for in the rows that the index yields: up to
// 50,000 of them. ErrTooBroad can therefore only come for a rare combination in a large archive; a time, a symbol or a
// session date narrows it. Each walks any number of rows in constant memory instead.
//
// # Writing
//
// Upsert writes a batch and is idempotent: a row is replaced only by a later copy of the same event. It is package
// archive that calls it and holds on to events while the database is away.
//
// # Decisions
//
// 2026-11-23 The tier leads every index over events. Because: the lists are asked for by tier, and three short walks
// answer a question without one. Rejected: a second set of indexes without the tier (twice the writes).
// Look again when: there are more than a handful of tiers.
//
// 2026-11-23 band is the greater of the priority and of what the confidence alone would make it. Because: one small
// index then serves confidence_min and priority_min, and never leaves out an event. Rejected: an index on
// confidence followed by time, which cannot be walked in the order of time. Look again when: thresholds far from the bounds of
// priorities become common.
package store
