package gate

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"tierboard/server/problem"
)

// span is the time that limits are about.
const span = time.Minute

// limit counts what each user does in a minute that begins with the first time. Its methods may be called by any number of
// goroutines.
type limit struct {
	what     string // is counted: requests
	most     int
	maxUsers int

	mu    sync.Mutex
	users map[string]*window // guarded by mu
}

// window is one user's present minute.
type window struct {
	ends time.Time
	used int
}

func newLimit(what string, most, maxUsers int) *limit {
	return &limit{what: what, most: most, maxUsers: maxUsers, users: map[string]*window{}}
}

// count counts one and returns how many there are in the user's minute, and when that ends.
func (l *limit) count(user string, now time.Time) (used int, ends time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	win := l.users[user]
	if win == nil || !now.Before(win.ends) {
		if win == nil && len(l.users) >= l.maxUsers {
			l.forget(now)
		}
		win = &window{ends: now.Add(span)}
		l.users[user] = win
	}
	win.used++
	return win.used, win.ends
}

// forget drops the users whose minute is over, or else the one whose minute ends first. The caller holds the mutex.
func (l *limit) forget(now time.Time) {
	first := ""
	for user, win := range l.users {
		if !now.Before(win.ends) {
			delete(l.users, user)
		} else if first == "" || win.ends.Before(l.users[first].ends) {
			first = user
		}
	}
	if len(l.users) >= l.maxUsers {
		delete(l.users, first)
	}
}

// admit counts one and tells in the headers what is left of the limit. One too many is a problem.
func (g *Gate) admit(w http.ResponseWriter, l *limit, user string) error {
	now := g.cfg.Now()
	used, ends := l.count(user, now)
	left := max(l.most-used, 0)
	h := w.Header()
	h.Set("X-RateLimit-Limit", strconv.Itoa(l.most))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(left))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(ends.Add(time.Second-1).Unix(), 10))
	if g.cfg.DraftFields {
		h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", l.what, l.most, int(span.Seconds())))
		h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", l.what, left, (ends.Sub(now)+time.Second-1)/time.Second))
	}
	if used <= l.most {
		return nil
	}
	return &problem.Error{
		Kind: problem.RateLimited, Detail: fmt.Sprintf("More than %d %s in a minute.", l.most, l.what),
		Retry: max(ends.Sub(now), time.Second),
	}
}

// AdmitExport counts a request that was admitted once more, as an export: what the headers say is about exports then. One too
// many is a problem. It is called before anything of the answer is written.
func (g *Gate) AdmitExport(w http.ResponseWriter, r *http.Request) error {
	return g.admit(w, g.exports, User(r.Context()))
}
