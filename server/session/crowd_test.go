package session

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestACrowdIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []bool
		c := crowd{tell: func(coming bool) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, coming)
		}}
		come := func(n int, pause time.Duration) {
			for range n {
				c.note(time.Now())
				time.Sleep(pause)
			}
			synctest.Wait()
		}
		check := func(what string, want ...bool) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, want) {
				t.Fatalf("%s: told %v, want %v", what, told, want)
			}
		}
		come(1000, 6*time.Millisecond) // 166 a second
		check("a steady stream")
		come(1000, 2*time.Millisecond)
		check("a crowd of two seconds", true)
		time.Sleep(crowdOver + time.Millisecond)
		synctest.Wait()
		check("afterwards", true, false)
		time.Sleep(time.Minute)
		come(300, 0)
		check("another one", true, false, true)
		c.end()
		check("the end", true, false, true, false)
		time.Sleep(time.Minute)
		synctest.Wait()
		check("long after the end", true, false, true, false)
	})
}

func TestNobodyNeedsToKnowOfACrowd(t *testing.T) {
	var c crowd
	for range 2 * crowdAt {
		c.note(time.Now())
	}
	c.end()
	if c.timer != nil {
		t.Error("a timer runs for nobody")
	}
}
