// Package e2e tests the whole of Tierboard from the outside, and holds the numbers it promises.
//
// The tests run the built binary with a real Redis and a real Chromium, started by package stack. The promises are the
// constants below: the name says what is measured, the comment gives the bound the product was ordered with, where
// there is one, and the constant is our own, tighter one. Benchmarks and load tests report against them; what the benchmarks of
// single packages print (match, hub, session, ingest) is compared by who reads it, since nothing below e2e may import it. A number that
// depends on the machine is a ratio to something the same run measures first, so that it holds on any machine; a test
// against the others needs two cores that nobody else is busy with.
package e2e

import "time"

// Sizes, counted in powers of ten as in download sizes, and of two as in memory.
const (
	kilobyte = 1_000
	megabyte = 1_000 * kilobyte
	kibibyte = 1 << 10
	mebibyte = 1 << 20
)

// What finding the interested users of an event may cost, with MatchFilters distinct filters in the index.
// Ordered: less than 5 ms for 100 users.
const (
	// MatchFilters is the number of distinct filters that the match budgets are about.
	MatchFilters = 100_000
	// MatchMedian is the most the median match of one event may take.
	MatchMedian = 6 * time.Microsecond
	// MatchP99 is the most that 99 of 100 matches may take.
	MatchP99 = 40 * time.Microsecond
	// MatchFixed and MatchPerHit bound the mean: a fixed part, and a part for each session that gets the event.
	MatchFixed  = time.Microsecond
	MatchPerHit = 3 * time.Nanosecond
	// MatchAllocs is how many allocations a match may make.
	MatchAllocs = 0
	// MatchSpeedup is how many times faster than intersecting sets the mean match is, at least, on the same events.
	MatchSpeedup = 50.0
	// MatchSpeedupP99 is the same for 99 of 100 matches.
	MatchSpeedupP99 = 20.0
	// MatchUnderChanges is the most that matching slows down, as a ratio, while 1,000 filters change each second.
	MatchUnderChanges = 1.15
	// FilterChange is the most that adding, replacing or removing a filter may take.
	FilterChange = 20 * time.Microsecond
	// IndexBytesPerThousand is the most memory that 1,000 filters may take in the index. Ordered: less than 1 MB.
	IndexBytesPerThousand = 300 * kilobyte
)

// How long an event may take from the producer's PUBLISH until it is in a client's hands. Ordered: less than 100 ms.
const (
	// DeliveryMedian and DeliveryP99 hold for 500 users with 20 events a second each, and for 5,000 users with 500
	// events a second published.
	DeliveryMedian = 5 * time.Millisecond
	DeliveryP99    = 25 * time.Millisecond
	// DeliveryOverWindow is how much more than the batch window in force 99 of 100 deliveries may take, at any load.
	DeliveryOverWindow = 10 * time.Millisecond
	// DeliveryInWindow is the most that the median may take, as a share of a window that is fixed, with Sessions sessions.
	DeliveryInWindow = 0.45
	// DeliveryLimit is what 99 of 100 deliveries stay under at any load, whatever the window.
	DeliveryLimit = 90 * time.Millisecond
	// QuietMedian and QuietP99 hold for a session that got nothing for a while: its event leaves at once.
	QuietMedian = time.Millisecond
	QuietP99    = 5 * time.Millisecond
	// RatePerSession is how many live events a session gets in any one second, at most. As ordered.
	RatePerSession = 100
	// WindowMax is the longest batch window that may be set. As ordered.
	WindowMax = 100 * time.Millisecond
)

// How much the server holds on two cores. Ordered: 500 users.
const (
	// Sessions is how many sessions are served at once, with SessionsDeliveries events a second for all together.
	Sessions           = 10_000
	SessionsDeliveries = 130_000
	// SessionBytes is the most resident memory for each of them.
	SessionBytes = 11 * kibibyte
	// SessionMemoryRatio compares the memory of an idle subscribed session with that of a connection handled the way
	// coder/websocket documents, in the same run.
	SessionMemoryRatio = 0.35
	// SessionMemoryAfterLoad compares a session's memory after load with that before.
	SessionMemoryAfterLoad = 1.1
	// ConnectsPerSecond is the least rate at which 10,000 clients connect and subscribe.
	ConnectsPerSecond = 4_000
	// ConnectsDisturb is the most by which the 99th percentile of delivery to others grows meanwhile, as a ratio.
	ConnectsDisturb = 1.5
)

// What delivery costs in CPU time, as ratios within one run.
const (
	// FrameCPU compares a delivered frame, all in, with a bare loop of net.Conn writes of frames of the same size.
	FrameCPU = 1.3
	// FrameCPULibrary compares it with a loop of coder/websocket writes.
	FrameCPULibrary = 1.0
	// EventCPUCentrifuge compares a delivered event with centrifuge v0.40.1, one channel for each filter and the same
	// window.
	EventCPUCentrifuge = 0.55
	// AppendPerEvent is the most that adding an encoded event to a batch may take.
	AppendPerEvent = 30 * time.Nanosecond
	// EncodesPerEvent is how often an event is encoded for each wire format, however many sessions get it.
	EncodesPerEvent = 1
	// AllocsPerDelivery is the most allocations for one event delivered to one session.
	AllocsPerDelivery = 0.1
)

// What comes in. Ordered: 1,000 events a second.
const (
	// IngestPerSecond is how many events a second are taken in for as long as it lasts, and none is lost.
	IngestPerSecond = 20_000
	// IngestCPU compares an event read, classified and encoded with a bare loop of receives.
	IngestCPU = 2.5
	// ArchiveDrain is how long after a minute of that the archive may take to hold every event.
	ArchiveDrain = 5 * time.Minute
)

// What one client may do to the others.
const (
	// StuckShare is the share of clients that do not read.
	StuckShare = 0.01
	// StuckDisturb and StuckDisturbTime bound what the 99th percentile of the others grows by: the larger of the ratio
	// and the time, as the median of five paired runs.
	StuckDisturb     = 1.1
	StuckDisturbTime = 2 * time.Millisecond
	// StuckBytes is the most memory that a client that does not read may hold.
	StuckBytes = 256 * kibibyte
)

// What a reconnect costs.
const (
	// ResumeEvents is how many missed events the budget is about.
	ResumeEvents = 10_000
	// Resume is the most server time for finding and sending what matched among them, without gap or duplicate.
	Resume = 20 * time.Millisecond
)

// How long a batch may take in the browser, from its arrival until it is painted, with BoardEvents events held.
// Ordered: less than 50 ms. The bounds are for the 99th percentile, in headless Chromium without a graphics card.
const (
	// BoardEvents is how many events the board holds meanwhile, in all three columns.
	BoardEvents = 1_500
	// PaintTen and PaintThirty are for batches of 10 and of 30 new events.
	PaintTen    = 12 * time.Millisecond
	PaintThirty = 18 * time.Millisecond
	// HoverPaint is for the highlight of related cards under the pointer.
	HoverPaint = 16 * time.Millisecond
	// BoardGoHeap and BoardWasm bound the program's live heap and its whole memory after 10,000 events.
	BoardGoHeap = 4 * mebibyte
	BoardWasm   = 16 * mebibyte
)

// What a visitor waits for, over loopback.
const (
	// WasmTransfer is the most that the compressed browser program may have.
	WasmTransfer = 1_650 * kilobyte
	// FirstPaint is from the start of a first visit until the server's page is painted.
	FirstPaint = 300 * time.Millisecond
	// ColdStart is from the start of a first visit until the board is live.
	ColdStart = 800 * time.Millisecond
	// WarmStart is the same for a visitor whose browser has the program already.
	WarmStart = 500 * time.Millisecond
)

// What an answer over REST takes. Ordered: less than 50 ms.
const (
	// RESTEvents is how many events are stored meanwhile.
	RESTEvents = 1_000_000
	// RESTListP99 is what 99 of 100 lists take at most.
	RESTListP99 = 5 * time.Millisecond
)

// CoreCoverage is the least share of statements that the unit tests of a core package run. As ordered.
const CoreCoverage = 0.95

// RepositoryFile is the most bytes that one file in the repository may have: what is built or recorded belongs elsewhere.
const RepositoryFile = 3 * megabyte / 2
