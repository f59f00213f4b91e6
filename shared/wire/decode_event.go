package wire

import "tierboard/shared/event"

// event reads one event. Which detail it gets follows from its tier, so that an event of an unknown kind or tier still
// decodes and can be skipped by whoever does not know it.
func (c *cursor) event() *event.Event {
	e := &event.Event{}
	var d eventDetail
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "kind":
			e.Kind = event.Kind(c.Str())
		case "id":
			e.ID = c.Str()
		case "seq":
			e.Seq = c.Uint()
		case "tier":
			e.Tier, _ = event.ParseTier(c.Str())
		case "symbol":
			e.Symbol = c.Str()
		case "pattern_type":
			e.Pattern = c.Str()
		case "pattern_label":
			e.Label = c.Str()
		case "timeframe":
			e.Timeframe = c.Str()
		case "direction":
			e.Direction = event.Direction(c.Str())
		case "confidence":
			e.Confidence = c.Float()
		case "priority":
			e.Priority, _ = event.ParsePriority(c.Str())
		case "detected_at":
			e.DetectedAt = c.Time()
		case "published_at":
			e.PublishedAt = c.Time()
		case "received_at":
			e.ReceivedAt = c.Time()
		case "expires_at":
			e.ExpiresAt = c.Time()
		case "session":
			e.Session = event.Session(c.Str())
		case "session_date":
			e.SessionDate = c.Str()
		case "source":
			e.Source = c.Str()
		case "occurrences":
			e.Occurrences = c.Int()
		case "facets":
			n := c.MapLen()
			e.Facets = make(map[event.Dim]string, min(n, 64))
			for range n {
				if c.Bad() {
					break
				}
				if k := c.Str(); !c.Null() {
					e.Facets[event.Dim(k)] = c.Str()
				}
			}
		default:
			return c.eventNumber(e, key) || c.eventDetail(&d, key)
		}
		return true
	})
	if e.Kind == "" {
		e.Kind = event.Pattern
	}
	d.attach(e)
	return e
}

// eventNumber reads the optional numbers, levels and details.
func (c *cursor) eventNumber(e *event.Event, key []byte) bool {
	switch string(key) {
	case "price":
		e.Price = event.Num(c.Float())
	case "price_change_pct":
		e.ChangePct = event.Num(c.Float())
	case "volume":
		e.Volume = event.Num(c.Float())
	case "relative_volume":
		e.RelativeVolume = event.Num(c.Float())
	case "levels":
		n := c.ArrayLen()
		e.Levels = make([]event.Level, 0, n)
		for range n {
			if c.Bad() {
				break
			}
			e.Levels = append(e.Levels, c.level())
		}
	case "details":
		e.Details = string(c.AppendJSON(nil, 0))
	default:
		return false
	}
	return true
}

// eventDetail collects the fields that only one tier has.
type eventDetail struct {
	marketSession event.Session
	realTime      bool
	combo         event.ComboDetail
}

// attach gives e the detail of its tier.
func (d *eventDetail) attach(e *event.Event) {
	switch e.Tier {
	case event.Daily:
		e.Daily = &event.DailyDetail{MarketSession: d.marketSession}
	case event.Intraday:
		e.Intraday = &event.IntradayDetail{RealTime: d.realTime}
	case event.Combo:
		combo := d.combo
		e.Combo = &combo
	case event.TierNone:
	}
}

// eventDetail reads the fields that only one tier has.
func (c *cursor) eventDetail(d *eventDetail, key []byte) bool {
	switch string(key) {
	case "market_session":
		d.marketSession = event.Session(c.Str())
	case "real_time":
		d.realTime = c.Bool()
	case "correlation_strength":
		d.combo.Correlation = event.Num(c.Float())
	case "daily_context":
		d.combo.Setup = c.link()
	case "intraday_trigger":
		d.combo.Trigger = c.link()
	default:
		return false
	}
	return true
}

func (c *cursor) level() event.Level {
	var l event.Level
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "kind":
			l.Kind = c.Str()
		case "price":
			l.Price = c.Float()
		case "label":
			l.Label = c.Str()
		default:
			return false
		}
		return true
	})
	return l
}

func (c *cursor) link() *event.Link {
	l := &event.Link{}
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "id":
			l.ID = c.Str()
		case "link":
			l.Kind = event.LinkKind(c.Str())
		case "pattern_type":
			l.Pattern = c.Str()
		case "pattern_label":
			l.Label = c.Str()
		case "timeframe":
			l.Timeframe = c.Str()
		case "confidence":
			l.Confidence = event.Num(c.Float())
		case "detected_at":
			l.DetectedAt = c.Time()
		case "session_date":
			l.SessionDate = c.Str()
		case "details":
			l.Details = string(c.AppendJSON(nil, 0))
		default:
			return false
		}
		return true
	})
	return l
}
