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
			e.Kind = event.Kind(c.str())
		case "id":
			e.ID = c.str()
		case "seq":
			e.Seq = c.uint()
		case "tier":
			e.Tier, _ = event.ParseTier(c.str())
		case "symbol":
			e.Symbol = c.str()
		case "pattern_type":
			e.Pattern = c.str()
		case "pattern_label":
			e.Label = c.str()
		case "timeframe":
			e.Timeframe = c.str()
		case "direction":
			e.Direction = event.Direction(c.str())
		case "confidence":
			e.Confidence = c.float()
		case "priority":
			e.Priority, _ = event.ParsePriority(c.str())
		case "detected_at":
			e.DetectedAt = c.time()
		case "published_at":
			e.PublishedAt = c.time()
		case "received_at":
			e.ReceivedAt = c.time()
		case "expires_at":
			e.ExpiresAt = c.time()
		case "session":
			e.Session = event.Session(c.str())
		case "session_date":
			e.SessionDate = c.str()
		case "source":
			e.Source = c.str()
		case "occurrences":
			e.Occurrences = c.int()
		case "facets":
			n := c.mapLen()
			e.Facets = make(map[event.Dim]string, min(n, 64))
			for range n {
				if c.bad {
					break
				}
				if k := c.str(); !c.null() {
					e.Facets[event.Dim(k)] = c.str()
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
		e.Price = event.Num(c.float())
	case "price_change_pct":
		e.ChangePct = event.Num(c.float())
	case "volume":
		e.Volume = event.Num(c.float())
	case "relative_volume":
		e.RelativeVolume = event.Num(c.float())
	case "levels":
		n := c.arrayLen()
		e.Levels = make([]event.Level, 0, n)
		for range n {
			if c.bad {
				break
			}
			e.Levels = append(e.Levels, c.level())
		}
	case "details":
		e.Details = string(c.appendJSON(nil, 0))
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
		d.marketSession = event.Session(c.str())
	case "real_time":
		d.realTime = c.boolean()
	case "correlation_strength":
		d.combo.Correlation = event.Num(c.float())
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
			l.Kind = c.str()
		case "price":
			l.Price = c.float()
		case "label":
			l.Label = c.str()
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
			l.ID = c.str()
		case "link":
			l.Kind = event.LinkKind(c.str())
		case "pattern_type":
			l.Pattern = c.str()
		case "pattern_label":
			l.Label = c.str()
		case "timeframe":
			l.Timeframe = c.str()
		case "confidence":
			l.Confidence = event.Num(c.float())
		case "detected_at":
			l.DetectedAt = c.time()
		case "session_date":
			l.SessionDate = c.str()
		case "details":
			l.Details = string(c.appendJSON(nil, 0))
		default:
			return false
		}
		return true
	})
	return l
}
