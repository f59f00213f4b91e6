//go:build !js

package library

import "tierboard/app/ui/library/kept"

// Only a browser carries these out: elsewhere nobody presses a button.

func (*Library) close()                      {}
func (*Library) open(kept.View)              {}
func (*Library) defaultView(kept.View)       {}
func (*Library) saveView()                   {}
func (*Library) saveWatchlist()              {}
func (*Library) readWatchFile()              {}
func (*Library) useWatchlist(kept.Watchlist) {}
func (*Library) drop(string, int64)          {}
func (*Library) toggleSub(kept.Subscription) {}
func (*Library) estimate()                   {}
func (*Library) saveSub()                    {}
