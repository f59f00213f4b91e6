package broker

import "errors"

// Bounds on one command.
const (
	maxWords        = 1024
	maxCommandBytes = 8 << 20
)

// Why a client's bytes are no command.
var (
	errNotArray = errors.New("expected an array of bulk strings")
	errLength   = errors.New("invalid length")
	errTooLarge = errors.New("command too large")
)

// guard follows the bytes of a client and finds the first that does not belong to an array of 1 to maxWords bulk
// strings with at most maxCommandBytes in all. It keeps no bytes. The zero guard expects a command.
type guard struct {
	state guardState
	value int  // the number being read
	digit bool // the number has one
	words int  // words of the command still to come
	skip  int  // bytes of the current word still to come, with its line end
	total int  // bytes of the current command
}

type guardState uint8

const (
	wantStar    guardState = iota // '*' of a command
	inWords                       // its count
	wantDollar                    // '$' of a word
	inLength                      // its length
	endOfCount                    // '\n' after a count
	endOfLength                   // '\n' after a length
	inWord                        // the word itself
)

// check follows p. After an error the guard must not be used again.
func (g *guard) check(p []byte) error {
	for len(p) > 0 {
		if g.state == inWord {
			n := min(g.skip, len(p))
			g.skip -= n
			p = p[n:]
			if g.skip == 0 {
				g.words--
				g.state = wantDollar
				if g.words == 0 {
					g.state = wantStar
				}
			}
			continue
		}
		if err := g.header(p[0]); err != nil {
			return err
		}
		p = p[1:]
	}
	return nil
}

// header follows one byte outside a word.
func (g *guard) header(b byte) error {
	switch g.state {
	case wantStar:
		if b != '*' {
			return errNotArray
		}
		g.state, g.value, g.digit, g.total = inWords, 0, false, 0
	case wantDollar:
		if b != '$' {
			return errNotArray
		}
		g.state, g.value, g.digit = inLength, 0, false
	case inWords:
		if b != '\r' {
			return g.number(b, maxWords)
		}
		if g.value == 0 {
			return errLength
		}
		g.words, g.state = g.value, endOfCount
	case inLength:
		if b != '\r' {
			return g.number(b, maxCommandBytes)
		}
		if !g.digit {
			return errLength
		}
		if g.total += g.value; g.total > maxCommandBytes {
			return errTooLarge
		}
		g.skip, g.state = g.value+len("\r\n"), endOfLength
	case endOfCount:
		if b != '\n' {
			return errLength
		}
		g.state = wantDollar
	case endOfLength:
		if b != '\n' {
			return errLength
		}
		g.state = inWord
	case inWord:
	}
	return nil
}

// number takes one more digit of a number up to most.
func (g *guard) number(b byte, most int) error {
	if b < '0' || b > '9' {
		return errLength
	}
	g.digit = true
	if g.value = g.value*10 + int(b-'0'); g.value > most {
		return errTooLarge
	}
	return nil
}
