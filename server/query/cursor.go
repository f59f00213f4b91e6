package query

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"time"

	"tierboard/server/problem"
	"tierboard/server/query/param"
	"tierboard/shared/event"
)

// CursorLife is how long a cursor can be used.
const CursorLife = 24 * time.Hour

// maxCursor is the longest cursor, in bytes: 1,000 symbols of the longest kind fit.
const maxCursor = 64 << 10

// cursor is what a cursor carries. It is no secret and no proof: reading it back checks everything as if the client had
// written it, which it may have.
type cursor struct {
	Version int     `json:"v"`
	Path    string  `json:"p"`
	Issued  int64   `json:"t"` // Unix seconds
	Now     int64   `json:"n"` // milliseconds: when the first page was asked for
	Query   string  `json:"q"` // Question.Encode
	Millis  int64   `json:"m,omitempty"`
	Number  float64 `json:"c,omitempty"`
	Text    string  `json:"s,omitempty"`
	ID      string  `json:"i"`
}

// cursorVersion changes when old cursors cannot be read any more.
const cursorVersion = 1

// Cursor returns what continues the list behind the last event of a page.
func (l *List) Cursor(last Key, now time.Time) string {
	text, err := json.Marshal(cursor{
		Version: cursorVersion, Path: l.Path, Issued: now.Unix(), Now: l.Now.UnixMilli(), Query: l.Encode(),
		Millis: last.Millis, Number: last.Number, Text: last.Text, ID: last.ID,
	})
	if err != nil { // a confidence is a finite number
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// resume reads the question from a cursor. Beside it only the presentation may be given.
func (l *List) resume(v *param.Values, tier event.Tier, now time.Time) error {
	for _, p := range ListParams(tier == event.TierNone) {
		switch p.Name {
		case "cursor", "limit", "fields", "include", "format":
		default:
			if v.Has(p.Name) {
				v.Refuse(p.Name, "cannot stand beside cursor, which carries it")
			}
		}
	}
	if err := v.Err(); err != nil {
		return err
	}
	refuse := func(why string) error {
		return problem.At(problem.Cursor, problem.Field("query.cursor", "", "%s", why))
	}
	const broken = "is no cursor of this server; use next_cursor as it came"
	text := v.Text("cursor")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(text) > maxCursor {
		return refuse(broken)
	}
	var c cursor
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil || d.More() || c.Version != cursorVersion || c.ID == "" || len(c.ID) > event.MaxID ||
		math.IsNaN(c.Number) || math.IsInf(c.Number, 0) || len(c.Text) > event.MaxSymbol {
		return refuse(broken)
	}
	switch issued := time.Unix(c.Issued, 0); {
	case c.Path != l.Path:
		return refuse("was made for another path")
	case now.Sub(issued) > CursorLife:
		return refuse("has expired: a cursor lasts a day; start again without it")
	case issued.Sub(now) > time.Hour: // clocks may be set back a little
		return refuse(broken)
	}
	first := time.UnixMilli(c.Now).UTC()
	if c.Now < 0 || first.After(now.Add(time.Hour)) {
		return refuse(broken)
	}
	inner, err := param.Read(c.Query, ListParams(true), first)
	if err != nil {
		return refuse(broken)
	}
	l.Now = first
	l.question(inner, tier)
	if inner.Err() != nil || inner.Has("cursor") {
		return refuse(broken)
	}
	l.After = &Key{Millis: c.Millis, Number: c.Number, Text: c.Text, ID: c.ID}
	return nil
}
