package web

import "strings"

// repair is one change to the app.js that go-app writes.
type repair struct {
	name     string
	old, new string // old must occur exactly once
}

// repairs are the changes, each for a fault of the original.
var repairs = []repair{
	{
		// The original copies the download into a response of its own to count its bytes, which keeps the browser from
		// streaming and caching its compiled form, and starts it when all of the page is there. boot.js has begun long
		// before, and both versions resolve to a Response.
		name: "early and native fetch",
		old:  `fetchWithProgress("` + wasmPath + `", showProgress)`,
		new:  `globalThis.tierboardProgram || fetch("` + wasmPath + `")`,
	},
	{
		// The original registers the worker first of all. On a first visit it then fetches and stores every file while the
		// browser compiles the program, and on each later one the browser looks for a newer worker at that moment.
		name: "worker after the start",
		old:  "goappInitServiceWorker();\n",
		new:  "addEventListener(\"load\", () => setTimeout(goappInitServiceWorker, 1500));\n",
	},
	{
		// The original takes the very first worker for an update as soon as that worker controls the page, and the user
		// is told on the first visit that a new version is there. A first worker is one that has no predecessor.
		name: "first worker",
		old:  "const newSW = registration.installing;\n",
		new:  "const newSW = registration.installing;\n    const first = registration.active === null;\n",
	},
	{
		name: "no update on the first visit",
		old:  "if (!navigator.serviceWorker.controller) {",
		new:  "if (first) {",
	},
}

// repaired returns app.js with all repairs, or as it was and the name of the first repair that does not fit: go-app has
// changed then, and half of the changes could be worse than none.
func repaired(appJS string) (script, misfit string) {
	script = appJS
	for _, r := range repairs {
		if strings.Count(script, r.old) != 1 {
			return appJS, r.name
		}
		script = strings.Replace(script, r.old, r.new, 1)
	}
	return script, ""
}
