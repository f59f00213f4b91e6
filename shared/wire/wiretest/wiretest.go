// Package wiretest compares decoded values, for the tests of shared/wire and of what it is made of.
package wiretest

import "reflect"

// Floats returns a decoded value with all its numbers as float64, as JSON has no others. Maps and lists are changed in place.
func Floats(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = Floats(v[k])
		}
		return v
	case []any:
		for i := range v {
			v[i] = Floats(v[i])
		}
		return v
	}
	switch r := reflect.ValueOf(v); {
	case v == nil:
		return nil
	case r.CanInt():
		return float64(r.Int())
	case r.CanUint():
		return float64(r.Uint())
	case r.CanFloat():
		return r.Float()
	}
	return v
}
