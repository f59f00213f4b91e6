package wiretest_test

import (
	"reflect"
	"testing"

	"tierboard/shared/wire/wiretest"
)

func TestFloats(t *testing.T) {
	in := map[string]any{"n": nil, "i": int8(-1), "u": uint64(1) << 63, "f": float32(.5), "list": []any{true, "\xff", 7}}
	want := map[string]any{"n": nil, "i": -1., "u": float64(1 << 63), "f": .5, "list": []any{true, "\xff", 7.}}
	if got := wiretest.Floats(in); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
