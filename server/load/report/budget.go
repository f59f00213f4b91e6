package report

import "time"

// The budgets that a report is held against. They are those of package e2e, which a test there compares.
const (
	MatchMedian        = 6 * time.Microsecond
	MatchP99           = 40 * time.Microsecond
	DeliveryMedian     = 5 * time.Millisecond
	DeliveryP99        = 25 * time.Millisecond
	DeliveryOverWindow = 10 * time.Millisecond
	DeliveryInWindow   = 0.45
	DeliveryLimit      = 90 * time.Millisecond
	QuietMedian        = time.Millisecond
	QuietP99           = 5 * time.Millisecond
	SessionBytes       = 11 << 10
	StuckDisturb       = 1.1
	StuckDisturbTime   = 2 * time.Millisecond
	StuckBytes         = 256 << 10
	ConnectsPerSecond  = 4000
	ConnectsDisturb    = 1.5
	ArchiveDrain       = 5 * time.Minute
	IngestPerSecond    = 20_000
)

// What the product was ordered with.
const (
	OrderedMatch    = 5 * time.Millisecond
	OrderedDelivery = 100 * time.Millisecond
	OrderedIngest   = 1000
)
