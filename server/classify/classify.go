package classify

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/channels"
	"tierboard/server/classify/detection"
	"tierboard/server/classify/feeds"
	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
)

// Config says where sessions come from, what channels carry and what is too much. Start from DefaultConfig.
type Config struct {
	// SessionOf is the exchange calendar: the session at an instant, and the trading day (YYYY-MM-DD) it belongs to. It
	// must be safe for concurrent use. Required.
	SessionOf func(time.Time) (event.Session, string)
	// Channels is the channel table. A name comes before a glob, an earlier glob before a later one.
	Channels []channels.Row
	// MaxBytes is the largest text: 256 KB by default, from 1 KB to 16 MB. The producer's detections have 1 to 3 KB.
	MaxBytes int
	// MaxDepth is the deepest nesting: 24 by default, from 8 to 300.
	MaxDepth int
	// MaxFields is the largest number of fields in an object that is searched: 256 by default, from 32 to 4096.
	MaxFields int
	// MaxBatch is how many entries of a batch are read: 500 by default, from 1 to 10,000. The rest is one Reject.
	MaxBatch int
	// MaxDetails is the size of an event's details in bytes: 16 KB by default, from 256 to 64 KB.
	MaxDetails int
	// MaxAhead is how far in the future a detection may lie, for clocks that differ: 24 hours by default.
	MaxAhead time.Duration
}

// DefaultConfig returns the defaults with the producer's channels; SessionOf is left to set.
func DefaultConfig() Config {
	return Config{
		Channels: channels.Defaults(), MaxBytes: 256 << 10, MaxDepth: 24, MaxFields: 256, MaxBatch: 500, MaxDetails: 16 << 10, MaxAhead: 24 * time.Hour,
	}
}

// Validate reports the first setting that cannot be used, by its name.
func (c *Config) Validate() error {
	if c.SessionOf == nil {
		return errors.New("session_of: missing")
	}
	if len(c.Channels) == 0 {
		return errors.New("channels: missing")
	}
	for _, limit := range [...]struct {
		name          string
		value, lo, hi int
	}{
		{"max_bytes", c.MaxBytes, 1 << 10, 16 << 20},
		{"max_depth", c.MaxDepth, 8, fastjson.MaxDepth},
		{"max_fields", c.MaxFields, 32, 4096},
		{"max_batch", c.MaxBatch, 1, 10_000},
		{"max_details", c.MaxDetails, 256, 64 << 10},
	} {
		if limit.value < limit.lo || limit.value > limit.hi {
			return fmt.Errorf("%s: %d is outside %d to %d", limit.name, limit.value, limit.lo, limit.hi)
		}
	}
	if c.MaxAhead < 0 {
		return fmt.Errorf("max_ahead: %v is negative", c.MaxAhead)
	}
	_, err := channels.NewTable(c.Channels)
	return err
}

// Classifier classifies texts. Its settings never change, and it is safe for concurrent use.
type Classifier struct {
	cfg    Config
	table  channels.Table
	reader loose.Reader
	texts  sync.Pool // of *text, for the memory they have grown
}

// New returns a Classifier; the error names the setting that is wrong. The channel table is copied.
func New(cfg Config) (*Classifier, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	t, err := channels.NewTable(cfg.Channels)
	if err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	cfg.Channels = nil
	return &Classifier{cfg: cfg, table: t, reader: loose.Reader{MaxBytes: cfg.MaxBytes, MaxDepth: cfg.MaxDepth}}, nil
}

// Classify reads one text that arrived on a channel at a time, which must not be zero. It never invents: what is
// missing, unknown or out of range makes a Reject. The payload is not changed and not kept.
func (c *Classifier) Classify(channel string, payload []byte, received time.Time) found.Result {
	out := found.Result{Entries: 1}
	row := c.table.Row(channel)
	switch { // without the memory of a text
	case row == nil:
		out.Refuse(found.NewReject(channel, found.UnknownChannel, "no such channel in the table"))
		return out
	case row.Ignored():
		out.Ignored = true
		return out
	}
	in, _ := c.texts.Get().(*text)
	if in == nil {
		in = &text{c: c, Pass: reading.NewPass(c.cfg.MaxFields, c.cfg.MaxDetails, c.cfg.MaxAhead, c.cfg.SessionOf)}
	}
	in.row, in.Channel, in.Received, in.Out = row, channel, received.UTC().Truncate(time.Millisecond), out
	err := c.reader.Read(payload, in.root)
	out = in.Out
	if len(payload) <= loose.Keep {
		in.reset()
		c.texts.Put(in)
	}
	switch {
	case errors.Is(err, loose.ErrTooLarge):
		out.Refuse(found.NewReject(channel, found.TooLarge, err.Error()))
	case errors.Is(err, loose.ErrTooDeep):
		out.Refuse(found.NewReject(channel, found.TooDeep, err.Error()))
	case err != nil:
		out.Refuse(found.NewReject(channel, found.BadJSON, err.Error()))
	}
	out.Ignored = len(out.Events)+len(out.Outcomes)+len(out.Sessions)+len(out.Health)+len(out.Rejects) == 0
	return out
}

// text is one text on its way through the package.
type text struct {
	reading.Pass
	c   *Classifier
	row *channels.Row

	outer layers.Stack // of a batch, or what may be one
	inner layers.Stack // of the entry being read
}

// reset forgets the text and keeps the memory for the next one.
func (t *text) reset() {
	t.row = nil
	t.Reset()
	t.outer.Reset()
	t.inner.Reset()
}

// root reads the outermost value.
func (t *text) root(v *fastjson.Value) {
	if v.Type() == fastjson.TypeArray { // a bare list is a batch without an envelope
		t.batch(&t.outer, "list", v.GetArray())
		return
	}
	o, r := t.object(v, "text")
	if r != nil {
		t.Out.Refuse(r)
		return
	}
	if t.row.Decode != nil {
		t.own(o)
		return
	}
	if carries, _ := t.carries(o); carries == channels.Detections || carries == channels.Outcomes {
		if s, field, ok := t.openBatch(o); ok {
			t.batch(s, field.Key, field.Value.GetArray())
			return
		}
	}
	t.inner.Push(o)
	t.entry(&t.inner, v)
}

// object lists an object's fields, or rejects it.
func (t *text) object(v *fastjson.Value, name string) (*loose.Object, *found.Reject) {
	o, err := t.Objects.List(v, t.MaxFields)
	switch {
	case err != nil:
		return nil, t.Reject(found.TooWide, "%s: more than %d fields", name, t.MaxFields)
	case o == nil:
		return nil, t.Reject(found.BadShape, "%s: %s, not an object", name, v.Type())
	}
	return o, nil
}

// carries returns what an object is and the type word that says so, "" when the channel decides. The field is marked.
func (t *text) carries(o *loose.Object) (channels.Carries, string) {
	for _, key := range reading.TypeKeys.List() {
		if f := o.Get(key); f != nil {
			if w, ok := channels.WordOf(f.Value); ok {
				f.Used = true
				return w.Carries, w.Text
			}
		}
	}
	return t.row.Carries, ""
}

// openBatch looks for a list of entries in o, or in an envelope inside it. The stack it returns holds what the batch
// says for all of them.
func (t *text) openBatch(o *loose.Object) (*layers.Stack, *loose.Field, bool) {
	s := &t.outer
	for range layers.MaxEnvelopes {
		if o.Has(&reading.SymbolKeys) {
			break // a detection of its own; the list belongs to it
		}
		s.Push(o)
		if f := entries(o); f != nil {
			f.Used = true
			s.Batch = len(s.Layers)
			return s, f, true
		}
		var inner *loose.Object
		for _, key := range batchEnvelopes.List() {
			if f := o.Get(key); f != nil && inner == nil {
				if inner, _ = f.Object(t.MaxFields); inner != nil {
					f.Used = true
				}
			}
		}
		if inner == nil {
			break
		}
		o = inner
	}
	for _, layer := range s.Layers { // no batch after all; entry marks by its own rule
		for i := range layer.Fields() {
			layer.Fields()[i].Used = false
		}
	}
	return nil, nil, false
}

// entries returns the list of entries in o, or nil.
func entries(o *loose.Object) *loose.Field {
	for _, key := range listKeys.List() {
		if f := o.Get(key); f != nil && f.Value.Type() == fastjson.TypeArray {
			return f
		}
	}
	for _, key := range moreListKeys.List() {
		if f := o.Get(key); f != nil && f.Value.Type() == fastjson.TypeArray {
			if items := f.Value.GetArray(); len(items) > 0 && items[0].Type() == fastjson.TypeObject {
				return f
			}
		}
	}
	return nil
}

// batch reads the entries of a batch.
func (t *text) batch(outer *layers.Stack, name string, items []*fastjson.Value) {
	if len(items) == 0 {
		t.Out.Refuse(t.Reject(found.EmptyBatch, "%s: no entries", name))
		return
	}
	if f := outer.Peek(&countKeys); f != nil {
		f.Used = true
		if n, ok := scalar.Number(f.Value); !ok || n != float64(len(items)) {
			t.Out.Flags |= found.CountMismatch
		}
	}
	outer.Freeze()
	t.Out.Entries = min(len(items), t.c.cfg.MaxBatch)
	for i, item := range items[:t.Out.Entries] {
		o, r := t.object(item, fmt.Sprintf("%s[%d]", name, i))
		if r != nil {
			t.Out.Refuse(r)
			continue
		}
		if t.row.Decode != nil {
			t.own(o)
			continue
		}
		outer.Restore()
		t.Rest.Reset()
		t.inner.Reset()
		t.inner.Push(outer.Layers...)
		t.inner.Push(o)
		t.inner.Batch = outer.Batch
		t.entry(&t.inner, item)
	}
	if over := len(items) - t.Out.Entries; over > 0 {
		t.Out.Entries++
		t.Out.Refuse(t.Reject(found.TooMany, "%s: %d entries, of which the last %d were not read", name, len(items), over))
	}
}

// entry reads one thing: the whole text, or one entry of a batch. raw is its value.
func (t *text) entry(s *layers.Stack, raw *fastjson.Value) {
	carries, word := t.carries(s.Layers[len(s.Layers)-1])
	if word == "" && len(s.Layers) > 1 {
		carries, word = t.carries(s.Layers[0])
	}
	var rejected *found.Reject
	switch carries {
	case channels.Detections:
		live := t.row.Live || strings.HasPrefix(word, "streaming_")
		rejected = detection.Read(&t.Pass, s, detection.Origin{Tier: t.row.Tier, Live: live, Raw: raw})
	case channels.Outcomes:
		rejected = feeds.Outcome(&t.Pass, s)
	case channels.Starts, channels.Stops:
		rejected = feeds.Session(&t.Pass, s, carries == channels.Starts)
	case channels.Health:
		rejected = feeds.Health(&t.Pass, s, word)
	case channels.Nothing:
		t.NoteSession(s)
	}
	if rejected != nil {
		t.Out.Refuse(rejected)
	}
}

// own hands an object to the row's own decoder and holds what it returns to the same promises.
func (t *text) own(o *loose.Object) {
	var got found.Result
	t.row.Decode(&channels.Input{Channel: t.Channel, ReceivedAt: t.Received, Object: o}, &got)
	for _, e := range got.Events {
		if e.ReceivedAt.IsZero() {
			e.ReceivedAt = t.Received
		}
		if e.Occurrences == 0 {
			e.Occurrences = 1
		}
		if e.Priority == event.Low {
			e.Priority = event.PriorityOf(e.Confidence)
		}
		if e.Session == "" && !e.DetectedAt.IsZero() {
			e.Session, e.SessionDate = t.c.cfg.SessionOf(e.DetectedAt)
		}
		if err := e.Validate(); err != nil {
			t.Out.Refuse(t.Reject(found.InvalidEvent, "%v", err))
			continue
		}
		t.Out.Events = append(t.Out.Events, e)
	}
	t.Out.Outcomes = append(t.Out.Outcomes, got.Outcomes...)
	t.Out.Sessions = append(t.Out.Sessions, got.Sessions...)
	t.Out.Health = append(t.Out.Health, got.Health...)
	t.Out.Rejects = append(t.Out.Rejects, got.Rejects...)
	t.Out.Flags |= got.Flags
	if got.SessionID != "" {
		t.Out.SessionID = got.SessionID
	}
}
