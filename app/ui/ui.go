package ui

import (
	"encoding/base64"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/live"
	"tierboard/app/ui/operations"
	"tierboard/app/ui/performance"
	"tierboard/app/ui/sheet"
)

// held is how many events are kept a column.
const held = 500

// Register tells go-app which component draws which path. Both programs call it once, before they serve or run: the
// server answers 404 for paths that are not registered.
func Register() {
	app.Route(sheet.PathBoard, func() app.Composer { return &Dashboard{} })
	app.Route(sheet.PathPerformance, func() app.Composer { return &performance.Page{} })
	app.Route(sheet.PathOperations, func() app.Composer { return &operations.Page{} })
}

// Subscription returns, in base64, the frame with which a board without filters asks the server for its cards. The page carries it,
// so that boot.js can ask before the program is there.
func Subscription() string {
	stream := live.Config{Filters: board.New(held).Filters()}
	return base64.StdEncoding.EncodeToString(stream.Subscription())
}
