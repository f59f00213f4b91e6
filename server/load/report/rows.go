package report

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Delivery is the table for loads that the delivery budgets hold for.
func Delivery(r *Run) []Row {
	return slices.Concat([]Row{
		{Name: "publish → client, p50", Value: r.Live.P50, Unit: "ms", Budget: ms(DeliveryMedian)},
		{Name: "publish → client, p95", Value: r.Live.P95, Unit: "ms"},
		{Name: "publish → client, p99", Value: r.Live.P99, Unit: "ms", Ordered: ms(OrderedDelivery), Budget: ms(DeliveryP99)},
		{Name: "publish → client, max", Value: r.Live.Max, Unit: "ms"},
	}, commonRows(r))
}

// Limits is the table for loads at which only the bounds of any load hold.
func Limits(r *Run) []Row {
	return slices.Concat([]Row{
		{Name: "publish → client, p50", Value: r.Live.P50, Unit: "ms"},
		{Name: "publish → client, p95", Value: r.Live.P95, Unit: "ms"},
		{
			Name: "publish → client, p99", Value: r.Live.P99, Unit: "ms", Ordered: ms(OrderedDelivery),
			Budget: min(r.WindowMS+ms(DeliveryOverWindow), ms(DeliveryLimit)),
		},
		{Name: "publish → client, max", Value: r.Live.Max, Unit: "ms"},
	}, commonRows(r))
}

// Most is the table of scenario max.
func Most(r *Run) []Row {
	return slices.Concat([]Row{{Name: "sessions held", Value: float64(r.Users - r.Exact.Lost), Ordered: 500, Budget: float64(r.Users), AtLeast: true}}, Limits(r))
}

// Fixed is the table of a window that does not change: what the median takes of it.
func Fixed(r *Run) []Row {
	return slices.Concat([]Row{{Name: "publish → client, p50, to the window", Value: r.Live.P50 / r.WindowMS, Unit: "×", Budget: DeliveryInWindow}}, Limits(r))
}

// Firehose is the table for more than the sessions may get, all of which the archive must hold in the end.
func Firehose(r *Run) []Row {
	return slices.Concat([]Row{
		{Name: "events taken in", Value: float64(r.Published-r.Exact.Unaccepted) / r.Seconds, Unit: "/s", Ordered: OrderedIngest, Budget: min(IngestPerSecond, r.Rate) * .98, AtLeast: true},
		{Name: "until the archive held all of them", Value: r.Drained, Unit: "s", Budget: ArchiveDrain.Seconds()},
		{Name: "accepted events that the archive does not hold", Value: float64(r.Unstored), Budget: .5},
	}, Limits(r))
}

// Connect is the table of scenario connect.
func Connect(r *Run) []Row {
	return slices.Concat([]Row{
		{Name: "others connected and subscribed", Value: r.StormConnects, Unit: "/s", Budget: ConnectsPerSecond, AtLeast: true},
		{Name: "publish → client meanwhile, p50", Value: r.Storm.P50, Unit: "ms"},
		{Name: "publish → client meanwhile, p99", Value: r.Storm.P99, Unit: "ms", Ordered: ms(OrderedDelivery)},
		{Name: "p99 meanwhile, to before and after", Value: r.Storm.P99 / r.Live.P99, Unit: "×", Budget: ConnectsDisturb},
	}, Delivery(r))
}

// Idle is the table of scenario idle.
func Idle(r *Run) []Row {
	rows := commonRows(r)
	return slices.DeleteFunc(rows, func(row Row) bool { return strings.Contains(row.Name, "CPU") || strings.HasPrefix(row.Name, "frames") })
}

// manySessions is how many make the server's fixed costs small beside those of a session.
const manySessions = 5000

// commonRows is what every table ends with.
func commonRows(r *Run) []Row {
	memory, rate := 0.0, 0.0
	if r.Users >= manySessions {
		memory, rate = SessionBytes, ConnectsPerSecond
	}
	return []Row{
		{Name: "first event of a quiet session, p50", Value: r.Quiet.P50, Unit: "ms", Budget: ms(QuietMedian)},
		{Name: "first event of a quiet session, p99", Value: r.Quiet.P99, Unit: "ms", Ordered: ms(OrderedDelivery), Budget: ms(QuietP99)},
		{Name: "matching, mean", Value: float64(r.MatchMean), Unit: "µs"},
		{Name: "matching, p50", Value: float64(r.MatchP50), Unit: "µs", Budget: us(MatchMedian)},
		{Name: "matching, p99", Value: float64(r.MatchP99), Unit: "µs", Ordered: us(OrderedMatch), Budget: us(MatchP99)},
		{Name: "matching, max (at most)", Value: float64(r.MatchMax), Unit: "µs"},
		{Name: "frames delivered", Value: r.Frames, Unit: "/s"},
		{Name: "events delivered", Value: r.Events, Unit: "/s"},
		{Name: "server CPU per delivered event", Value: r.CPUPerEvent, Unit: "µs"},
		{Name: "server CPU, cores", Value: r.CPUShare},
		{Name: "other processes' CPU with Redis, cores", Value: r.OthersCPU},
		{Name: "load's own CPU per delivered event", Value: r.ClientPerEvent, Unit: "µs"},
		{Name: "resident memory per session", Value: r.RSSPerSession, Unit: "B", Budget: memory},
		{Name: "the same after the load, with the events kept", Value: r.RSSAfterLoad, Unit: "B"},
		{Name: "heap and stacks per session", Value: r.UsePerSession, Unit: "B"},
		{Name: "goroutines", Value: float64(r.Goroutines)},
		{Name: "sessions opened", Value: r.Connects, Unit: "/s", Budget: rate, AtLeast: true},
	}
}

// Stuck compares the runs of the pairs.
func Stuck(runs []*Run) []Row {
	var ratios, growths []float64
	cuts, most := 0, 0.0
	for i := 0; i+1 < len(runs); i += 2 {
		calm, stuck := runs[i], runs[i+1]
		ratios = append(ratios, stuck.Live.P99/calm.Live.P99)
		growths = append(growths, stuck.Live.P99-calm.Live.P99)
		cuts += stuck.CutTooSlow
		most = max(most, float64(stuck.OutboxMost))
	}
	ratio, growth := median(ratios), median(growths)
	rows := []Row{
		{Name: "others' p99 with some stuck, to without (median)", Value: ratio, Unit: "×", Budget: StuckDisturb},
		{Name: "others' p99 with some stuck, less without (median)", Value: growth, Unit: "ms", Budget: ms(StuckDisturbTime)},
		{Name: "memory of a stuck session's queue (at most)", Value: most, Unit: "B", Budget: StuckBytes},
		{Name: "stuck sessions that the server cut", Value: float64(cuts)},
	}
	if rows[0].Met() { // one of the two is enough
		rows[1].Budget = 0
	} else if rows[1].Met() {
		rows[0].Budget = 0
	}
	return rows
}

// median returns the middle one, NaN of none.
func median(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	xs = slices.Sorted(slices.Values(xs))
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
