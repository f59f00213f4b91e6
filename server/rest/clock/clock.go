// Package clock answers when the exchange trades: its session now, and the days of its calendar.
package clock

import (
	"net/http"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/query/param"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
	"tierboard/shared/api"
)

// Clock answers when the exchange trades. Any number of goroutines may use it.
type Clock struct {
	market func() *calendar.Calendar
	now    func() time.Time
}

// New returns a Clock. market returns the exchange's calendar, which an operator may replace, and now is the clock.
func New(market func() *calendar.Calendar, now func() time.Time) *Clock { return &Clock{market, now} }

// Operations are the session now and the calendar.
func (x *Clock) Operations() []operation.Operation {
	return []operation.Operation{
		{
			Method: http.MethodGet, Path: api.PathClock, ID: "getMarketClock", Tag: operation.TagHealth, Summary: "Tell the exchange's session now",
			Out: api.Clock{}, Handle: func(w http.ResponseWriter, r *http.Request) error {
				if err := operation.NoParams(r); err != nil {
					return err
				}
				return answer.JSON(w, http.StatusOK, Body(x.market().Clock(x.now())))
			},
		},
		{
			Method: http.MethodGet, Path: api.PathSessions, ID: "listMarketSessions", Tag: operation.TagHealth, Summary: "List days of the exchange's calendar",
			Doc: "Closed days too, with their names.", Params: sessionParams, Out: api.MarketSessions{}, Handle: x.sessions,
		},
	}
}

// Body turns a clock into what bodies show.
func Body(c calendar.Clock) api.Clock {
	return api.Clock{
		Calendar: c.Calendar, Session: c.Session, SessionDate: c.SessionDate, HolidayName: c.HolidayName, EarlyClose: c.EarlyClose,
		ClosesAt: answer.Optional(c.ClosesAt), NextOpen: answer.Optional(c.NextOpen), ChangesAt: answer.Optional(c.ChangesAt), OffsetSeconds: c.OffsetSeconds,
	}
}

// The bounds of the calendar's parameters.
const (
	mostDays    = 400
	defaultDays = 30
)

var sessionParams = []param.Param{
	{Name: "from", Type: param.TypeDate, Doc: "First day; today in New York if absent.", Example: "2026-11-20"},
	{Name: "to", Type: param.TypeDate, Doc: "Last day, at most 400 days on; 30 days after the first if absent.", Example: "2026-12-31"},
}

// sessions answers with a part of the calendar.
func (x *Clock) sessions(w http.ResponseWriter, r *http.Request) error {
	now := x.now()
	v, err := param.Read(r.URL.RawQuery, sessionParams, now)
	if err != nil {
		return err
	}
	market := x.market()
	from := dateOf(v.Date("from"), market.DateAt(now))
	at := time.Date(from.Year, from.Month, from.Day, 0, 0, 0, 0, time.UTC)
	to := dateOf(v.Date("to"), calendar.DateOf(at.AddDate(0, 0, defaultDays)))
	switch days := time.Date(to.Year, to.Month, to.Day, 0, 0, 0, 0, time.UTC).Sub(at).Hours() / 24; {
	case days < 0:
		v.Refuse("to", "must not be before from")
	case days > mostDays:
		v.Refuse("to", "must be at most %d days after from", mostDays)
	}
	if err := v.Err(); err != nil {
		return err
	}
	out := api.MarketSessions{Calendar: calendar.Name, Days: []api.MarketDay{}}
	for d := range market.Days(from, to) {
		out.Days = append(out.Days, api.MarketDay{
			Date: d.Date.String(), Kind: string(d.Kind), Name: d.Name,
			PreOpen: answer.Optional(d.PreOpen), Open: answer.Optional(d.Open), Close: answer.Optional(d.Close), PostClose: answer.Optional(d.PostClose),
		})
	}
	return answer.JSON(w, http.StatusOK, out)
}

// dateOf reads a checked date; otherwise is for the empty one.
func dateOf(s string, otherwise calendar.Date) calendar.Date {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return otherwise
	}
	return calendar.DateOf(t)
}
