// Package load measures a server under load and proves that it delivers exactly: it opens sessions, publishes detections on
// Redis in the producer's words, and compares what every session got with what filter.Match says it should have got.
//
// # What is exact
//
// A session must get every event that one of its filters wants, once, and no other. Events held back by the rate limit or
// dropped because it lagged are accounted for by the numbers in its batches: what is wanted must be what came plus what was
// told. Filters may be swapped and sockets be cut meanwhile (scenario churn): then a position decides which filters count
// for an event, those in force when it passed, and those in force at a resume for all that the resume asked for. The
// positions are the server's own, learned from the events themselves.
//
// Independent of the sessions, the server's counters must say that it accepted as many events as were published and that
// it lost none on the way in.
//
// # What is measured
//
// Latency runs from just before the write to Redis until the batch has been read from the client's socket, on one clock:
// publisher and clients are one process. The first second warms up and does not count. Some sessions get nothing but an
// event of their own each second; they measure the way of the first event to a quiet session. CPU time and memory are the
// server process's alone, and the time to match is read from its histogram.
//
// A frame costs the client a read(2) and a scan that allocates nothing, so that server and load can share two cores; the
// report tells what the client took itself.
package load
