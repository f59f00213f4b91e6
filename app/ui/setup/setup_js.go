//go:build js

package setup

import (
	"strconv"
	"strings"

	"tierboard/app/ui/dom"
	"tierboard/app/ui/tier"
)

func (s *Setup) close() { dom.ByID("setup").Call("close") }

// finish reads what was chosen and hands it over.
func (s *Setup) finish() {
	var c Choices
	for i, t := range tier.All {
		c.Folded[i] = !dom.ByID("setup-" + t.Class).Get("checked").Bool()
	}
	if c.Filter.Symbols = strings.TrimSpace(dom.ByID("setup-symbols").Get("value").String()); c.Filter.Symbols != "" {
		c.Filter.Symbols += ","
	}
	if n, err := strconv.Atoi(dom.Checked("setup-amount")); err == nil {
		c.Filter.MinConfidence = float64(n) / 100
	}
	c.Notify = dom.Checked("setup-notify")
	s.Finish(c)
	s.close()
}
