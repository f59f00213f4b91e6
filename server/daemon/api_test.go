package daemon

import (
	"encoding/json"
	"runtime/debug"
	"slices"
	"testing"

	"tierboard/shared/api"
)

// TestOperatorsSeeWhatIsWrong publishes what is no event, and reads it, and the settings, where operators look.
func TestOperatorsSeeWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := free(t)
	c.RateLimit = 7
	r := start(t, c)
	client := publisher(t, r.address("redis"))
	r.until("somebody listens", func() bool {
		n, err := client.Publish(t.Context(), "tickstock.events.patterns", "{").Result()
		return err == nil && n == 1
	})
	var letters api.DeadLetters
	r.until("the dead letter is there", func() bool {
		_, body := r.get(r.address("page") + api.PathDeadLetters)
		return json.Unmarshal([]byte(body), &letters) == nil && letters.Total == 1
	})
	if l := letters.Letters; len(l) != 1 || l[0].Channel != "tickstock.events.patterns" || l[0].Head != "{" || l[0].Size != 1 || l[0].Reason == "" || l[0].Time.IsZero() {
		t.Errorf("%+v", l)
	}
	_, body := r.get(r.address("page") + api.PathOps)
	var ops api.Ops
	if err := json.Unmarshal([]byte(body), &ops); err != nil {
		t.Fatal(err)
	}
	from := func(name string) string {
		i := slices.IndexFunc(ops.Settings, func(s api.Setting) bool { return s.Name == name })
		if i < 0 {
			return "nowhere"
		}
		return ops.Settings[i].Value + " " + ops.Settings[i].From
	}
	if from("--rate-limit") != "7 set" || from("--ring") == "nowhere" || from("no-such") != "nowhere" || len(ops.Slow) != 0 || ops.Version == "" {
		t.Errorf("rate-limit is %s, %+v", from("--rate-limit"), ops)
	}
}

// TestCrowdsAreTidiedUp lets a crowd come and go, and reads how much garbage may gather.
func TestCrowdsAreTidiedUp(t *testing.T) {
	before := debug.SetGCPercent(collectAt)
	defer debug.SetGCPercent(before)
	for _, coming := range []bool{true, false} {
		tidy(coming)
		if got := debug.SetGCPercent(collectAt); got != map[bool]int{true: collectInCrowd, false: collectAt}[coming] {
			t.Errorf("coming %v: %d %%", coming, got)
		}
	}
}
