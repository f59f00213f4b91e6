package wire

import (
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire/pack"
)

// AppendEvent appends one event in the given format. The bytes depend on the event alone, so they are made once and
// shared by every session and every batch.
func AppendEvent(buf []byte, e *event.Event, f Format) []byte {
	w := writer{pack.New(buf, f)}
	w.event("", e)
	return w.Bytes()
}

// event writes one event as a map.
func (w *writer) event(key string, e *event.Event) {
	w.Map(key)
	w.Str("kind", string(e.Kind))
	w.Str("id", e.ID)
	w.Uint("seq", e.Seq)
	w.OptStr("tier", e.Tier.String())
	w.OptStr("symbol", e.Symbol)
	w.OptStr("pattern_type", e.Pattern)
	w.OptStr("pattern_label", e.Label)
	w.OptStr("timeframe", e.Timeframe)
	w.OptStr("direction", string(e.Direction))
	w.Float("confidence", e.Confidence)
	w.Str("priority", e.Priority.String())
	w.Time("detected_at", e.DetectedAt)
	w.OptTime("published_at", e.PublishedAt)
	w.OptTime("received_at", e.ReceivedAt)
	w.OptTime("expires_at", e.ExpiresAt)
	w.OptStr("session", string(e.Session))
	w.OptStr("session_date", e.SessionDate)
	w.optNumber("price", e.Price)
	w.optNumber("price_change_pct", e.ChangePct)
	w.optNumber("volume", e.Volume)
	w.optNumber("relative_volume", e.RelativeVolume)
	w.levels(e.Levels)
	if e.Occurrences > 0 {
		w.Int("occurrences", e.Occurrences)
	}
	w.OptStr("source", e.Source)
	if e.Daily != nil {
		w.OptStr("market_session", string(e.Daily.MarketSession))
	}
	if e.Intraday != nil {
		w.Bool("real_time", e.Intraday.RealTime)
	}
	if e.Combo != nil {
		w.optNumber("correlation_strength", e.Combo.Correlation)
		w.link("daily_context", e.Combo.Setup)
		w.link("intraday_trigger", e.Combo.Trigger)
	}
	if len(e.Facets) > 0 {
		w.Map("facets")
		for _, d := range sortedDims(e.Facets) {
			w.Str(string(d), e.Facets[d])
		}
		w.End()
	}
	if e.Details != "" {
		w.JSONValue("details", e.Details)
	}
	w.End()
}

// optNumber writes a number unless it is absent.
func (w *writer) optNumber(key string, n event.Number) {
	if v, ok := n.Get(); ok {
		w.Float(key, v)
	}
}

// levels writes the price levels unless there are none.
func (w *writer) levels(ls []event.Level) {
	if len(ls) == 0 {
		return
	}
	w.Array("levels")
	for _, l := range ls {
		w.Map("")
		w.Str("kind", l.Kind)
		w.Float("price", l.Price)
		w.OptStr("label", l.Label)
		w.End()
	}
	w.End()
}

// link writes a combo's reference unless there is none.
func (w *writer) link(key string, l *event.Link) {
	if l == nil {
		return
	}
	w.Map(key)
	w.OptStr("id", l.ID)
	w.Str("link", string(l.Kind))
	w.OptStr("pattern_type", l.Pattern)
	w.OptStr("pattern_label", l.Label)
	w.OptStr("timeframe", l.Timeframe)
	w.optNumber("confidence", l.Confidence)
	w.OptTime("detected_at", l.DetectedAt)
	w.OptStr("session_date", l.SessionDate)
	if l.Details != "" {
		w.JSONValue("details", l.Details)
	}
	w.End()
}

// filter writes a filter as a map with only the keys that restrict something.
func (w *writer) filter(f *filter.Filter) {
	w.Map("")
	w.Strs("kinds", words(f.Kinds))
	if len(f.Tiers) > 0 {
		w.Array("tiers")
		for _, t := range f.Tiers {
			w.Str("", t.String())
		}
		w.End()
	}
	w.Strs("pattern_types", f.Patterns)
	w.Strs("symbols", f.Symbols)
	w.Strs("exclude_symbols", f.ExcludeSymbols)
	w.Strs("timeframes", f.Timeframes)
	w.Strs("sessions", words(f.Sessions))
	w.Strs("directions", words(f.Directions))
	if f.ConfidenceMin > 0 {
		w.Float("confidence_min", f.ConfidenceMin)
	}
	if f.ConfidenceMax > 0 {
		w.Float("confidence_max", f.ConfidenceMax)
	}
	if f.PriorityMin > event.Low {
		w.Str("priority_min", f.PriorityMin.String())
	}
	for _, d := range sortedDims(f.Extra) {
		w.Strs(string(d)+"s", f.Extra[d])
	}
	w.End()
}
