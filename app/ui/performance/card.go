package performance

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/format"
	"tierboard/app/ui/chart"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/panel"
	"tierboard/app/ui/performance/outcome"
	"tierboard/app/ui/spell"
	"tierboard/app/ui/tier"
)

// card is one tier.
func (p *Page) card(s tier.Style, t *outcome.Tier, low, high float64) app.UI {
	parts := append(p.success(t), panel.Facts("counts",
		"Resolved", format.Count(t.Resolved), "Pending", format.Count(t.Pending), "Excluded", format.Count(t.Excluded)))
	if d := t.ReturnPct; d != nil {
		parts = append(parts, draw.Text("h3", "Return after "+p.after()), chart.Spread(d.P10, d.Median, d.P90, low, high), panel.Facts("counts",
			"1 in 10 below", format.SignedPercent(d.P10), "Median", format.SignedPercent(d.Median),
			"Mean", format.SignedPercent(d.Mean), "1 in 10 above", format.SignedPercent(d.P90)))
	}
	if len(t.Calibration) > 0 {
		parts = append(parts, draw.Text("h3", "Confidence and what happened"))
		few := 0
		for _, b := range t.Calibration {
			if b.Rate == nil {
				few++
			}
		}
		if few < len(t.Calibration) {
			parts = append(parts, chart.Calibration(drawnBuckets(t.Calibration)))
		}
		parts = append(parts, draw.Text("p.muted", calibrationText(few, len(t.Calibration))), panel.Fold("As numbers", calibrationTable(s, t.Calibration)))
	}
	if o := t.TimeToOutcome; o != nil {
		parts = append(parts, draw.Text("h3", "Time to outcome"),
			panel.Facts("counts", "Median", format.Span(spell.Seconds(o.Median)), "90 of 100 within", format.Span(spell.Seconds(o.P90))))
	}
	if d := t.DeliveryMS; d != nil {
		parts = append(parts, panel.Delivery(d)...)
	}
	return panel.OfTier(s, draw.Text("span.count", format.Count(t.Detected)+" detected"), parts)
}

// success is the rate with its uncertainty, or why there is none.
func (p *Page) success(t *outcome.Tier) []app.UI {
	if t.Success.Rate == nil {
		few, why := "Too few to tell (n = "+format.Count(t.Resolved)+")", "A rate needs "+strconv.Itoa(p.report.MinSample())+" outcomes."
		switch {
		case p.report.None():
			few, why = "No outcomes received", "Success cannot be told."
		case t.Resolved == 0:
			few = "No outcomes yet"
		}
		return []app.UI{draw.Text("p.rate-line.few", few), draw.Text("p.muted", why)}
	}
	rate := *t.Success.Rate
	low, high, ok := t.Success.Interval()
	sample := "n\u00a0=\u00a0" + format.Count(t.Resolved)
	if ok {
		sample = "95% interval " + spell.PercentRange(low, high) + ", " + sample
	}
	return []app.UI{
		draw.El("p.rate-line", draw.Text("b", spell.Percent(rate)), app.Text(" succeeded "), draw.Text("span.muted", sample)),
		chart.Rate(rate, low, high),
		draw.Text("p.muted", format.Count(t.Success.Count)+" of "+format.Count(t.Resolved)+" succeeded"),
	}
}

// calibrationText says how to read the plot, of which few of all ranges are left out.
func calibrationText(few, all int) string {
	const score = "Confidence is the detector's score, not a probability. "
	switch few {
	case all:
		return score + "Each range has too few outcomes to show where it promises too much."
	case 0:
		return score + "Below the dashed line, less succeeded than the score suggests."
	}
	return score + "Below the dashed line, less succeeded than the score suggests. Left out for too few outcomes: " + format.Plural(few, "range") + "."
}

// drawnBuckets are the ranges as the chart wants them.
func drawnBuckets(buckets []outcome.Bucket) []chart.Bucket {
	out := make([]chart.Bucket, len(buckets))
	for i, b := range buckets {
		low, high, ok := b.Interval()
		out[i] = chart.Bucket{Score: b.MeanConfidence, N: b.N, Rate: b.Rate, Low: low, High: high, Bounded: ok}
	}
	return out
}

// calibrationTable is the plot in numbers.
func calibrationTable(s tier.Style, buckets []outcome.Bucket) app.UI {
	titles := []string{"Confidence", "#Mean", "#n", "#Succeeded", "#95% interval"}
	return panel.Grid("", s.Title+": success by confidence", titles, 0, len(buckets), func(i int) []string {
		b := &buckets[i]
		rate, bounds := "too few", "–"
		if b.Rate != nil {
			rate = spell.Percent(*b.Rate)
		}
		if low, high, ok := b.Interval(); ok {
			bounds = spell.PercentRange(low, high)
		}
		from, to, _ := outcome.Interval(b.Bucket)
		return []string{spell.PercentRange(from, to), spell.Percent(b.MeanConfidence), format.Count(b.N), rate, bounds}
	})
}
