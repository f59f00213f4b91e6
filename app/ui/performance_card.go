package ui

import (
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/format"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/tier"
)

// card is one tier.
func (p *Performance) card(s tier.Style, t *tierReport, low, high float64) app.UI {
	parts := append(p.success(t), facts("counts",
		"Resolved", format.Count(t.Resolved), "Pending", format.Count(t.Pending), "Excluded", format.Count(t.Excluded)))
	if d := t.ReturnPct; d != nil {
		parts = append(parts, draw.Text("h3", "Return after "+p.after()), spreadBar(*d, low, high), facts("counts",
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
			parts = append(parts, calibration(t.Calibration))
		}
		parts = append(parts, draw.Text("p.muted", calibrationText(few, len(t.Calibration))), fold("As numbers", calibrationTable(s, t.Calibration)))
	}
	if o := t.TimeToOutcome; o != nil {
		parts = append(parts, draw.Text("h3", "Time to outcome"),
			facts("counts", "Median", format.Span(seconds(o.Median)), "90 of 100 within", format.Span(seconds(o.P90))))
	}
	if d := t.DeliveryMS; d != nil {
		parts = append(parts, draw.Text("h3", deliveryTitle), d.facts())
	}
	return tierPanel(s, draw.Text("span.count", format.Count(t.Detected)+" detected"), parts)
}

// success is the rate with its uncertainty, or why there is none.
func (p *Performance) success(t *tierReport) []app.UI {
	if t.Success.Rate == nil {
		few, why := "Too few to tell (n = "+format.Count(t.Resolved)+")", "A rate needs "+strconv.Itoa(p.report.minSample())+" outcomes."
		switch {
		case p.report.none():
			few, why = "No outcomes received", "Success cannot be told."
		case t.Resolved == 0:
			few = "No outcomes yet"
		}
		return []app.UI{draw.Text("p.rate-line.few", few), draw.Text("p.muted", why)}
	}
	rate := *t.Success.Rate
	low, high, ok := t.Success.interval()
	sample := "n\u00a0=\u00a0" + format.Count(t.Resolved)
	if ok {
		sample = "95% interval " + percentRange(low, high) + ", " + sample
	}
	return []app.UI{
		draw.El("p.rate-line", draw.Text("b", wholePercent(rate)), app.Text(" succeeded "), draw.Text("span.muted", sample)),
		rateBar(rate, low, high),
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

// calibrationTable is the plot in numbers.
func calibrationTable(s tier.Style, buckets []calibrationBucket) app.UI {
	titles := []string{"Confidence", "#Mean", "#n", "#Succeeded", "#95% interval"}
	return grid("", s.Title+": success by confidence", titles, 0, len(buckets), func(i int) []string {
		b := &buckets[i]
		rate, bounds := "too few", "–"
		if b.Rate != nil {
			rate = wholePercent(*b.Rate)
		}
		if low, high, ok := b.interval(); ok {
			bounds = percentRange(low, high)
		}
		from, to, _ := interval(b.Bucket)
		return []string{percentRange(from, to), wholePercent(b.MeanConfidence), format.Count(b.N), rate, bounds}
	})
}

// deliveryTitle heads a tier's delivery latency on both pages.
const deliveryTitle = "Delivery, from receipt to socket"

// facts are a latency's percentiles.
func (p *percentiles) facts() app.UI {
	return facts("counts", "Median", duration(p.P50), "95 of 100", duration(p.P95), "99 of 100", duration(p.P99))
}

// percentRange writes two shares: "54–62%".
func percentRange(low, high float64) string {
	return strconv.Itoa(int(min(max(low, 0), 1)*100+.5)) + "–" + wholePercent(high)
}

// seconds is a number of seconds as a time, within what a year can hold.
func seconds(s float64) time.Duration {
	return time.Duration(min(max(s, 0), 366*24*3600) * float64(time.Second))
}
