// Package store is the archive's database: every accepted event, what became of it, and what users saved, in SQLite or in
// PostgreSQL, through one set of models.
//
// It is put together from its parts, which know one thing each and which alone import bun: connect opens one of the two databases,
// migrations bring it up to date, model says how an event is stored; intake writes; ask, where, plan and walk turn a question
// into rows, and list answers it; outcome and tally tell how events did; saved has what users keep. Here they become one Store,
// which looks after the database and deletes what is too old.
//
// # Layout
//
// An event is a row of columns that can be asked for, and a body: the event as JSON, exactly as it goes over the wire, so
// that nothing is lost and an answer needs no work. Times are integers, milliseconds since 1970 UTC, in both databases.
// Text is compared by its bytes in both, so that both sort like Go.
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
