package board

import (
	"strconv"
	"strings"

	"tierboard/shared/event"
)

// query is the text that narrows all columns at once, read. All of its words must hold. The zero query holds for everything.
type query struct {
	text  string
	words []Word
}

// Word is one word of a query:
//
//   - up, bullish, down, bearish, neutral: the direction
//   - 80, 80%, >=80: the least confidence in percent
//   - anything else: the beginning of a symbol, or of a word of the pattern's name. With commas in it, any of its parts will do;
//     a part that ends in a comma or stands before one is a whole symbol: AAPL, is AAPL alone.
//
// A - in front turns a word round.
type Word struct {
	Text    string // as typed
	Not     bool
	Way     event.Direction // "" unless the word is a direction
	Least   float64         // 0 to 1; 0 unless the word is a confidence
	parts   []string        // lower case
	symbols bool            // the parts are whole symbols or names
}

// directionWords are the words for a direction.
var directionWords = [...]struct {
	word string
	way  event.Direction
}{{"up", event.Bullish}, {"bullish", event.Bullish}, {"down", event.Bearish}, {"bearish", event.Bearish}, {"neutral", event.Neutral}}

// ParseQuery reads the words of a query.
func ParseQuery(text string) []Word {
	var words []Word
	for typed := range strings.FieldsSeq(text) {
		w := Word{Text: typed}
		rest, not := strings.CutPrefix(strings.ToLower(typed), "-")
		w.Not = not
		number := strings.TrimRight(strings.TrimLeft(rest, "≥>="), "%")
		if n, err := strconv.Atoi(number); err == nil && n > 0 && n <= 100 {
			w.Least = float64(n) / 100
			words = append(words, w)
			continue
		}
		for _, d := range directionWords {
			if rest == d.word {
				w.Way = d.way
			}
		}
		w.symbols = strings.Contains(rest, ",")
		for part := range strings.SplitSeq(rest, ",") {
			if part != "" && w.Way == "" {
				w.parts = append(w.parts, part)
			}
		}
		if w.Way != "" || len(w.parts) > 0 {
			words = append(words, w)
		}
	}
	return words
}

// match reports whether an event passes the query.
func (q *query) match(e *event.Event) bool {
	for i := range q.words {
		if q.words[i].match(e) == q.words[i].Not {
			return false
		}
	}
	return true
}

// match reports whether the word, without its -, says something true about the event.
func (w *Word) match(e *event.Event) bool {
	switch {
	case w.Least > 0:
		return e.Confidence >= w.Least
	case w.Way != "":
		return e.Direction == w.Way
	}
	symbol, label := strings.ToLower(e.Symbol), strings.ToLower(e.Label)
	for _, part := range w.parts {
		if symbol == part || (!w.symbols && strings.HasPrefix(symbol, part)) || begins(label, part) {
			return true
		}
	}
	return false
}

// begins reports whether a word of text begins with a part.
func begins(text, part string) bool {
	for word := range strings.FieldsSeq(text) {
		if strings.HasPrefix(word, part) {
			return true
		}
	}
	return false
}

// Query returns the text that narrows all columns.
func (b *Board) Query() string { return b.query.text }

// SetQuery narrows all columns at once by a text, see Word; "" lifts it. It comes on top of the columns' filters and stays in the
// browser: Filters does not change.
func (b *Board) SetQuery(text string) {
	b.query = query{text: text, words: ParseQuery(text)}
	for i := range b.columns {
		b.columns[i].refilter()
		b.columns[i].rebuild()
	}
}
