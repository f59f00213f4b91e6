package ui

import (
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/format"
)

// card is one tier.
func (p *Performance) card(s style, t *tierReport, low, high float64) app.UI {
	parts := []app.UI{
		app.Div().Class("panel-head").Body(
			app.H2().Body(app.Span().Class("i "+s.icon).Aria("hidden", "true"), app.Text(s.title)),
			app.Span().Class("count").Text(format.Count(t.Detected)+" detected"),
		),
	}
	parts = append(parts, p.success(t)...)
	parts = append(parts, app.Dl().Class("counts").Body(
		fact("Resolved", format.Count(t.Resolved)),
		fact("Pending", format.Count(t.Pending)),
		fact("Excluded", format.Count(t.Excluded)),
	))
	if d := t.ReturnPct; d != nil {
		parts = append(parts,
			app.H3().Text("Return after "+p.after()),
			spreadBar(*d, low, high),
			app.Dl().Class("counts four").Body(
				fact("Worst tenth below", format.SignedPercent(d.P10)),
				fact("Median", format.SignedPercent(d.Median)),
				fact("Mean", format.SignedPercent(d.Mean)),
				fact("Best tenth above", format.SignedPercent(d.P90)),
			))
	}
	if len(t.Calibration) > 0 {
		parts = append(parts, app.H3().Text("Confidence and what happened"), calibration(t.Calibration))
		parts = append(parts, p.calibrationText(s, t.Calibration)...)
	}
	if o := t.TimeToOutcome; o != nil {
		parts = append(parts, app.H3().Text("Time to outcome"), app.Dl().Class("counts").Body(
			fact("Median", format.Span(seconds(o.Median))),
			fact("90 of 100 within", format.Span(seconds(o.P90))),
		))
	}
	if d := t.DeliveryMS; d != nil {
		parts = append(parts, app.H3().Text("Delivery, from receipt to socket"), latencyFacts(d))
	}
	return app.Section().Class("panel tier-card "+s.class).Aria("label", s.title).Body(parts...)
}

// success is the rate with its uncertainty, or why there is none.
func (p *Performance) success(t *tierReport) []app.UI {
	if t.Success.Rate == nil {
		text := "Too few to tell (n = " + format.Count(t.Resolved) + ")"
		about := "A rate needs " + strconv.Itoa(p.report.minSample()) + " outcomes."
		switch {
		case p.report.none():
			text, about = "No outcomes received", "Success cannot be told."
		case t.Resolved == 0:
			text, about = "No outcomes yet", "A rate needs "+strconv.Itoa(p.report.minSample())+" of them."
		}
		return []app.UI{app.P().Class("rate-line few").Text(text), app.P().Class("muted").Text(about)}
	}
	rate := *t.Success.Rate
	low, high, ok := t.Success.interval()
	about := format.Count(t.Success.Count) + " of " + format.Count(t.Resolved) + " succeeded"
	small := "n = " + format.Count(t.Resolved)
	if ok {
		small = "95% interval " + percentRange(low, high) + ", " + small
	}
	return []app.UI{
		app.P().Class("rate-line").Body(plain("b").Text(wholePercent(rate)), app.Text(" succeeded "), app.Span().Class("muted").Text(small)),
		rateBar(rate, low, high),
		app.P().Class("muted").Text(about),
	}
}

// calibrationText says how to read the plot, and gives its numbers as a table.
func (p *Performance) calibrationText(s style, buckets []calibrationBucket) []app.UI {
	few := 0
	for _, b := range buckets {
		if b.Rate == nil {
			few++
		}
	}
	text := "Confidence is the detector's score, not a probability: below the dashed line, less succeeded than the score suggests."
	if few > 0 {
		text += " " + format.Plural(few, "range") + " with too few outcomes " + map[bool]string{true: "is", false: "are"}[few == 1] + " left out."
	}
	return []app.UI{
		app.P().Class("muted").Text(text),
		app.Details().Class("numbers").Body(
			app.Summary().Text("As numbers"),
			plain("table").Class("table").Body(
				plain("caption").Class("visually-hidden").Text(s.title+": success by confidence"),
				headRow("Confidence", "Mean", "n", "Succeeded", "95% interval"),
				plain("tbody").Body(app.Range(buckets).Slice(func(i int) app.UI {
					b := &buckets[i]
					rate, bounds := "too few", "–"
					if b.Rate != nil {
						rate = wholePercent(*b.Rate)
					}
					if low, high, ok := b.interval(); ok {
						bounds = percentRange(low, high)
					}
					from, to, _ := interval(b.Bucket)
					return plain("tr").Body(
						plain("th").Attr("scope", "row").Text(percentRange(from, to)), cell(wholePercent(b.MeanConfidence)), cell(format.Count(b.N)), cell(rate), cell(bounds),
					)
				})),
			),
		),
	}
}

// latencyFacts are a latency's percentiles.
func latencyFacts(p *percentiles) app.UI {
	return app.Dl().Class("counts").Body(fact("Median", duration(p.P50)), fact("95 of 100", duration(p.P95)), fact("99 of 100", duration(p.P99)))
}

// percentRange writes two shares: "54–62%".
func percentRange(low, high float64) string {
	return strconv.Itoa(int(low*100+.5)) + "–" + wholePercent(high)
}

// seconds is a number of seconds as a time, within what a year can hold.
func seconds(s float64) time.Duration {
	return time.Duration(min(max(s, 0), 366*24*3600) * float64(time.Second))
}
