//go:build !js

package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/shared/event"
)

// page is the browser's half; natively there is none, since go-app never mounts a component outside a browser.
type page struct{ updateReady bool }

func newPage(*Dashboard) *page { return nil }

func (*page) mount(app.Context)                        {}
func (*page) stop()                                    {}
func (*page) release(event.Tier)                       {}
func (*page) shown(event.Tier)                         {}
func (*page) setTheme(string)                          {}
func (*page) setPaused(event.Tier, bool)               {}
func (*page) setFilter(event.Tier, board.ColumnFilter) {}
func (*page) fillFilters(int)                          {}
func (*page) setQuery(string)                          {}
func (*page) applyPrefs()                              {}
func (*page) openSettings()                            {}
func (*page) share()                                   {}
func (*page) export(string)                            {}
func (*page) beep()                                    {}
func (*page) askNotify()                               {}
func (*page) openSetup()                               {}
func (*page) openLibrary()                             {}
