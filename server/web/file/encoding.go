package file

import (
	"strconv"
	"strings"
)

// identity is the content coding that is none.
const identity = "identity"

// negotiate picks the content coding for an Accept-Encoding header: of those offered, in our order of preference, the
// one with the highest weight, as long as its weight is neither 0 nor below that of a named identity. A header that
// accepts nothing we have still gets identity, which RFC 9110 prefers to an error.
func negotiate(header, offered []string) string {
	weights := make(map[string]float64)
	for _, line := range header {
		for item := range strings.SplitSeq(line, ",") {
			coding, parameters, _ := strings.Cut(item, ";")
			if coding = strings.ToLower(strings.TrimSpace(coding)); coding != "" {
				weights[coding] = weight(parameters)
			}
		}
	}
	best, bestWeight := identity, weights[identity]
	for i, coding := range offered {
		w, named := weights[coding]
		if !named {
			w = weights["*"]
		}
		// Among equals the first offered wins, and any of them wins over identity.
		if w > bestWeight || (w > 0 && w == bestWeight && (i == 0 || best == identity)) {
			best, bestWeight = coding, w
		}
	}
	return best
}

// weight reads the q parameter: 1 without one, 0 when it is not a number from 0 to 1, for a coding that we may have
// misunderstood is better not used.
func weight(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		key, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return q
	}
	return 1
}
