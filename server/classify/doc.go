// Package classify turns what a producer publishes on a channel into events, outcomes, session edges and health
// samples, or into a Reject that says why it is none of them. It is pure: no I/O, no clock, no logging.
//
// # How a text is read
//
// The channel table (package channels) says what a channel carries; a type word inside the text (event_type, type or
// event) overrules it, so an outcome on a detection channel is still an outcome. A detection may sit in up to four
// envelopes (data, detection, payload, pattern_data, …): they are opened only as long as one of symbol, pattern name
// and confidence is missing and the next one supplies it. All opened objects form one stack in which the innermost field
// wins. A batch is opened into its entries, and what the batch says counts for every entry, except ids.
//
// Every field that was understood is marked. What was not marked becomes the event's details: one flat JSON object,
// bounded in size, with metadata and indicators folded in. Details also carry remarks of our own:
//
//	confidence_percent    true: the confidence came as 0 to 100 and was divided
//	time_zone_assumed     "UTC": the detection time had no zone
//	detected_at_assumed   "received_at": there was no detection time
//	direction_inferred    true: the direction is from the pattern's name
//	pattern_received      the pattern's name as the producer spelled it
//	tier_received         the tier's word as the producer spelled it, when it is none of ours
//	details_cut           true: something was too large to keep
//
// # Times
//
// The innermost time is when it was detected, the outermost when it was published; one time alone is both, unless its
// name says what it is. Epoch seconds, epoch milliseconds and ISO 8601 are read; without a zone they are UTC. A detection
// time that cannot be read, lies before 2000 or more than a day after the text was received makes it a Reject.
//
// # Decisions
//
// 2026-11-23 No default tier. The tier is a word of the producer, else follows from combo fields, the timeframe, the channel or the
// only tier the pattern occurs in; otherwise the text is a Reject. Because: a wrong column is worse than a counted
// reject. Rejected: daily as default. Look again when: producers send tiers for everything.
//
// 2026-11-23 Ids of digits alone never count as pattern_id. Because: the producer's registry numbers its patterns 1 to
// 25, and all detections of one pattern would be one event. A numeric detection_id counts, under a name of its own. Look again when:
// a producer documents numeric pattern ids per detection.
//
// 2026-11-23 A daily run outside of market hours is post_market. Because: daily detections are made after a close, and
// "closed" says nothing about the run; the event's own session stays what the calendar says. Look again when: daily runs before the open are common.
//
// 2026-11-23 Keys are numbered (loose.Vocabulary), and what producers repeat is remembered within bounds: keys, names, tickers, the shape of the
// last text. Because: some forty look-ups in four objects a detection cost more than its parse; a detection of a kilobyte takes 4.5 µs of CPU
// time instead of 7.5. Rejected: asking for the type of a value while its object is listed, as that makes the parser decode it, and
// an id made from the text itself would change. Look again when: the parser gives its numbers' text away and need not be copied from.
package classify
