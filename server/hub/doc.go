// Package hub delivers events: it takes each accepted event once, gives it a position, finds the sessions that want it and
// fills their outboxes with batches.
//
// # Path of an event
//
// Publish refuses a copy and links a combo to the events it is made of (package known), gives the event the next sequence
// number, puts it into the ring and hands it to every shard. A shard is one goroutine that owns everything it touches: an
// index of filters, the cohorts (subscriptions with the same filters share one entry of the index), its share of the sessions
// and their open windows. So there are no locks on the way of an event, and a subscribe is ordered against events by
// construction. A new session goes to the shard with the fewest. The only thing a shard shares is a session's outbox, under a
// mutex. As long as the session keeps up, the outbox holds nothing: a ready frame goes to the session's outbox.Sink, which
// writes it without waiting. What the sink cannot write at once queues, and a goroutine of the sink's takes it with Next. A
// shard never waits for a session. Batches that several sessions send at the same moment, such as the members of a cohort,
// are encoded once (package frame).
//
// # Windows, limits, slow consumers
//
// A quiet session gets an event at once; that opens a window, in which further events wait for company, unless the batch is
// full before (package due says when). The window (package pace) is Config.WindowMin while the shard is busy for less than
// 30 % of a second, grows with that share, and is Config.WindowMax from 85 % on or when a quarter of its inbox is taken. At most
// Config.RateLimit live events leave in any one second; of those waiting in the same window the most urgent, then the newest,
// go first, and the number of the others is told in the next batch. When an outbox is full the session lags: its events wait
// as references in a bounded list, from which the least urgent, then the oldest, are dropped and counted. A session that
// still lags after Config.CutAfter is cut.
//
// # Resume
//
// A batch carries the highest position it covers. A session that comes back with the epoch and that position gets exactly
// what its filters matched since, read from the ring; if the ring has forgotten part of it, a gap frame that says where to
// read the rest, and a snapshot (package missed). The scan runs in the goroutine that subscribes; the shard only adds the few
// events that came meanwhile, so that a storm of subscriptions does not delay anybody's events. For a batch with a
// subscription's id, the position covers that subscription; for a live batch, all of the session's.
//
// # Decisions
//
// 2026-11-23 One timer a shard. Windows opened first close first, so a FIFO with one timer for its head is exact; when the
// window shrinks, a new one closes no earlier than the last. What would be due within a fifth of a window closes along, which
// saves a third of all CPU with 500 sessions, and nobody waits longer. Because: a timer or a goroutine per session doubles
// the CPU per frame. Rejected: a tick on which all sessions flush together, which sends in bursts. Look again when: window
// lengths differ between sessions.
//
// 2026-11-23 The shard writes. Because: a goroutine per session that is woken for each frame costs twice the CPU of the
// write itself, and eight kilobytes. Rejected: a pool of writers, which reorders nothing but wakes as often. Look again
// when: most connections are TLS ones of this process, which cannot be written without waiting.
//
// 2026-11-23 The rate limit counts what leaves, not what arrives. Because: only then no second of a client's time holds
// more than the limit, whatever the window. Rejected: a token bucket, which lets twice the limit through at its edge.
// Look again when: a user has several sessions that share a limit.
package hub
