package share

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"tierboard/app/board"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// exportColumns are the columns of a CSV export, in order; the names are the protocol's.
var exportColumns = []string{
	"tier", "symbol", "pattern_type", "timeframe", "direction", "confidence", "priority", "detected_at", "session_date", "price",
	"price_change_pct", "relative_volume", "correlation_strength", "id",
}

// Export writes events in one of the formats "csv", "json" and "ndjson". The filters in force are written into it, so that the
// file says what it leaves out.
func Export(format string, cards []*board.Card, filters string, now time.Time) string {
	var b strings.Builder
	switch format {
	case "csv":
		b.WriteString("# Tierboard " + now.UTC().Format(time.RFC3339) + " " + strings.ReplaceAll(filters, "\n", " ") + "\r\n")
		b.WriteString(strings.Join(exportColumns, ",") + "\r\n")
		for _, c := range cards {
			cells := csvCells(c.Event)
			for i := range cells {
				cells[i] = csvCell(cells[i])
			}
			b.WriteString(strings.Join(cells, ",") + "\r\n")
		}
	case "ndjson":
		for _, c := range cards {
			b.Write(wire.AppendEvent(nil, c.Event, wire.JSON))
			b.WriteByte('\n')
		}
	default:
		about, err := json.Marshal(filters)
		if err != nil {
			about = []byte(`""`)
		}
		b.WriteString(`{"exported_at":"` + now.UTC().Format(time.RFC3339) + `","filters":` + string(about) + `,"patterns":[`)
		for i, c := range cards {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(wire.AppendEvent(nil, c.Event, wire.JSON))
		}
		b.WriteString("]}\n")
	}
	return b.String()
}

// csvCells are an event's cells in the order of exportColumns.
func csvCells(e *event.Event) []string {
	number := func(n event.Number) string {
		if v, ok := n.Get(); ok {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
		return ""
	}
	correlation := ""
	if e.Combo != nil {
		correlation = number(e.Combo.Correlation)
	}
	return []string{
		e.Tier.String(), e.Symbol, e.Pattern, e.Timeframe, string(e.Direction), strconv.FormatFloat(e.Confidence, 'f', -1, 64),
		e.Priority.String(), e.DetectedAt.UTC().Format(time.RFC3339Nano), e.SessionDate, number(e.Price), number(e.ChangePct),
		number(e.RelativeVolume), correlation, e.ID,
	}
}

// csvCell quotes a cell where needed (RFC 4180), and puts an apostrophe before text that a spreadsheet would run as a formula.
func csvCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			s = "'" + s
		}
	}
	if strings.ContainsAny(s, "\",\r\n") {
		s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}
