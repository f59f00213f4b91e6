package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tierboard/e2e/stack"
)

// module is the import path of this module, with the slash after it.
const module = "tierboard/"

// place is where a package of the module stands.
type place struct {
	pkg string // import path without the module
	// floor is the height: a package imports packages of lower floors only, so there are no cycles of thought and
	// packages of one floor can be read, tested and replaced without each other.
	floor int
	// usedBy, when set, are the only packages that may import this one; "a/..." is a and all below it. It is how the edges,
	// which move bytes, are kept apart: they meet in daemon through small interfaces that the consumer declares.
	usedBy []string
}

// wiring is what puts the edges together.
var wiring = []string{"server/daemon/...", "server"}

// surface is what answers HTTP questions: package rest, and what it is made of.
var surface = []string{"server/rest", "server/rest/numbers", "server/rest/record", "server/rest/operation", "server/rest/source", "server/rest/performance", "server/rest/shelf", "server/rest/saved", "server/rest/related", "server/rest/clock", "server/rest/list", "server/rest/item", "server/rest/catalogue", "server/rest/status", "server/rest/ops", "server/rest/resttest"}

// delivery is the hub, and what brings its frames to a connection.
var delivery = []string{"server/hub/...", "server/session", "server/sse"}

// screen is what draws: package ui, and what it is made of.
var screen = []string{"app/ui/..."}

// rivals is what compares delivery with that of others.
var rivals = []string{"e2e/peer/..."}

// floors is the plan of the house, from the ground up. A new package needs a row here before it compiles in `make test`.
var floors = []place{
	// Values and rules that both programs share: no I/O, no clock, no logging.
	{"shared/event", 0, nil},
	{"assets", 0, nil},
	{"shared/pattern", 1, nil},
	{"shared/filter", 2, nil},
	{"shared/wire/wiretest", 0, []string{}}, // for tests
	{"shared/wire/value", 1, nil},
	{"shared/wire/pack", 2, nil},
	{"shared/wire/unpack", 2, nil},
	{"shared/wire", 3, nil},
	{"shared/api", 3, nil},

	// The pure middle: decides, and moves no bytes.
	{"server/config", 4, nil},
	{"server/calendar", 4, nil},
	{"server/metrics", 4, nil},
	{"server/market", 4, nil},
	{"server/match/table", 0, []string{"server/match"}},
	{"server/match", 4, nil},
	{"server/perf", 4, nil},
	{"server/problem", 4, nil},
	{"server/query/param", 5, nil},
	{"server/query", 6, nil},
	{"server/gate", 5, nil},
	{"app/format", 4, nil},
	{"server/classify/scalar", 2, nil},
	{"server/classify/loose", 3, nil},
	{"server/classify/details", 4, []string{"server/classify/..."}},
	{"server/classify/found", 3, nil},
	{"server/classify/spelling", 3, []string{"server/classify/..."}},
	{"server/classify/channels", 4, nil},
	{"server/classify/layers", 4, []string{"server/classify/..."}},
	{"server/classify/reading", 5, []string{"server/classify/..."}},
	{"server/classify/feeds", 6, []string{"server/classify"}},
	{"server/classify/levels", 6, []string{"server/classify/detection"}},
	{"server/classify/combo", 6, []string{"server/classify/detection"}},
	{"server/classify/detection", 7, []string{"server/classify"}},
	{"server/classify", 8, nil},
	{"server/recent", 4, nil},
	{"server/health/age", 4, nil},
	{"server/health/delivery", 4, nil},
	{"server/health/producer", 5, nil},
	{"server/health/freshness", 5, nil},
	{"server/health", 6, nil},
	{"server/detect", 5, nil},
	{"server/archive", 5, nil},
	{"app/board", 5, nil},
	{"server/hub/due", 0, []string{"server/hub"}},
	{"server/hub/frame", 5, delivery},
	{"server/hub/known", 5, []string{"server/hub", "server/hub/missed"}},
	{"server/hub/missed", 6, []string{"server/hub"}},
	{"server/hub/outbox", 6, delivery},
	{"server/hub/pace", 5, []string{"server/hub"}},
	{"server/hub", 7, nil},
	{"app/live", 6, nil},
	{"app/fetch", 6, nil},
	{"app/http", 6, []string{}}, // laid over net/http by the Makefile; nobody imports it

	// The edges: Redis, sockets, HTTP and the screen.
	{"server/broker", 7, wiring},
	{"server/ingest/follow", 6, []string{"server/ingest", "server/daemon/..."}},
	{"server/ingest", 7, wiring},
	{"server/demo", 7, wiring},
	{"server/tape", 7, wiring},
	{"server/session", 8, append([]string{"e2e/peer/own"}, wiring...)}, // which compares delivery alone with another library's
	{"server/session/turn", 0, []string{"server/session", "server/daemon/..."}},
	{"server/sse", 8, wiring},
	{"server/rest/docs", 5, surface},
	{"server/rest/answer", 4, surface},
	{"server/rest/numbers", 5, surface},
	{"server/rest/record", 7, surface},
	{"server/rest/once", 6, surface},
	{"server/rest/route", 5, surface},
	{"server/rest/operation", 7, surface},
	{"server/rest/source", 8, surface},
	{"server/rest/performance", 8, append([]string{"server/rest/stored"}, surface...)},
	{"server/rest/shelf", 8, append([]string{"server/rest/stored"}, surface...)},
	{"server/rest/saved", 9, surface},
	{"server/rest/related", 9, surface},
	{"server/rest/clock", 8, surface},
	{"server/rest/list", 10, surface},
	{"server/rest/item", 10, surface},
	{"server/rest/catalogue", 9, surface},
	{"server/rest/status", 9, surface},
	{"server/rest/ops", 8, surface},
	{"server/rest/resttest", 9, []string{}}, // for tests
	{"server/rest", 11, wiring},
	{"server/rest/stored", 10, wiring},
	{"app/ui/draw", 4, screen},
	{"app/ui/tier", 4, screen},
	{"app/ui/dom", 4, screen},
	{"app/ui/chart", 6, screen},
	{"app/ui/spell", 5, screen},
	{"app/ui/ladder", 5, screen},
	{"app/ui/card", 6, screen},
	{"app/ui/list", 7, screen},
	{"app/ui/wording", 6, screen},
	{"app/ui/noise", 5, screen},
	{"app/ui/details", 7, screen},
	{"app/ui/history", 7, screen},
	{"app/ui/library/kept", 6, screen},
	{"app/ui/library", 7, screen},
	{"app/ui/setup", 7, screen},
	{"app/ui/share", 6, screen},
	{"app/ui/panel", 6, screen},
	{"app/ui/prefs", 6, screen},
	{"app/ui/sheet", 7, screen},
	{"app/ui/palette", 8, screen},
	{"app/ui/sheet/sheettest", 7, []string{}}, // for tests
	{"app/ui/performance/outcome", 7, screen},
	{"app/ui/operations/numbers", 7, screen},
	{"app/ui/performance", 8, screen},
	{"app/ui/operations", 8, screen},
	{"app/ui", 9, []string{"app", "server/web"}},
	{"server/store/model", 4, append([]string{"server/store", "server/store/intake", "server/store/outcome", "server/store/tally", "server/store/ask", "server/store/where", "server/store/list", "server/store/connect", "server/store/saved", "server/rest/stored"}, wiring...)},
	{"server/store/connect", 5, append([]string{"server/store", "server/store/intake", "server/store/outcome", "server/store/tally", "server/store/list", "server/store/migrations", "server/store/saved"}, wiring...)},
	{"server/store/migrations", 6, []string{"server/store", "server"}},
	{"server/store/saved", 6, append([]string{"server/store", "server/rest/stored"}, wiring...)},
	{"server/store/ask", 5, append([]string{"server/store", "server/store/intake", "server/store/tally", "server/store/where", "server/store/plan", "server/store/list", "server/rest/stored"}, wiring...)},
	{"server/store/walk", 4, []string{"server/store/where", "server/store/plan", "server/store/list"}},
	{"server/store/where", 6, []string{"server/store/tally", "server/store/plan", "server/store/list"}},
	{"server/store/plan", 7, []string{"server/store/list"}},
	{"server/store/list", 8, append([]string{"server/store", "server/rest/stored"}, wiring...)},
	{"server/store/intake", 6, []string{"server/store"}},
	{"server/store/outcome", 6, []string{"server/store", "server/store/tally"}},
	{"server/store/tally", 7, append([]string{"server/store", "server/rest/stored"}, wiring...)},
	{"server/store", 9, append([]string{"server/rest/stored"}, wiring...)},
	{"server/web/file", 4, []string{"server/web", "server/web/hosts"}},
	{"server/web/hosts", 5, append([]string{"server/web"}, wiring...)},
	{"server/web/markup", 4, []string{"server/web"}},
	{"server/web", 10, wiring},

	// The load test, which is outside of the server and talks to it as everybody does.
	{"server/load/gauge", 4, nil},
	{"server/load/swarm", 7, []string{"server/load", "e2e/peer/measure"}},
	{"server/load/target", 7, []string{"server/load", "server", "e2e/peer/..."}},
	{"server/load/traffic", 5, []string{"server/load", "server/load/ledger", "e2e/peer/job", "e2e/peer/measure"}},
	{"server/load/ledger", 6, []string{"server/load", "server/load/report"}},
	{"server/load/report", 7, []string{"server/load", "server/load/scenario"}},
	{"server/load/scenario", 8, []string{"server/load", "server"}},
	{"server/load", 9, []string{"server"}},

	{"server/daemon/address", 8, []string{"server/daemon"}},
	{"server/daemon/edge", 8, []string{"server/daemon"}},
	{"server/daemon/outcomes", 7, []string{"server/daemon/keeper"}},
	{"server/daemon/keeper", 10, []string{"server/daemon"}},
	{"server/daemon", 12, []string{"server"}},

	// Programs, and what tests them: nobody imports them, but tests of every package may use e2e/stack.
	{"server", 13, []string{}},
	{"app", 10, []string{}},
	{"assets/icons", 10, []string{}},
	{"assets/pack", 10, []string{}},
	{"e2e/candles", 10, []string{}},
	{"e2e/stack/process", 4, []string{"e2e/stack/..."}},
	{"e2e/stack/stores", 5, []string{"e2e/stack"}},
	{"e2e/stack/chrome", 5, []string{"e2e/stack"}},
	{"e2e/stack", 10, []string{"e2e"}},
	{"e2e/benchui/naive", 10, []string{}},
	{"e2e", 14, []string{"e2e/benchui", "e2e/peer"}}, // for its budgets
	{"e2e/benchui", 15, []string{}},
	{"e2e/peer/resp", 4, rivals},
	{"e2e/peer/job", 9, rivals},
	{"e2e/peer/measure", 10, rivals},
	{"e2e/peer/serve", 10, rivals},
	{"e2e/peer/own", 11, rivals},
	{"e2e/peer/rival", 11, rivals},
	{"e2e/peer/emit", 11, rivals},
	{"e2e/peer/report", 11, rivals},
	{"e2e/peer", 15, []string{}},
}

// libraries says which packages may import which foreign module: as few as can be, so that a library can be replaced by
// changing one package. A module that is missing here may not be imported outside tests.
var libraries = map[string][]string{
	"github.com/alecthomas/kong":              {"server", "server/config"},
	"github.com/alicebob/miniredis/v2":        {"server/broker"},
	"github.com/andybalholm/brotli":           {"assets/pack", "server/gate", "server/web/file"},
	"github.com/centrifugal/centrifuge":       {"e2e/peer/rival"}, // the peer
	"github.com/chromedp":                     {"e2e/stack/chrome", "e2e", "e2e/benchui"},
	"github.com/coder/websocket":              {"server/session", "app/live", "e2e/benchui"}, // app/live: outside the browser only
	"github.com/google/uuid":                  {"server/classify/reading", "server/demo"},
	"github.com/danielgtaylor/huma/v2":        {"server/rest", "server/rest/docs", "server/rest/operation"},
	"github.com/klauspost/compress":           {"server/web", "server/gate"},
	"github.com/lmittmann/tint":               {"server"},
	"github.com/maxence-charriere/go-app/v10": {"app", "app/ui/...", "server/web", "e2e/benchui", "e2e/benchui/naive"},
	"github.com/prometheus/client_golang":     {"server/metrics"},
	"github.com/redis/go-redis/v9":            {"server/ingest", "server/ingest/follow", "server/demo", "server/tape", "e2e/candles", "e2e/benchui"},
	"github.com/rickar/cal/v2":                {"server/calendar"},
	"github.com/valyala/fastjson":             {"server/classify", "server/classify/channels", "server/classify/combo", "server/classify/details", "server/classify/detection", "server/classify/layers", "server/classify/levels", "server/classify/loose", "server/classify/reading", "server/classify/scalar", "server/classify/spelling"},
	"github.com/vmihailenco/msgpack/v5":       {"shared/wire"},
	"golang.org/x/sync":                       {"assets/pack", "server/daemon", "server/daemon/keeper", "server/demo", "server/ingest"},
	"github.com/uptrace/bun":                  {"server/store/intake", "server/store/outcome", "server/store/tally", "server/store/connect", "server/store/migrations", "server/store/model", "server/store/saved", "server/store/walk", "server/store/where", "server/store/plan", "server/store/list"},
	"github.com/jackc/pgx/v5":                 {"server/store/connect"},
	"modernc.org/sqlite":                      {"server/store/connect"},
}

// notInBrowser are packages that none of ours may import when it is part of the browser's program: each adds between
// 120 KB and 1.5 MB to what a visitor downloads. What go-app itself brings along is not ours to refuse.
var notInBrowser = []string{"net/http", "log", "log/slog", "text/template", "html/template", "regexp", "github.com/coder/websocket"}

// topLevel is everything that may lie at the top of the repository, besides files whose name starts with a dot.
var topLevel = []string{"Makefile", "README.md", "app", "assets", "e2e", "go.mod", "go.sum", "server", "shared"}

// listed is what `go list -json` says about a package.
type listed struct {
	ImportPath string
	Name       string
	Dir        string
	Standard   bool
	GoFiles    []string
	Imports    []string
	Deps       []string
}

// own returns the path inside the module of one of our packages.
func own(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, module)
}

// The two programs are built for two targets; a package can belong to both, with other files in each.
var (
	native  = []string{"GOOS=", "GOARCH="}
	browser = []string{"GOOS=js", "GOARCH=wasm"}
)

// list runs `go list` with the patterns for a target. Packages without files for the target are left out.
func list(t *testing.T, target []string, patterns ...string) []listed {
	t.Helper()
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	// -e, because the server's database driver has no files for the browser, where nobody needs it; what has to
	// compile there is compiled by the build.
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Name,Dir,Standard,GoFiles,Imports,Deps"}, patterns...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), target...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v for %v: %v\n%s", patterns, target, err, &stderr)
	}
	var pkgs []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("go list %v: %v", patterns, err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) == 0 {
		t.Fatalf("go list %v for %v found nothing", patterns, target)
	}
	return pkgs
}

// ours returns all packages of the module, those of both targets joined into one, in the order of their paths.
func ours(t *testing.T) []listed {
	t.Helper()
	byPath := map[string]listed{}
	for _, target := range [][]string{native, browser} {
		for _, p := range list(t, target, "./...") {
			known := byPath[p.ImportPath]
			p.GoFiles = union(known.GoFiles, p.GoFiles)
			p.Imports = union(known.Imports, p.Imports)
			byPath[p.ImportPath] = p
		}
	}
	pkgs := make([]listed, 0, len(byPath))
	for _, p := range byPath {
		pkgs = append(pkgs, p)
	}
	slices.SortFunc(pkgs, func(a, b listed) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return pkgs
}

// union returns the strings of both lists, sorted, each once.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// places returns the plan by package.
func places(t *testing.T) map[string]place {
	t.Helper()
	byPackage := map[string]place{}
	for _, p := range floors {
		if _, twice := byPackage[p.pkg]; twice {
			t.Errorf("%s has two rows in the plan", p.pkg)
		}
		byPackage[p.pkg] = p
	}
	return byPackage
}

func TestFloorsHoldEveryPackage(t *testing.T) {
	plan := places(t)
	found := map[string]bool{}
	for _, p := range ours(t) {
		pkg, ok := own(p.ImportPath)
		if !ok {
			t.Errorf("%s: the module has no package at its top", p.ImportPath)
			continue
		}
		found[pkg] = true
		if _, ok := plan[pkg]; !ok {
			t.Errorf("%s stands on no floor: give it a row in floors", pkg)
		}
	}
	for pkg := range plan {
		if !found[pkg] {
			t.Errorf("%s has a row in floors, but there is no such package", pkg)
		}
	}
}

func TestFloorsImportDownwards(t *testing.T) {
	for _, fault := range importFaults(places(t), ours(t)) {
		t.Error(fault)
	}
}

// importFaults returns what is wrong with the imports between packages of the module.
func importFaults(plan map[string]place, pkgs []listed) []string {
	var faults []string
	for _, p := range pkgs {
		from, ok := own(p.ImportPath)
		if !ok {
			continue
		}
		for _, imported := range p.Imports {
			to, ok := own(imported)
			if !ok {
				continue
			}
			switch a, b := plan[from], plan[to]; {
			case a.pkg == "" || b.pkg == "":
				// Told by TestFloorsHoldEveryPackage.
			case b.floor >= a.floor:
				faults = append(faults, fmt.Sprintf("%s (floor %d) imports %s (floor %d): imports go down", from, a.floor, to, b.floor))
			case strings.HasPrefix(from+"/", "app/") && strings.HasPrefix(to+"/", "server/"):
				faults = append(faults, fmt.Sprintf("%s imports %s: the browser's program knows nothing of the server", from, to))
			case b.usedBy != nil && !among(b.usedBy, from):
				faults = append(faults, fmt.Sprintf("%s imports %s, which is for %q only", from, to, b.usedBy))
			}
		}
	}
	return faults
}

// among reports whether a list names a package, or with "/..." a package above it.
func among(list []string, pkg string) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		above, tree := strings.CutSuffix(entry, "/...")
		return pkg == above || tree && strings.HasPrefix(pkg, above+"/")
	})
}

// TestFloorsRulesBite shows that each rule about imports finds what it is for.
func TestFloorsRulesBite(t *testing.T) {
	plan := places(t)
	for name, test := range map[string]struct{ from, to, want string }{
		"up":             {"shared/event", "shared/filter", "imports go down"},
		"sideways":       {"server/ingest", "server/session", "imports go down"},
		"app to server":  {"app/ui", "server/match", "knows nothing of the server"},
		"edge to screen": {"server", "app/ui", "only"},
		"the main":       {"e2e", "server", "only"},
		"fine":           {"server/daemon", "server/hub", ""},
		"the one user":   {"server/web", "app/ui", ""},
		"into screen":    {"server/web", "app/ui/draw", "only"},
		"in the screen":  {"app/ui", "app/ui/draw", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := importFaults(plan, []listed{{ImportPath: module + test.from, Imports: []string{"fmt", module + test.to}}})
			if test.want == "" && len(got) > 0 {
				t.Errorf("got %q, want nothing", got)
			}
			if test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestFloorsKeepLibrariesInTheirPackage(t *testing.T) {
	standard := map[string]bool{}
	for _, target := range [][]string{native, browser} {
		for _, p := range list(t, target, "-deps", "./...") {
			standard[p.ImportPath] = standard[p.ImportPath] || p.Standard
		}
	}
	for _, p := range ours(t) {
		from, _ := own(p.ImportPath)
		for _, imported := range p.Imports {
			if _, ok := own(imported); ok || standard[imported] || imported == "C" {
				continue
			}
			library := libraryOf(imported)
			if library == "" {
				t.Errorf("%s imports %s: no package may, until the table of libraries says which", from, imported)
			} else if allowed := libraries[library]; !among(allowed, from) {
				t.Errorf("%s imports %s, which is for %q only", from, imported, allowed)
			}
		}
	}
}

// libraryOf returns the key of libraries that an import path belongs to, or "".
func libraryOf(importPath string) string {
	for p := importPath; p != "."; p = path.Dir(p) {
		if _, ok := libraries[p]; ok {
			return p
		}
	}
	return ""
}

func TestFloorsKeepTheBrowserSmall(t *testing.T) {
	var checked int
	for _, p := range list(t, browser, "-deps", "./app") {
		pkg, ok := own(p.ImportPath)
		if !ok {
			continue
		}
		checked++
		if strings.HasPrefix(pkg+"/", "server/") {
			t.Errorf("%s is part of the browser's program", pkg)
		}
		for _, imported := range p.Imports {
			if slices.Contains(notInBrowser, imported) {
				t.Errorf("%s is part of the browser's program and imports %s", pkg, imported)
			}
		}
		for _, file := range p.GoFiles {
			for _, position := range handlerUses(t, filepath.Join(p.Dir, file)) {
				t.Errorf("%s: app.Handler brings the whole HTTP server into the browser's program", position)
			}
		}
	}
	if checked < 5 {
		t.Errorf("only %d of our packages are part of the browser's program", checked)
	}
}

// handlerUses returns where a file names go-app's Handler.
func handlerUses(t *testing.T, file string) []token.Position {
	t.Helper()
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var uses []token.Position
	ast.Inspect(tree, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Handler" {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "app" {
				uses = append(uses, files.Position(sel.Pos()))
			}
		}
		return true
	})
	return uses
}

func TestFloorsOfTheRepository(t *testing.T) {
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", "-c", "safe.directory=*", "ls-files", "-z")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list tracked files: %v", err)
	}
	var top []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		first, _, _ := strings.Cut(name, "/")
		if !strings.HasPrefix(first, ".") {
			top = append(top, first)
		}
		info, err := os.Stat(filepath.Join(root, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, but not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > RepositoryFile {
			t.Errorf("%s has %d bytes, more than %d", name, info.Size(), RepositoryFile)
		}
	}
	slices.Sort(top)
	if top = slices.Compact(top); !slices.Equal(top, topLevel) {
		t.Errorf("the top level holds %q, want exactly %q", top, topLevel)
	}
}
