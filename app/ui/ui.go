package ui

import (
	"encoding/base64"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/live"
)

// held is how many events are kept a column.
const held = 500

// Register tells go-app which component draws which path. Both programs call it once, before they serve or run: the
// server answers 404 for paths that are not registered.
func Register() {
	app.Route(pathBoard, func() app.Composer { return &Dashboard{} })
	app.Route(pathPerformance, func() app.Composer { return &Performance{} })
	app.Route(pathOperations, func() app.Composer { return &Operations{} })
}

// Subscription returns, in base64, the frame with which a board without filters asks the server for its cards. The page carries it,
// so that boot.js can ask before the program is there.
func Subscription() string {
	stream := live.Config{Filters: board.New(held).Filters()}
	return base64.StdEncoding.EncodeToString(stream.Subscription())
}
