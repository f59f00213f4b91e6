//go:build !js

package library

// Only a browser carries these out: elsewhere nobody presses a button.

func (*Library) close()                 {}
func (*Library) open(View)              {}
func (*Library) defaultView(View)       {}
func (*Library) saveView()              {}
func (*Library) saveWatchlist()         {}
func (*Library) readWatchFile()         {}
func (*Library) useWatchlist(Watchlist) {}
func (*Library) drop(string, int64)     {}
func (*Library) toggleSub(subscription) {}
func (*Library) estimate()              {}
func (*Library) saveSub()               {}
