package job

import (
	"bufio"
	"bytes"
	"fmt"
	"time"

	"tierboard/e2e/peer/resp"
	"tierboard/server/classify"
	"tierboard/shared/event"
)

// Ready returns an event of each shape as our server makes it of the producer's text, so that a server which only delivers
// need not do that while it is measured.
func (j *Job) Ready() ([]*event.Event, error) {
	cfg := classify.DefaultConfig()
	// Every event is in a regular session, at whatever hour this runs.
	cfg.SessionOf = func(time.Time) (event.Session, string) { return event.Regular, "2026-11-23" }
	classifier, err := classify.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("classifier: %w", err)
	}
	var events []*event.Event
	for i := range j.Traffic.Shapes() {
		now := time.Now()
		parts, _, err := resp.Read(bufio.NewReader(bytes.NewReader(j.Traffic.Append(nil, i, i, now))), nil)
		if err != nil {
			return nil, err
		}
		result := classifier.Classify(string(parts[1]), parts[2], now)
		if len(result.Events) != 1 {
			return nil, fmt.Errorf("the text %.200q holds %d events", parts[2], len(result.Events))
		}
		e := result.Events[0]
		e.Seq = uint64(i + 1)
		events = append(events, e)
	}
	return events, nil
}

// Number returns which event of the job a text of the producer's is about, and the event's id. The id is the text's last
// string.
func (j *Job) Number(text []byte) (n int, id []byte, err error) {
	end := max(bytes.LastIndexByte(text, '"'), 0)
	id = text[bytes.LastIndexByte(text[:end], '"')+1 : end]
	n, ok := j.Traffic.Number(id)
	if !ok || n >= len(j.Shapes) {
		return 0, nil, fmt.Errorf("the text %.200q is not of this job", text)
	}
	return n, id, nil
}
