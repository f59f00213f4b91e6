//go:build !js

package ui

import (
	"net/url"
	"time"

	"tierboard/app/fetch"
	"tierboard/app/format"
)

// watcher asks the server; natively nobody does, since go-app never mounts a component outside a browser.
type watcher struct{}

func startWatcher(time.Duration, func() []string, func(string, fetch.Answer)) *watcher { return nil }

func (*watcher) ask()  {}
func (*watcher) stop() {}

func enterPage() (shown, exchange format.Zone) { return format.UTC, format.UTC }
func pageQuery() url.Values                    { return nil }
func replaceQuery(string)                      {}
func offline() bool                            { return false }
