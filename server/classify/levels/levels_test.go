package levels_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/levels"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/shared/event"
)

// take reads the levels of an object, what was flagged, and which of its keys were taken.
func take(t *testing.T, text string) (list []event.Level, flags found.Flags, taken []string) {
	t.Helper()
	p := reading.NewPass(64, 16<<10, 24*time.Hour, nil)
	parser := loose.Reader{MaxBytes: 1 << 20, MaxDepth: 24}
	err := parser.Read([]byte(text), func(v *fastjson.Value) {
		o, err := p.Objects.List(v, p.MaxFields)
		if o == nil || err != nil {
			t.Fatalf("%s: no object: %v", text, err)
		}
		s := &layers.Stack{}
		s.Push(o)
		s.OpenSide(p.MaxFields, &reading.MetadataKeys)
		list = levels.Take(&p, s)
		for _, o := range append(slices.Clone(s.Layers), s.Side...) {
			for _, f := range o.Fields() {
				if f.Used {
					taken = append(taken, f.Key)
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return list, p.Out.Flags, taken
}

func TestListsOfEveryShape(t *testing.T) {
	for text, want := range map[string][]event.Level{
		`[241.5,"243.0"]`:                                 {{Kind: "level", Price: 241.5}, {Kind: "level", Price: 243}},
		`[{"type":"Stop_Loss","price":1}]`:                {{Kind: "stop", Price: 1}},
		`[{"kind":"take_profit","value":9,"label":"T1"}]`: {{Kind: "target", Price: 9, Label: "T1"}},
		`[{"type":"target_price","value":9}]`:             {{Kind: "target", Price: 9}},
		`[{"type":"Support","value":2}]`:                  {{Kind: "support", Price: 2}},
		`[{"name":"pivot","level":3}]`:                    {{Kind: "level", Price: 3, Label: "pivot"}},
		`[{"type":"level","value":4}]`:                    {{Kind: "level", Price: 4}},
		`[{"type":"pivot","value":4}]`:                    {{Kind: "level", Price: 4, Label: "pivot"}},
		`[{"type":"pivot","value":4,"label":"P"}]`:        {{Kind: "level", Price: 4, Label: "P"}},
		`[5,5,5]`: {{Kind: "level", Price: 5}},
		`[]`:      nil,
	} {
		got, flags, taken := take(t, `{"levels":`+text+`}`)
		if d := cmp.Diff(want, got); d != "" || flags != 0 || len(taken) != 1 {
			t.Errorf("%s: flags %b, taken %v (-want +got):\n%s", text, flags, taken, d)
		}
	}
}

func TestPlanAndListAreOne(t *testing.T) {
	got, _, taken := take(t, `{"entry_price":5,"stop_loss":4,"target_price":"7","breakout_level":5.5,"metadata":{"support_level":3,"resistance_level":8,"macd":1},
		"levels":[{"type":"stop","value":4},6]}`)
	want := []event.Level{
		{Kind: "entry", Price: 5},
		{Kind: "stop", Price: 4},
		{Kind: "target", Price: 7},
		{Kind: "level", Price: 5.5, Label: "breakout"},
		{Kind: "support", Price: 3},
		{Kind: "resistance", Price: 8},
		{Kind: "level", Price: 6},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if slices.Contains(taken, "macd") || len(taken) != 7 {
		t.Errorf("taken: %v", taken)
	}
}

func TestWhatIsNoLevelStays(t *testing.T) {
	many := "0"
	for i := 1; i < 2*event.MaxLevels; i++ {
		many += "," + strconv.Itoa(i)
	}
	for text, want := range map[string]int{
		`{"levels":[1,"high",{"type":"x"},-3,null,[2]]}`:       1,
		`{"levels":[` + many + `]}`:                            event.MaxLevels,
		`{"levels":"none"}`:                                    0,
		`{"stop_loss":0,"entry_price":-1,"target_price":1e16}`: 0,
	} {
		got, flags, taken := take(t, text)
		if len(got) != want || len(taken) != 0 || flags.Has(found.BadExtra) != (want > 0) {
			t.Errorf("%s: got %v, flags %b, taken %v", text, got, flags, taken)
		}
	}
}
