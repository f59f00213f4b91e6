package demo

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"tierboard/server/detect"
	"tierboard/server/market"
)

// DefaultSpeed is two simulated minutes a second: a session lasts three and a quarter minutes and brings some two intraday
// detections a second and a combination every fifteen seconds or so.
const DefaultSpeed = 2.0

const (
	historySessions = 90 // for the daily rules; the last of them is played minute by minute
	openingSessions = 3  // of history, whose daily detections the feed begins with
	healthEvery     = 10 * time.Second
	dayHorizon      = 1 // outcomes are told after one session and after five
	weekHorizon     = 5
)

// FeedConfig says what a feed holds.
type FeedConfig struct {
	// Seed chooses everything random; any value is fine.
	Seed uint64
	// Speed is how many simulated minutes pass in a second, 0.1 to 1000; 0 means [DefaultSpeed].
	Speed float64
	// Run goes into every id, at most 64 bytes; feeds of one archive want different ones.
	Run string
}

// Validate reports the first field that is out of range, by name.
func (c FeedConfig) Validate() error {
	if c.Speed != 0 && !(c.Speed >= 0.1 && c.Speed <= 1000) {
		return fmt.Errorf("speed: %v is outside 0.1..1000 simulated minutes a second", c.Speed)
	}
	if len(c.Run) > 64 {
		return fmt.Errorf("run: %d bytes, at most 64", len(c.Run))
	}
	return nil
}

// Step is one message of the feed.
type Step struct {
	// Delay is how long after the step before it is due.
	Delay time.Duration
	// Channel is the Redis channel it goes to.
	Channel string
	// Payload is the JSON text to publish.
	Payload string
}

// Feed is the demonstration without Redis and without a clock. It never ends, and belongs to one goroutine.
type Feed struct {
	cfg      FeedConfig
	market   *market.Market
	symbols  []string
	scanners []*detect.Scanner
	book     detect.Book
	rng      *rand.Rand // shapes and moments; the market has its own numbers
	minute   time.Duration

	queue    []draft       // in order of their moment
	until    time.Duration // up to here the market has been simulated
	position time.Duration // of the last step taken

	ids     uint64
	setups  map[string]*record // open daily detections by the id they were published with
	pending []*record          // whose outcomes are still to be told: five sessions' worth, a few hundred
	session session
	health  time.Duration // when the next health message is due
	samples int
}

// draft is a message that is due at a moment of the feed and written when that moment has come.
type draft struct {
	at      time.Duration
	channel string
	write   func(now time.Time) string
}

// record is a detection on its way through the feed.
type record struct {
	detect.Detection
	id        string
	tier      string
	name      string // of the pattern, as it was published
	symbol    int    // index in the listing
	session   int    // number
	bar       time.Time
	published time.Time // zero until it was
	payload   string
	told      int // the longest horizon whose outcome was told
}

// session is what the streaming messages count.
type session struct {
	id         string
	began      time.Duration
	bars       int
	detections int
}

// NewFeed draws the market's history and the messages the feed begins with.
func NewFeed(cfg FeedConfig) (*Feed, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	if cfg.Speed == 0 {
		cfg.Speed = DefaultSpeed
	}
	m, err := market.New(market.Config{Seed: cfg.Seed, History: historySessions - 1})
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	f := &Feed{
		cfg: cfg, market: m, symbols: m.Symbols(), setups: map[string]*record{},
		rng:    rand.New(rand.NewPCG(cfg.Seed, 0x66656564)), //nolint:gosec // a simulation, not a secret
		minute: time.Duration(float64(time.Second) / cfg.Speed),
	}
	for i, s := range f.symbols {
		days := m.Daily(i)
		f.scanners = append(f.scanners, detect.NewScanner(s, days[len(days)-1].Close))
	}
	f.warmUp()
	f.begin()
	return f, nil
}

// warmUp plays one session to the scanners and forgets what they find: without averages the intraday column would stay empty for
// the first minutes of a demonstration.
func (f *Feed) warmUp() {
	for range market.SessionMinutes {
		for i, b := range f.market.Next().Bars {
			f.scanners[i].Minute(b)
		}
	}
	for _, s := range f.scanners {
		s.EndSession()
	}
}

// Delay returns how long after the last step taken the next one is due.
func (f *Feed) Delay() time.Duration {
	// A message that trails its minute (the second copy of a detection) must not overtake what the next minute brings.
	for len(f.queue) == 0 || f.queue[0].at >= f.until {
		f.simulate()
	}
	return f.queue[0].at - f.position
}

// Next takes the next step, stamped with the time at which the caller is going to publish it. Times must not go back.
func (f *Feed) Next(now time.Time) Step {
	step := Step{Delay: f.Delay()}
	d := f.queue[0]
	f.queue[0] = draft{}
	f.queue = f.queue[1:]
	f.position = d.at
	// Milliseconds are what every shape of the producer can carry.
	step.Channel, step.Payload = d.channel, d.write(now.UTC().Truncate(time.Millisecond))
	return step
}

// Steps yields the feed's steps without waiting, stamped as if it had been started at the given time. It ends when the loop does.
func (f *Feed) Steps(start time.Time) iter.Seq[Step] {
	return func(yield func(Step) bool) {
		for {
			start = start.Add(f.Delay())
			if !yield(f.Next(start)) {
				return
			}
		}
	}
}

// add puts a message into the queue, behind those that are due at the same moment.
func (f *Feed) add(at time.Duration, channel string, write func(now time.Time) string) {
	i, _ := slices.BinarySearchFunc(f.queue, at, func(d draft, at time.Duration) int {
		if d.at <= at {
			return -1
		}
		return 1
	})
	f.queue = slices.Insert(f.queue, i, draft{at, channel, write})
}

// begin is the first two seconds: the daily detections of the last closed sessions, and how the older of them turned out.
func (f *Feed) begin() {
	last := f.market.Number() // the session just played is closed, the next one has not begun
	at := 50 * time.Millisecond
	for back := openingSessions - 1; back >= 0; back-- {
		at = f.daily(at, 30*time.Millisecond, last-back, back)
	}
	at = f.outcomes(at+100*time.Millisecond, 20*time.Millisecond, last)
	f.until = at
	f.health = at + healthEvery/5
	f.openSession()
}

// simulate draws the next minute of the market and, after the last one of a session, the break between two.
func (f *Feed) simulate() {
	start := f.until
	f.until += f.minute
	tick := f.market.Next()
	var found []*record
	for i, b := range tick.Bars {
		for _, d := range f.scanners[i].Minute(b) {
			found = append(found, f.record(d, "intraday", i, f.market.Number()))
		}
	}
	f.session.bars += len(tick.Bars)
	f.session.detections += len(found)
	f.intraday(start, found)
	for ; f.health < f.until; f.health += healthEvery {
		f.addHealth(f.health)
	}
	if tick.Closed {
		f.rest()
	}
}

// rest is the break after a session: daily rules, outcomes, and the start of the next one. It lasts eight seconds at the default
// speed.
func (f *Feed) rest() {
	for _, s := range f.scanners {
		s.EndSession()
	}
	number := f.market.Number()
	f.book.Expire(number)
	for id, r := range f.setups {
		if number-r.session > 2*weekHorizon {
			delete(f.setups, id)
		}
	}
	length := max(time.Second, min(10*time.Second, time.Duration(float64(16*time.Second)/f.cfg.Speed)))
	f.closeSession(f.until + length/40)
	at := f.daily(f.until+length/16, length/100, number, 0)
	f.outcomes(at+length/50, length/400, number)
	// On a busy day the outcomes trail into the next session, as they do in the field; the daily detections never do, because
	// combinations refer to them.
	f.until = max(f.until+length, at)
	f.openSession()
}

// daily runs the daily rules on the sessions up to the one that lies back sessions behind the newest closed one, and spreads the
// messages. It returns the moment after the last of them.
func (f *Feed) daily(at, gap time.Duration, number, back int) time.Duration {
	for i, s := range f.symbols {
		days := f.market.Daily(i)
		for _, d := range detect.Daily(s, days[:len(days)-back]) {
			r := f.record(d, "daily", i, number)
			channel, write := f.dailyShape(r)
			f.add(at, channel, write)
			f.setups[r.id] = r // after the shape, which has a say in the id
			f.pending = append(f.pending, r)
			f.book.Add(detect.Setup{ID: r.id, Detection: d, Session: number})
			at += gap
		}
	}
	return at
}

// intraday spreads a minute's detections over its length, each followed by the combination it completes, if any.
func (f *Feed) intraday(start time.Duration, found []*record) {
	var alone []*record
	for _, r := range found {
		at := start + time.Duration(f.rng.Float64()*float64(f.minute))
		if r.Confidence >= duplicateFrom {
			f.pending = append(f.pending, r)
		}
		combo, ok := f.book.Match(r.Detection, r.session)
		if ok {
			f.stream(at, r)
			f.combo(at+time.Duration(20+f.rng.IntN(80))*time.Millisecond, combo, r)
			continue
		}
		if r.Confidence < duplicateFrom {
			alone = append(alone, r)
			continue
		}
		f.stream(at, r)
	}
	if len(alone) >= 3 && f.rng.Float64() < 0.3 {
		n := min(len(alone), 5)
		f.add(start+time.Duration(f.rng.Float64()*float64(f.minute)), channelStreaming, f.batchShape(alone[:n]))
		alone = alone[n:]
	}
	for _, r := range alone {
		f.stream(start+time.Duration(f.rng.Float64()*float64(f.minute)), r)
	}
}

// stream publishes one intraday detection, and once more on the second channel when it is strong, as the producer does.
func (f *Feed) stream(at time.Duration, r *record) {
	channel, write := f.intradayShape(r)
	f.add(at, channel, write)
	if r.Confidence >= duplicateFrom && channel == channelStreaming {
		again := at + time.Duration(3+f.rng.IntN(15))*time.Millisecond
		f.add(again, channelDetected, func(time.Time) string { return r.payload })
	}
}

// combo publishes a combination that names its two sides by their ids.
func (f *Feed) combo(at time.Duration, c detect.Combo, trigger *record) {
	setup, ok := f.setups[c.Setup.ID]
	if !ok {
		return // the book keeps setups for fewer sessions than the feed does, so this does not happen
	}
	d := trigger.Detection
	d.Pattern, d.Timeframe, d.Confidence = c.Pattern, "combo", c.Confidence
	d.Plan = setup.Plan
	r := f.record(d, "combo", trigger.symbol, trigger.session)
	f.session.detections++
	f.pending = append(f.pending, r)
	f.add(at, channelMain, f.comboShape(r, setup, trigger, c.Correlation))
}

func (f *Feed) record(d detect.Detection, tier string, symbol, number int) *record {
	f.ids++
	return &record{Detection: d, tier: tier, symbol: symbol, session: number, bar: d.At, id: f.uuid("detection", f.ids)}
}

// uuid names the n-th thing of a kind: the same for the same seed and run.
func (f *Feed) uuid(kind string, n uint64) string {
	b := binary.BigEndian.AppendUint64(nil, f.cfg.Seed)
	b = binary.BigEndian.AppendUint64(b, n)
	b = append(append(append(b, kind...), 0), f.cfg.Run...)
	return uuid.NewSHA1(uuid.NameSpaceOID, b).String()
}

// outcomes tells how the detections turned out whose horizon has passed with the session of the given number.
func (f *Feed) outcomes(at, gap time.Duration, number int) time.Duration {
	for _, r := range f.pending {
		for _, horizon := range []int{dayHorizon, weekHorizon} {
			if r.told < horizon && number-r.session >= horizon {
				r.told = horizon
				f.add(at, channelOutcomes, f.outcomeShape(r, number, horizon))
				at += gap
			}
		}
	}
	f.pending = slices.DeleteFunc(f.pending, func(r *record) bool { return r.told >= weekHorizon })
	return at
}

// result returns what the price did from the detection to the close of the session that lies horizon sessions later, as a part
// of the price. Number is the newest closed session.
func (f *Feed) result(r *record, number, horizon int) float64 {
	days := f.market.Daily(r.symbol)
	end := days[len(days)-1-(number-r.session-horizon)].Close
	return end/r.Price() - 1
}

func (f *Feed) openSession() {
	f.ids++
	id := f.uuid("session", f.ids)
	f.session = session{id: id, began: f.until}
	f.health = max(f.health, f.until)
	f.add(f.until-time.Millisecond, channelSessionStarted, func(now time.Time) string { return f.sessionStarted(id, now) })
}

func (f *Feed) closeSession(at time.Duration) {
	s := f.session
	f.add(at, channelSessionStopped, func(now time.Time) string { return sessionStopped(s, now) })
}

func (f *Feed) addHealth(at time.Duration) {
	f.samples++
	n, s := f.samples, f.session
	f.add(at, channelHealth, func(now time.Time) string { return f.healthShape(s, at-s.began, n, now) })
	if n%3 == 0 {
		f.add(at+400*time.Millisecond, channelHealth, func(now time.Time) string { return emptyHealth(s.id, now) })
	}
}

// epochText returns t as epoch seconds with milliseconds, the producer's float form.
func epochText(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)
}
