package ui

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// Register tells go-app which component draws which path. Both programs call it once, before they serve or run: the
// server answers 404 for paths that are not registered.
func Register() {
	app.Route(pathBoard, func() app.Composer { return &Dashboard{} })
	app.Route(pathPerformance, func() app.Composer { return &Performance{} })
	app.Route(pathOperations, func() app.Composer { return &Operations{} })
}
