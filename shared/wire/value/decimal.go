package value

// Decimal returns the number that s is, if s has at most 15 digits and no exponent: then its digits and the power of ten of its
// fraction are both exact, so that one division rounds it as it has to be. It is false for everything else, numbers or not.
func Decimal[T string | []byte](s T) (f float64, ok bool) {
	const most = 15
	from := 0
	if len(s) > 0 && s[0] == '-' {
		from = 1
	}
	n := len(s) - from
	if n == 0 || n > most+1 {
		return 0, false
	}
	var digits uint64
	point := -1
	for i := range n {
		c := s[from+i]
		switch {
		case '0' <= c && c <= '9':
			digits = 10*digits + uint64(c-'0')
		case c == '.' && point < 0 && i > 0 && i < n-1:
			point = i
		default:
			return 0, false
		}
	}
	f = float64(digits)
	if point >= 0 {
		f /= powers[n-1-point]
	} else if n > most {
		return 0, false
	}
	if from > 0 {
		f = -f
	}
	return f, true
}

// powers are the powers of ten that Decimal divides by.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}
