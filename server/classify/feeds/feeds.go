// Package feeds reads what producers send besides detections: outcomes, the begin and end of streaming sessions, and health samples, each
// in every shape it has been seen in.
//
// A reader is given one pass and the stack of the object, of which it opens the envelopes itself. What it finds goes into the pass; its
// Reject tells why there is nothing.
package feeds

import (
	"math"
	"strings"
	"time"

	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/pattern"
)

// Outcome reads one outcome.
func Outcome(p *reading.Pass, s *layers.Stack) *found.Reject {
	if err := s.Open(&outcomeEnvelopes, p.MaxFields, nil); err != nil {
		return p.TooWide()
	}
	s.OpenSide(p.MaxFields, &reading.MetadataKeys)
	o := found.Outcome{Source: s.Text(event.MaxText, &reading.SourceKeys)}
	// event_id names the outcome itself, and a number in pattern_id the pattern.
	for _, key := range outcomeRefKeys.List() {
		s.EachOne(true, key, func(f *loose.Field) bool {
			id := reading.IDOf(f.Key, f.Value)
			if id != "" {
				o.Refs = append(o.Refs, id)
			}
			return id != ""
		})
	}
	if f := s.Peek(&reading.SymbolKeys); f != nil {
		symbol, ok := scalar.Text(f.Value, event.MaxText)
		if o.Symbol = filter.Symbol(symbol); !ok || len(o.Symbol) > event.MaxSymbol {
			return p.Reject(found.BadSymbol, "%s: must be text of at most %d bytes", f.Key, event.MaxSymbol)
		}
	}
	o.Pattern = pattern.Slug(s.Text(event.MaxText, &reading.NameKeys))
	if f := s.Peek(&reading.DetectedKeys); f != nil {
		at, _, err := p.Moment(f, p.Latest())
		if err != nil {
			return p.BadTime(f, err)
		}
		o.DetectedAt = at
	}
	if len(o.Refs) == 0 && (o.Symbol == "" || o.Pattern == "" || o.DetectedAt.IsZero()) {
		return p.Reject(found.NoOutcome, "detection_id: missing, and symbol, pattern_name and detection_timestamp are not all there")
	}
	o.CalculatedAt = p.OptionalTime(s, p.Latest(), &calculatedKeys)

	told := false
	for h, name := range found.HorizonNames() {
		// A null means "not known yet", which is worth telling apart from a text that is no outcome.
		for _, layer := range s.Layers {
			for _, f := range layer.Fields() {
				told = told || f.In(&outcomeValueKeys[h])
			}
		}
		if f := s.Peek(&outcomeValueKeys[h]); f != nil {
			x, ok := f.Number()
			if !ok || math.Abs(x) > reading.Largest {
				return p.Reject(found.BadOutcome, "outcome_%s: %s is no number", name, f.Value.MarshalTo(nil))
			}
			o.Horizons[h].Value = event.Num(x)
		}
		if f := s.Peek(&outcomeResultKeys[h]); f != nil {
			if ok, is := scalar.Bool(f.Value); is {
				o.Horizons[h].Success = &ok
			}
		}
	}
	if !told {
		return p.Reject(found.NoOutcome, "outcome_1d, outcome_5d, outcome_30d: none is there")
	}
	p.Out.Outcomes = append(p.Out.Outcomes, o)
	return nil
}

// Session reads the begin or end of a streaming session, in any of its three shapes.
func Session(p *reading.Pass, s *layers.Stack, started bool) *found.Reject {
	if err := s.Open(&sessionEnvelopes, p.MaxFields, nil); err != nil {
		return p.TooWide()
	}
	id := p.NoteSession(s)
	if id == "" {
		return p.Reject(found.NoSession, "session_id: missing")
	}
	x := found.SessionEdge{
		ID: id, Started: started, At: p.Received,
		Universe:   s.Text(event.MaxText, &universeKeys),
		Symbols:    s.Number(false, 0, reading.Largest, &symbolCountKeys),
		Status:     strings.ToLower(s.Text(64, &finalStatusKeys)),
		Reason:     s.Text(event.MaxText, &reasonKeys),
		Trigger:    s.Text(64, &triggerTypeKeys),
		Patterns:   s.Number(false, 0, reading.Largest, &sessionPatternKeys),
		Indicators: s.Number(false, 0, reading.Largest, &sessionIndicatorKeys),
		Bars:       s.Number(false, 0, reading.Largest, &sessionBarKeys),
		Source:     s.Text(event.MaxText, &reading.SourceKeys),
	}
	keys := &stopKeys
	if started {
		keys = &startKeys
	}
	if f := s.Peek(keys); f != nil {
		at, _, err := p.Moment(f, p.Latest())
		if err != nil {
			return p.BadTime(f, err)
		}
		x.At = at
	}
	const longest = 1e9 // seconds; some thirty years, and no overflow
	if sec, ok := s.Number(false, 0, longest, &durationSecondKeys).Get(); ok {
		x.Duration = time.Duration(sec * float64(time.Second))
	} else if minutes, ok := s.Number(false, 0, longest/60, &durationMinuteKeys).Get(); ok {
		x.Duration = time.Duration(minutes * float64(time.Minute))
	}
	p.Out.Sessions = append(p.Out.Sessions, x)
	return nil
}

// Health reads a health sample, in any of its shapes. word is the type word, if there was one.
func Health(p *reading.Pass, s *layers.Stack, word string) *found.Reject {
	if err := s.Open(&healthEnvelopes, p.MaxFields, nil); err != nil {
		return p.TooWide()
	}
	id := p.NoteSession(s)
	h := found.HealthSample{
		Streaming: !strings.HasPrefix(word, "system_") && (word != "" || id != "" || strings.Contains(p.Channel, "streaming")),
		SessionID: id,
		Component: s.Text(64, &componentKeys),
		Status:    strings.ToLower(s.Text(64, &healthStatusKeys)),
		Source:    s.Text(event.MaxText, &reading.SourceKeys),
		At:        p.Received,
	}
	if f := s.Peek(&reading.TimestampKeys); f != nil {
		at, _, err := p.Moment(f, p.Latest())
		if err != nil {
			return p.BadTime(f, err)
		}
		h.At = at
	}
	h.Issues = issues(s)
	s.OpenSide(p.MaxFields, &healthSideKeys)
	num := func(keys *loose.Keys) event.Number { return s.Number(true, 0, reading.Largest, keys) }
	h.ActiveSymbols = num(&activeSymbolKeys)
	h.StaleSymbols = s.Number(true, 0, reading.Largest, &staleSymbolKeys)
	h.TicksPerSecond, h.BarsPerMinute = num(&tickRateKeys), num(&barRateKeys)
	h.EventsPerSecond = num(&eventRateKeys)
	h.LagMillis = num(&lagKeys)
	h.CPUPercent = num(&cpuKeys)
	h.MemoryPercent, h.MemoryMB = num(&memoryPercentKeys), num(&memoryKeys)
	h.Patterns, h.Indicators = num(&patternCountKeys), num(&indicatorKeys)
	h.Errors = num(&errorKeys)
	h.Reconnects, h.Connections = num(&reconnectKeys), num(&connectionKeys)
	h.UptimeSeconds = num(&uptimeKeys)

	activity, quiet := 0, 0
	for _, n := range [...]event.Number{h.ActiveSymbols, h.TicksPerSecond, h.BarsPerMinute} {
		if x, ok := n.Get(); ok {
			activity++
			if x == 0 {
				quiet++
			}
		}
	}
	h.Zero = activity > 0 && quiet == activity
	numbers := activity
	for _, n := range [...]event.Number{h.EventsPerSecond, h.CPUPercent, h.MemoryPercent, h.MemoryMB, h.Patterns, h.Indicators, h.Errors, h.UptimeSeconds, h.Connections} {
		if !n.IsZero() {
			numbers++
		}
	}
	if h.Status == "" && numbers == 0 {
		return p.Reject(found.NoHealth, "status: missing, and no figures either")
	}
	p.Out.Health = append(p.Out.Health, h)
	return nil
}

// issues takes the producer's list of complaints.
func issues(s *layers.Stack) []string {
	const longest = 16
	var out []string
	s.Each(false, &issueKeys, func(f *loose.Field) bool {
		for _, item := range f.Value.GetArray() {
			if text, ok := scalar.Text(item, event.MaxText); ok && text != "" && len(out) < longest {
				out = append(out, text)
			}
		}
		return true
	})
	return out
}
