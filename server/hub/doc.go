// Package hub delivers events: it takes each accepted event once, gives it a position, finds the sessions that want it and
// fills their outboxes with batches.
//
// # Path of an event
//
// Publish refuses a copy, links a combo to the events it is made of, gives the event the next sequence number, puts it into the
// ring and hands it to every shard. A shard is one goroutine that owns everything it touches: an index of filters, the
// cohorts (subscriptions with the same filters share one entry of the index), the sessions and their open windows. So
// there are no locks on the way of an event, and a subscribe is ordered against events by construction. The only thing a
// shard shares is a session's outbox, a bounded queue of ready frames under a mutex, from which the session's writer
// takes with Next. A shard never waits for a session.
//
// # Windows, limits, slow consumers
//
// A quiet session gets an event at once; that opens a window of Config.Window, in which further events wait for company,
// unless the batch is full before. At most Config.RateLimit live events leave in any one second; of those waiting in the
// same window the most urgent, then the newest, go first, and the number of the others is told in the next batch.
// When an outbox is full the session lags: its events wait as references in a bounded list, from which the least
// urgent, then the oldest, are dropped and counted. A session that still lags after Config.CutAfter is cut.
//
// # Resume
//
// A batch carries the highest position it covers. A session that comes back with the epoch and that position gets exactly
// what its filters matched since, read from the ring; if the ring has forgotten part of it, a gap frame that says where to
// read the rest, and a snapshot. The scan runs in the goroutine that subscribes; the shard only adds the few events
// that came meanwhile, so that a storm of subscriptions does not delay anybody's events. For a batch with a subscription's
// id, the position covers that subscription; for a live batch, all of the session's.
//
// # Decisions
//
// 2026-11-23 One timer a shard. Windows have one length, so those opened first close first, and a FIFO with one timer for its
// head is exact. Because: a timer or a goroutine per session doubles the CPU per frame. Rejected: a tick on which
// all sessions flush together, which sends in bursts. Look again when: window lengths differ between sessions.
//
// 2026-11-23 The rate limit counts what leaves, not what arrives. Because: only then no second of a client's time holds
// more than the limit, whatever the window. Rejected: a token bucket, which lets twice the limit through at its edge.
// Look again when: a user has several sessions that share a limit.
package hub
