package demo

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"strings"
	"time"

	"tierboard/server/detect"
	"tierboard/server/market"
)

// Source is the top-level source of every message: it marks the feed as invented.
const Source = "TickStockPL-Demo"

// The producer's channels.
const (
	channelMain           = "tickstock.events.patterns"
	channelDetection      = "tickstock.events.patterns.detection"
	channelOutcomes       = "tickstock.events.patterns.outcomes"
	channelStreaming      = "tickstock:patterns:streaming"
	channelDetected       = "tickstock:patterns:detected"
	channelSessionStarted = "tickstock:streaming:session_started"
	channelSessionStopped = "tickstock:streaming:session_stopped"
	channelHealth         = "tickstock:streaming:health"
)

// duplicateFrom is the confidence from which the producer publishes a streaming detection a second time on channelDetected.
const duplicateFrom = 0.8

// The producer's ways to write a time.
const (
	isoZulu   = "2006-01-02T15:04:05.000Z"
	isoBare   = "2006-01-02T15:04:05.000" // no zone; means UTC
	isoOffset = "2006-01-02T15:04:05.000-07:00"
)

// fields is a JSON object; encoding writes its keys in order, so equal objects give equal bytes.
type fields map[string]any

func (o fields) text() string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string]any(o)); err != nil {
		panic("demo: a message that cannot be written: " + err.Error()) // only a NaN could do that, and no rule makes one
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func epoch(t time.Time) json.Number { return json.Number(epochText(t)) }

// dailyShape picks one of the three shapes in which daily detections come, and writes the detection when its time has come.
func (f *Feed) dailyShape(r *record) (channel string, write func(now time.Time) string) {
	days := 7 + f.rng.IntN(23)
	regime := f.market.Regime()
	indicators := fields{
		"relative_volume": r.RelativeVolume, "rsi": math.Round(r.RSI*10) / 10,
		"relative_strength": math.Round((1+r.ChangePct/20)*100) / 100,
	}
	metadata := func() fields {
		m := r.metadata()
		m["market_regime"] = regime.String()
		return m
	}
	switch u := f.rng.Float64(); {
	case u < 0.5: // nested once, epoch time
		r.name = underscored(r.Pattern)
		return channelMain, func(now time.Time) string {
			r.published = now
			data := fields{
				"symbol": r.Symbol, "pattern": r.name, "confidence": r.Confidence, "flow_id": r.id, "source": "daily", "tier": "daily",
				"timeframe": "1d", "direction": r.Direction.String(), "current_price": r.Price(), "price_change": r.ChangePct,
				"volume": r.Bar.Volume, "expires_at": epoch(now.AddDate(0, 0, days)), "indicators": indicators,
				"levels": labelled(r.Plan), "action": "watch", "description": describe(r.Detection), "metadata": metadata(),
			}
			data.plan(r.Plan)
			return fields{"event_type": "pattern_detected", "source": Source, "timestamp": epoch(now), "data": data}.text()
		}
	case u < 0.8: // nested in payload, as the end-of-day run does
		r.name = joined(r.Pattern)
		run := f.uuid("run", uint64(r.session)) //nolint:gosec // sessions are counted from 0
		return channelDetected, func(now time.Time) string {
			r.published = now
			detail := fields{}
			detail.plan(r.Plan)
			detail["entry_price"] = r.Plan.Entry
			m := metadata()
			m["pattern_id"] = r.id
			return fields{
				"event": "pattern_detected", "timestamp": now.Format(isoZulu), "source": Source, "version": "1.0",
				"payload": fields{
					"symbol": r.Symbol, "pattern": r.name, "timeframe": "1day", "confidence": r.Confidence, "pattern_data": detail,
					"direction": r.Direction.String(), "current_price": r.Price(), "price_change": r.ChangePct, "volume": r.Bar.Volume,
					"indicators": indicators, "levels": labelled(r.Plan), "run_id": run,
					"expiration_date": now.AddDate(0, 0, days).Format(isoZulu), "metadata": m,
				},
			}.text()
		}
	default: // flat, from the registry
		r.name = registered(r.Pattern)
		r.id = r.name + "_" + r.Symbol + "_" + r.id
		return channelDetection, func(now time.Time) string {
			r.published = now
			return fields{
				"event_type": "pattern_detected", "event_id": r.id, "published_at": now.Format(isoZulu), "source": Source,
				"version": "1.0", "pattern_id": registryID(r.Pattern), "pattern_name": r.name, "pattern_category": "pattern",
				"risk_level": "medium", "symbol": r.Symbol, "timestamp": now.Format(isoZulu), "price": r.Price(),
				"price_change": r.ChangePct, "volume": r.Bar.Volume, "direction": r.Direction.String(), "confidence": r.Confidence,
				"confidence_threshold": 0.4, "timeframe": "1D", "signal_strength": r.Confidence, "indicators": indicators,
				"levels": numbers(r.Plan), "expiration_date": now.AddDate(0, 0, days).Format(isoZulu), "metadata": metadata(),
			}.text()
		}
	}
}

// intradayShape picks one of the shapes in which single intraday detections come.
func (f *Feed) intradayShape(r *record) (channel string, write func(now time.Time) string) {
	lasts := time.Duration(60+f.rng.IntN(180)) * time.Minute
	session := f.session.id
	indicators := fields{"relative_volume": r.RelativeVolume, "rsi": math.Round(r.RSI*10) / 10}
	ohlcv := fields{"open": r.Bar.Open, "high": r.Bar.High, "low": r.Bar.Low, "close": r.Bar.Close, "volume": r.Bar.Volume}
	metadata := func() fields {
		m := r.metadata()
		m["pattern_id"], m["session_id"], m["detection_method"] = r.id, session, "streaming"
		return m
	}
	switch u := f.rng.Float64(); {
	case u < 0.7: // nested in detection: what the live producer sends
		other := u < 0.15 // its documented variant
		r.name = joined(r.Pattern)
		return channelStreaming, r.once(func(now time.Time) fields {
			detection := fields{
				"symbol": r.Symbol, "pattern": r.name, "confidence": r.Confidence, "timestamp": now.Format(isoBare),
				"timeframe": r.Timeframe, "direction": r.Direction.String(), "price": r.Price(), "price_change": r.ChangePct,
				"volume": r.Bar.Volume, "parameters": ohlcv, "indicators": indicators,
				"expiration_timestamp": now.Add(lasts).Format(isoBare), "metadata": metadata(),
			}
			if levels := numbers(r.Plan); levels != nil {
				detection["levels"] = levels
			}
			out := fields{"type": "streaming_pattern", "source": Source, "detection": detection, "timestamp": now.Format(isoBare)}
			if other {
				delete(out, "type")
				delete(detection, "parameters")
				delete(detection, "pattern")
				detection["pattern_type"] = r.name
				out["event"], out["session_id"], out["bar_data"] = "streaming_pattern", session, ohlcv
			}
			return out
		})
	case u < 0.85: // nested twice, on the main channel
		r.name = underscored(r.Pattern)
		return channelMain, r.once(func(now time.Time) fields {
			inner := fields{
				"pattern": r.name, "symbol": r.Symbol, "confidence": r.Confidence, "timeframe": r.Timeframe, "current_price": r.Price(),
				"price_change": r.ChangePct, "volume": r.Bar.Volume, "direction": r.Direction.String(), "indicators": indicators,
				"expires_at": epoch(now.Add(lasts)), "metadata": r.metadata(), "source": "intraday",
			}
			if levels := labelled(r.Plan); levels != nil {
				inner["levels"] = levels
				inner.plan(r.Plan)
			}
			return fields{
				"event_type": "pattern_detected", "source": Source, "timestamp": now.Format(isoBare),
				"data": fields{"event_type": "pattern_detected", "flow_id": r.id, "tier": "intraday", "data": inner},
			}
		})
	default: // flat, with an offset time and lower-case name
		r.name = r.Pattern
		return channelStreaming, r.once(func(now time.Time) fields {
			m := metadata()
			maps.Copy(m, ohlcv)
			return fields{
				"event": "pattern_detected", "source": Source, "timestamp": now.In(market.Zone()).Format(isoOffset), "symbol": r.Symbol,
				"pattern_type": r.name, "timeframe": r.Timeframe, "confidence": r.Confidence, "price": r.Price(),
				"price_change": r.ChangePct, "volume": r.Bar.Volume, "direction": r.Direction.String(), "indicators": indicators,
				"expiration_timestamp": now.In(market.Zone()).Add(lasts).Format(isoOffset), "metadata": m,
			}
		})
	}
}

// batchShape is several weak detections in one message, in one of the two ways batches come.
func (f *Feed) batchShape(rs []*record) func(now time.Time) string {
	wrapped := f.rng.Float64() < 0.3
	session := f.session.id
	for _, r := range rs {
		r.name = spaced(r.Pattern)
	}
	return func(now time.Time) string {
		list := make([]any, len(rs))
		for i, r := range rs {
			r.published = now
			m := r.metadata()
			m["pattern_id"], m["session_id"] = r.id, session
			one := fields{
				"symbol": r.Symbol, "pattern": r.name, "confidence": r.Confidence, "timestamp": now.Format(isoBare),
				"timeframe": r.Timeframe, "direction": r.Direction.String(), "price": r.Price(), "price_change": r.ChangePct,
				"volume": r.Bar.Volume, "indicators": fields{"relative_volume": r.RelativeVolume, "rsi": math.Round(r.RSI*10) / 10},
				"source": Source, "metadata": m,
			}
			list[i] = one
			if wrapped {
				list[i] = fields{"detection": one}
			}
		}
		kind := "streaming_patterns_batch"
		if wrapped {
			kind = "patterns_batch"
		}
		return fields{"type": kind, "source": Source, "count": len(list), "batch_timestamp": epoch(now), "patterns": list}.text()
	}
}

// comboShape is a combination with the ids of both its sides.
func (f *Feed) comboShape(r, setup, trigger *record, correlation float64) func(now time.Time) string {
	r.name = underscored(r.Pattern)
	asNumbers := f.rng.Float64() < 0.5
	return func(now time.Time) string {
		r.published = now
		data := fields{
			"symbol": r.Symbol, "pattern": r.name, "tier": "combo", "timeframe": "combo", "confidence": r.Confidence, "flow_id": r.id,
			"direction": r.Direction.String(), "current_price": r.Price(), "price_change": r.ChangePct, "volume": r.Bar.Volume,
			"expires_at": epoch(now.Add(6 * time.Hour)), "indicators": fields{"relative_volume": r.RelativeVolume},
			"daily_context": fields{
				"id": setup.id, "pattern": setup.name, "confidence": setup.Confidence, "detected_at": setup.published.Format(isoZulu),
			},
			"intraday_trigger": fields{
				"id": trigger.id, "pattern": trigger.name, "confidence": trigger.Confidence,
				"detected_at": trigger.published.Format(isoZulu), "timeframe": trigger.Timeframe,
			},
			"correlation_strength": correlation, "levels": labelled(r.Plan), "metadata": r.metadata(),
			"description": describe(setup.Detection) + "; then " + describe(trigger.Detection),
		}
		if asNumbers {
			data["levels"] = numbers(r.Plan)
		}
		data.plan(r.Plan)
		return fields{"event_type": "pattern_detected", "source": Source, "timestamp": epoch(now), "data": data}.text()
	}
}

// once writes the message and keeps its text for the second copy.
func (r *record) once(build func(now time.Time) fields) func(now time.Time) string {
	return func(now time.Time) string {
		r.published = now
		r.payload = build(now).text()
		return r.payload
	}
}

// metadata is what every detection carries: that it is invented, and its place in simulated time.
func (r *record) metadata() fields {
	return fields{"invented": true, "simulated_bar_time": r.bar.Format(time.RFC3339), "bar_minutes": int(r.Bar.Span.Minutes())}
}

// plan adds the trade plan's fields to the object that holds the detection; a neutral detection has none.
func (o fields) plan(p detect.Plan) {
	if len(p.Targets) == 0 {
		return
	}
	o["stop_loss"] = p.Stop
	o["target_price"] = p.Targets[len(p.Targets)-1]
	o["risk_reward_ratio"] = math.Round(p.Reward()*10) / 10
}

// numbers is the plan as a bare list of prices: entry, stop, targets; nil without a plan.
func numbers(p detect.Plan) []float64 {
	if len(p.Targets) == 0 {
		return nil
	}
	return append([]float64{p.Entry, p.Stop}, p.Targets...)
}

// labelled is the plan as a list of objects that say what each price is; nil without a plan.
func labelled(p detect.Plan) []fields {
	if len(p.Targets) == 0 {
		return nil
	}
	out := []fields{{"type": "entry", "value": p.Entry}, {"type": "stop", "value": p.Stop}}
	for _, t := range p.Targets {
		out = append(out, fields{"type": "target", "value": t})
	}
	return out
}
