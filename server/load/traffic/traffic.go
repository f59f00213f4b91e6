// Package traffic invents what a load test publishes and who wants it: detections in the producer's own words, filters of
// users, and the paced publisher that puts the one where the server listens.
//
// # The model
//
// 2,000 symbols and 30 patterns, both with Zipf popularity, in three tiers. A user's filter names a watchlist of 9 symbols
// on average (50 at most; one in twenty takes any), 1 to 6 patterns (three in ten take any), half of them one or two tiers,
// most a least confidence on whole percents, one in five a least priority. A filter wants 2 to 3 events of a hundred on
// average. One subscription in ten has two or three filters.
//
// A Shape is what an event says; many events can have the same one, so that whether a filter wants an event is decided once
// per shape however many events there are. What makes an event itself is its id, which carries its number, and its
// time, which no other event with the same symbol, pattern, tier and timeframe has: the server would take it for a copy.
package traffic

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/pattern"
)

// The size of the market.
const (
	symbols  = 2000
	patterns = 30
)

// Source is what the messages name as their producer, so that nobody takes them for real.
const Source = "TickStockPL-Load"

// Config says what to invent. Equal configurations invent the same but for the ids' Run and the times.
type Config struct {
	Seed   uint64
	Run    uint64 // goes into every id, so that the events of another run are told apart; 48 bits of it count
	Shapes int    // how many shapes, from 1
	Probes int    // how many shapes of a symbol of their own come after them
}

// Traffic is an invented market. Shape and Filters may be called concurrently once it is made, the rest by one goroutine.
type Traffic struct {
	cfg      Config
	prefix   string
	names    []string // symbols by popularity
	patterns []pattern.Name
	bySymbol zipf
	byUser   zipf // patterns as users choose them
	shapes   []shape
	last     []int64 // by shape.key: the detection time of the last event, in ms
}

// shape is what events say, and the texts that say it.
type shape struct {
	event   event.Event
	key     int // of symbol, pattern, tier and timeframe
	channel string
	parts   [4]string // before the publish time, before the detection time, before the id, after it
	bare    bool      // times are ISO without a zone; else seconds since 1970
}

// New invents a market.
func New(cfg Config) *Traffic {
	t := &Traffic{cfg: cfg, prefix: idPrefix(cfg.Run), bySymbol: newZipf(symbols, 1), byUser: newZipf(patterns, 1)}
	for i := range symbols {
		t.names = append(t.names, symbolName(i))
	}
	known := pattern.Known()
	for i := range patterns { // spread over the table, which is sorted by tier
		t.patterns = append(t.patterns, known[i*len(known)/patterns])
	}
	rng := rand.New(rand.NewPCG(cfg.Seed, 1)) //nolint:gosec // invents a market
	byProducer := newZipf(patterns, 0.8)
	keys := map[string]int{}
	for i := range cfg.Shapes + cfg.Probes {
		e := event.Event{Kind: event.Pattern}
		e.Symbol = t.names[t.bySymbol.draw(rng)]
		p := t.patterns[byProducer.draw(rng)]
		switch u := rng.Float64(); {
		case u < 0.3:
			e.Tier, e.Timeframe = event.Daily, "daily"
		case u < 0.9:
			e.Tier, e.Timeframe = event.Intraday, [...]string{"1min", "5min"}[rng.IntN(2)]
		default:
			e.Tier, e.Timeframe = event.Combo, "combo"
		}
		e.Confidence = float64(450+min(rng.IntN(500), rng.IntN(500))) / 1000 // weak ones are more
		if i >= cfg.Shapes {
			e.Symbol, e.Tier, e.Timeframe = ProbeSymbol(i-cfg.Shapes), event.Intraday, "1min"
		}
		e.Pattern, e.Priority = p.Slug, event.PriorityOf(e.Confidence)
		e.Direction = [...]event.Direction{event.Bullish, event.Bearish, event.Neutral}[rng.IntN(3)]
		s := shape{event: e}
		id := fmt.Sprint(e.Symbol, e.Pattern, e.Tier, e.Timeframe)
		if _, seen := keys[id]; !seen {
			keys[id] = len(keys)
		}
		s.key = keys[id]
		s.write(rng)
		t.shapes = append(t.shapes, s)
	}
	t.last = make([]int64, len(keys))
	return t
}

// ProbeSymbol is the symbol of the i-th probe, which no other shape has.
func ProbeSymbol(i int) string { return "QUIET" + strconv.Itoa(i) }

// symbolName returns a ticker of three letters.
func symbolName(i int) string {
	return string([]byte{byte('A' + i/676%26), byte('A' + i/26%26), byte('A' + i%26)})
}

// Shapes is how many shapes there are, probes included; probe i is the shape Config.Shapes + i.
func (t *Traffic) Shapes() int { return len(t.shapes) }

// Shape returns an event as far as filters look at it. It must not be changed.
func (t *Traffic) Shape(i int) *event.Event { return &t.shapes[i].event }

// spelling is how the producer writes a pattern's name: Bull_Flag or BullFlag.
func spelling(slug, between string) string {
	words := strings.Split(slug, "_")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	if s := strings.Join(words, between); pattern.Slug(s) == slug {
		return s
	}
	return slug
}

// write makes the texts: intraday detections as the live producer sends them (nested in detection, ISO times without a
// zone), the others nested once in data, with times in seconds. Half a text is what nobody has a field for, as in life.
func (s *shape) write(rng *rand.Rand) {
	e := &s.event
	price := 5 + float64(rng.IntN(49500))/100
	change := float64(rng.IntN(1000)-500) / 100
	volume := 1000 * (1 + rng.IntN(5000))
	confidence := strconv.FormatFloat(e.Confidence, 'g', -1, 64)
	indicators := fmt.Sprintf(`"indicators":{"relative_volume":%.2f,"relative_strength":%.2f,"rsi":%.1f,"macd":%.3f,"atr":%.2f}`,
		rng.Float64()*4, 0.5+rng.Float64(), rng.Float64()*100, rng.Float64()-0.5, price/50)
	metadata := fmt.Sprintf(`"metadata":{"invented":true,"bars_analyzed":%d,"engine_version":"5.2.1","strategy":"load"`, 20+rng.IntN(200))
	if e.Tier == event.Intraday {
		s.channel, s.bare = "tickstock:patterns:streaming", true
		s.parts = [4]string{
			`{"type":"streaming_pattern","source":"` + Source + `","timestamp":"`,
			`","detection":{"symbol":"` + e.Symbol + `","pattern":"` + spelling(e.Pattern, "") + `","confidence":` + confidence + `,"timestamp":"`,
			fmt.Sprintf(`","timeframe":%q,"direction":%q,"price":%.2f,"price_change":%.2f,"volume":%d,`, e.Timeframe, e.Direction, price, change, volume) +
				fmt.Sprintf(`"parameters":{"open":%.2f,"high":%.2f,"low":%.2f,"close":%.2f,"body_ratio":%.2f},`, price, price*1.01, price*.99, price, rng.Float64()) +
				indicators + `,` + metadata + `,"detection_method":"streaming","pattern_id":"`,
			`"}}}`,
		}
		return
	}
	s.channel = "tickstock.events.patterns"
	timeframe := "1d"
	links := ""
	if e.Tier == event.Combo {
		timeframe = "combo"
		links = fmt.Sprintf(`"daily_context":{"id":"d-%d","pattern":"Bull_Flag","confidence":0.81},`+
			`"intraday_trigger":{"id":"i-%d","pattern":"VolumeSpike","confidence":0.77,"timeframe":"5min"},"correlation_strength":%.2f,`,
			rng.IntN(1e9), rng.IntN(1e9), rng.Float64())
	}
	s.parts = [4]string{
		`{"event_type":"pattern_detected","source":"` + Source + `","timestamp":`,
		`,"data":{"symbol":"` + e.Symbol + `","pattern":"` + spelling(e.Pattern, "_") + `","confidence":` + confidence + `,"detected_at":`,
		fmt.Sprintf(`,"source":%q,"tier":%q,"timeframe":%q,"direction":%q,"current_price":%.2f,"price_change":%.2f,"volume":%d,`,
			e.Tier, e.Tier, timeframe, e.Direction, price, change, volume) +
			fmt.Sprintf(`"stop_loss":%.2f,"target_price":%.2f,"action":"watch","description":"invented by a load test",`, price*.95, price*1.1) +
			links + indicators + `,` + metadata + `},"flow_id":"`,
		`"}}`,
	}
}

// idLen is the length of every id, a UUID whose last group is the event's number.
const idLen = 36

// idPrefix is what the ids of a run begin with.
func idPrefix(run uint64) string {
	return fmt.Sprintf("%08x-%04x-4000-8000-", run>>16&0xffffffff, run&0xffff)
}

// ID returns the id of event number n of this run.
func (t *Traffic) ID(n int) string { return fmt.Sprintf("%s%012x", t.prefix, n) }

// Number returns which event of this run has the id; false for one of somebody else.
func (t *Traffic) Number(id []byte) (int, bool) {
	if len(id) != idLen || string(id[:len(t.prefix)]) != t.prefix {
		return 0, false
	}
	n := 0
	for _, c := range id[len(t.prefix):] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | int(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | int(c-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// Append appends a Redis command that publishes event number n with a shape, detected and published now. It must be called
// in the order of the numbers.
func (t *Traffic) Append(b []byte, n, shapeIndex int, now time.Time) []byte {
	s := &t.shapes[shapeIndex]
	published := now.UnixMilli()
	detected := max(published, t.last[s.key]+1)
	t.last[s.key] = detected
	timeLen := len("1757945000.500")
	if s.bare {
		timeLen = len(bareTime)
	}
	size := idLen + 2*timeLen
	for _, p := range s.parts {
		size += len(p)
	}
	b = append(b, "*3\r\n$7\r\nPUBLISH\r\n$"...)
	b = append(strconv.AppendInt(b, int64(len(s.channel)), 10), "\r\n"...)
	b = append(append(b, s.channel...), "\r\n$"...)
	b = append(strconv.AppendInt(b, int64(size), 10), "\r\n"...)
	b = s.appendTime(append(b, s.parts[0]...), published)
	b = s.appendTime(append(b, s.parts[1]...), detected)
	b = append(append(b, s.parts[2]...), t.prefix...)
	const hex = "0123456789abcdef"
	for shift := 44; shift >= 0; shift -= 4 {
		b = append(b, hex[n>>shift&0xf])
	}
	return append(append(b, s.parts[3]...), "\r\n"...)
}

// bareTime is the producer's ISO form without a zone; it means UTC.
const bareTime = "2006-01-02T15:04:05.000"

// appendTime writes milliseconds since 1970 in the form of the shape.
func (s *shape) appendTime(b []byte, ms int64) []byte {
	if s.bare {
		return time.UnixMilli(ms).UTC().AppendFormat(b, bareTime)
	}
	b = append(strconv.AppendInt(b, ms/1000, 10), '.')
	return append(b, byte('0'+ms/100%10), byte('0'+ms/10%10), byte('0'+ms%10))
}
