// Command miniapp is the smallest browser program that the tests of package web can serve.
package main

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/server/web/testdata/miniapp/mini"
)

func main() {
	mini.Register()
	app.RunWhenOnBrowser()
}
