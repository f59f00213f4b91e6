// Command app is the browser's half of Tierboard: it is built for js/wasm, embedded into the server's binary and started by
// the page. Started natively it does nothing.
package main

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/ui"
)

func main() {
	ui.Register()
	app.RunWhenOnBrowser()
}
