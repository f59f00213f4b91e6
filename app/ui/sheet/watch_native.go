//go:build !js

package sheet

import (
	"net/url"
	"time"

	"tierboard/app/fetch"
	"tierboard/app/format"
)

// Watcher asks the server; natively nobody does, since go-app never mounts a component outside a browser.
type Watcher struct{}

// Watch begins nothing here.
func Watch(time.Duration, func() []string, func(string, fetch.Answer)) *Watcher { return nil }

// Ask asks nothing here.
func (*Watcher) Ask() {}

// Stop has nothing to end here.
func (*Watcher) Stop() {}

// Enter returns the zones of a page that nobody looks at.
func Enter() (shown, exchange format.Zone) { return format.UTC, format.UTC }

// Query returns nothing: there is no address here.
func Query() url.Values { return nil }

// ReplaceQuery does nothing: there is no address here.
func ReplaceQuery(string) {}

func offline() bool { return false }
