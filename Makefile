# Tierboard. `make` alone lists the targets. Building needs Go and make; testing installs the rest by name.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# When this run began: all steps of `make test`, which are runs of make inside it, tell the seconds since then.
ifndef STARTED
STARTED := $(shell date +%s)
endif
export STARTED

# One set of flags for everything that compiles, so that what one step compiled is not compiled again by the next.
export GOFLAGS := $(strip $(filter-out -trimpath -buildvcs=%,$(shell go env GOFLAGS)) -trimpath -buildvcs=false)
# No C compiler is needed, and the binary runs on any Linux. The race detector is the exception.
export CGO_ENABLED := 0

LDFLAGS := -s -w
# Brotli's quality, 0 to 11. `make run` takes 5 when it has to build, which is half a minute sooner and a tenth larger.
QUALITY ?= 11
# Arguments of the server: make run ARGS="--addr 127.0.0.1:9000".
ARGS ?=
# What `make load` does: spec, wide, max, fixed, firehose, churn, connect, stuck or idle.
SCENARIO ?= spec
# Arguments of `go test`: make fast TESTFLAGS="-run TestIndex -v".
TESTFLAGS ?=

WASM := GOOS=js GOARCH=wasm
# Tools are built for this machine first: with WASM set, `go tool` would build them for the browser.
LINTER := build/golangci-lint
STATICCHECK := build/staticcheck

# What the two programs are made of: every file but tests, their data and what is built.
SOURCES = $(shell find $(1) -type f ! -name '*_test.go' ! -path '*/testdata/*' ! -name '.*' ! -name 'app.wasm*' 2>/dev/null)
WASM_SOURCES := $(call SOURCES,app shared) go.mod go.sum
SERVER_SOURCES := $(call SOURCES,server shared app assets) go.mod go.sum

# Packages whose tests also run as WebAssembly, under Node: all that need neither a page nor a socket.
WASM_TESTED = $(patsubst %,./%,$(wildcard app/board app/format)) ./shared/...
# Packages that hold the rules and the delivery; the specification wants 95 % of the statements of each tested.
CORE := ./shared/... ./server/classify/... ./server/ingest/... ./server/match/... ./server/hub/... ./server/session ./server/recent ./app/board
COVERED := 95

# What is measured by `make bench`, how often, and for how long each time.
MEASURED ?= ./server/match ./server/hub ./server/session ./server/ingest ./server/recent ./shared/wire
BENCH ?= .
BENCHCOUNT ?= 1
BENCHTIME ?= 1s

# A heading before each step: the seconds since the start, and what comes.
step = @printf '\n\033[1m== %4d s  %s\033[0m\n' $$(( $$(date +%s) - $(STARTED) )) '$(1)'

.PHONY: help build run demo test fast race wasm-test e2e load bench-rest bench-ui bench-peer outage soak lint fmt cover bench clean tools check-format rules docs

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Building

build: tierboard ## build ./tierboard: one binary with the page, the browser's program and the docs inside

run: ## build if needed and run with invented market traffic; ARGS go to the server
	@# What runs here is not sent anywhere, so a first build does not wait for the best compression.
	@$(MAKE) --no-print-directory -q tierboard 2>/dev/null || $(MAKE) --no-print-directory tierboard QUALITY=5
	./tierboard serve --demo $(ARGS)

demo: tierboard ## like run, on free ports and with data that is gone afterwards, beside whatever else runs
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && trap : INT TERM && \
	TIERBOARD_ADDR=127.0.0.1:0 TIERBOARD_ADMIN_ADDR=127.0.0.1:0 TIERBOARD_DATA_DIR="$$data" ./tierboard serve --demo $(ARGS)

# Inlining everywhere would add a tenth to the download (140 KB). It is kept where a batch spends its time: the runtime, the calls into
# the browser, the frames and the board; there it saves a fifth of the script's time.
INLINED := runtime internal/runtime/... internal/abi syscall/js strings sort strconv time tierboard/shared/... tierboard/app/board tierboard/app/live
# The plain program stays out of assets/web: only the compressed forms are embedded.
build/app.wasm: $(WASM_SOURCES) build/overlay.json
	$(WASM) go build -overlay build/overlay.json -gcflags=all=-l $(INLINED:%=-gcflags=%=) -ldflags '$(LDFLAGS)' -o $@ ./app

# Lays app/http over net/http, whose files are taken away: see there. Written anew for another version of Go.
build/overlay.json: Makefile go.mod $(shell go env GOROOT)/VERSION
	@mkdir -p build
	@{ printf '{"Replace":{'; \
	for file in "$$(go env GOROOT)"/src/net/http/*.go; do case "$$file" in */doc.go) ;; *) printf '"%s":"",' "$$file";; esac; done; \
	printf '"%s":"%s"}}\n' "$$(go env GOROOT)/src/net/http/doc.go" "$(CURDIR)/app/http/http.go"; } > $@

# Compressing keeps one core busy, so the other one compiles the server's packages meanwhile. What does not compile there
# is told when the server is built. The gzip form is written first: when this file is new, both are.
assets/web/app.wasm.br: build/app.wasm build/quality.$(QUALITY) $(call SOURCES,assets/pack)
	@go build $$(go list -f '{{if not (or .Standard (eq .Name "main"))}}{{.ImportPath}}{{end}}' -deps ./server) 2>/dev/null & \
	go run ./assets/pack -quality $(QUALITY) build/app.wasm assets/web; status=$$?; wait; exit $$status

# Remembers which quality the compressed forms have.
build/quality.$(QUALITY):
	@mkdir -p build && rm -f build/quality.* && touch $@

tierboard: $(SERVER_SOURCES) assets/web/app.wasm.br
	go build -ldflags '$(LDFLAGS)' -o $@ ./server

## Testing

test: tools ## everything: install what is missing, lint, unit, race and wasm tests, coverage, build, end to end
	@$(MAKE) --no-print-directory check-format
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory rules
	@$(MAKE) --no-print-directory race
	@$(MAKE) --no-print-directory cover
	@$(MAKE) --no-print-directory wasm-test
	$(call step,build)
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory e2e
	$(call step,everything passed)

fast: ## the quick unit tests
	$(call step,unit tests)
	go test -short $(TESTFLAGS) ./shared/... ./server/... ./app/... ./assets/...

race: ## unit tests with the race detector
	$(call step,unit tests with the race detector)
	CGO_ENABLED=1 go test -race $(TESTFLAGS) ./shared/... ./server/... ./app/... ./assets/...

wasm-test: ## the tests of what both programs share, as WebAssembly under Node
	$(call step,tests as WebAssembly under Node)
	PATH="$$PATH:$$(go env GOROOT)/lib/wasm" $(WASM) go test $(TESTFLAGS) $(WASM_TESTED)

e2e: tierboard ## the built binary with a real Redis and a real browser
	$(call step,end to end)
	go test -count=1 -p 1 -timeout 25m $(TESTFLAGS) ./e2e/...

load: tierboard ## measure a server under load: make load SCENARIO=wide ARGS="--seconds 30"; ./tierboard load --help tells more
	./tierboard load $(SCENARIO) $(ARGS)

bench-rest: ## how fast the REST questions are on both databases, with a million events; takes some minutes on a quiet machine
	go test ./server/rest/stored -run '^$$' -bench REST -benchtime 500x -rows 1000000 -timeout 60m $(ARGS)

bench-ui: tierboard ## how fast the board is in Chromium, beside what is promised; takes ten minutes on a quiet machine
	go run ./e2e/benchui $(ARGS)

bench-peer: tierboard ## others doing the same job: CPU, latency and memory beside ours; takes five minutes on a quiet machine
	@# Debian's Flask-SocketIO, for Debian's Python. No test needs it, so `make tools` does not install it.
	@set -- python3-flask-socketio python3-eventlet; \
	if /usr/bin/python3 -I -c 'import eventlet, flask_socketio' 2>/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "This needs: $$*"; echo "Install them as root: apt-get install $$*"; exit 1; \
	fi; \
	echo "installing $$*"; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -qq && apt-get install -y -qq --no-install-recommends "$$@"
	go run ./e2e/peer $(ARGS)

outage: tierboard ## stop the database for a minute under load; every event must be there afterwards
	go test -count=1 -timeout 10m -run '^TestArchiveOutage$$' -v ./e2e -outage 1m $(ARGS)

soak: tierboard ## random hands at the board for ten minutes; the program must not end: make soak ARGS="-seed 7"
	go test -count=1 -timeout 3h -run '^TestRandomHands$$' -v ./e2e -soak 10m $(ARGS)

rules:
	$(call step,floors and docs)
	@# Not from the cache: they look at the whole module through other programs, which the cache knows nothing of.
	go test -count=1 $(TESTFLAGS) -run '^Test(Floors|Docs)' ./e2e

docs: ## write the tables of README.md again, from the sources and the settings
	go test -count=1 -run '^TestDocsReadme' ./e2e -update

cover: ## fail unless the tests run 95 % of the statements of each core package; the profile is build/cover.out
	$(call step,coverage)
	@mkdir -p build
	@go test -coverprofile=build/cover.out $(TESTFLAGS) $(CORE) > build/cover.txt || { cat build/cover.txt; exit 1; }
	@awk -v least=$(COVERED) '/coverage: [0-9]/ { split($$0, part, "coverage: "); share = part[2] + 0; \
	printf "%-32s %5.1f %%\n", $$2, share; measured++; if (share < least) { low = low " " $$2 } } \
	END { if (!measured || low) { print "less than " least " % of the statements tested:" low; exit 1 } }' build/cover.txt

bench: ## measure the delivery engine, with its ratios; build/bench.txt is for benchstat, BENCH= chooses, BENCHCOUNT=6 repeats
	$(call step,benchmarks)
	@mkdir -p build
	@# One at a time: two on one machine would measure each other. A million filters and ten thousand connections are opened
	@# once: those benchmarks report numbers of their own. -cpuprofile and -memprofile go into TESTFLAGS with one of MEASURED.
	@: > build/bench.txt
	@for package in $(MEASURED); do \
		go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -count $(BENCHCOUNT) -timeout 30m $(TESTFLAGS) $$package \
			> build/bench.last || { cat build/bench.last; exit 1; }; \
		tee -a build/bench.txt < build/bench.last; \
	done
	@printf '%s\n' 'compare two of them: go tool benchstat old.txt build/bench.txt' \
		'profile one: make bench MEASURED=./server/session BENCH=FanOut TESTFLAGS="-cpuprofile build/cpu.out -o build/bench.test"' \
		'profile a server under load: go tool pprof http://127.0.0.1:9090/debug/pprof/profile?seconds=10'

## Style

lint: $(LINTER) $(STATICCHECK) ## vet, staticcheck and golangci-lint, for the server and for the browser
	$(call step,vet)
	go vet ./...
	$(WASM) go vet ./app/... ./shared/...
	$(call step,staticcheck)
	$(STATICCHECK) ./...
	$(WASM) $(STATICCHECK) ./app/... ./shared/...
	$(call step,golangci-lint)
	$(LINTER) run ./...
	$(WASM) $(LINTER) run ./app/... ./shared/...

fmt: ## format all Go files
	go tool gofumpt -w app server shared assets e2e

check-format:
	$(call step,format)
	@bad=$$(go tool gofumpt -l app server shared assets e2e) || exit 1; \
	if [ -n "$$bad" ]; then echo "not formatted, run make fmt:"; echo "$$bad"; exit 1; fi

# Its own module file: in go.mod it would add some 200 requirements to the program's own.
$(LINTER): .ci/golangci-lint.mod .ci/golangci-lint.sum
	@echo 'building golangci-lint, once'
	@mkdir -p build
	go build -modfile=.ci/golangci-lint.mod -ldflags '$(LDFLAGS)' -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

$(STATICCHECK): go.mod
	@mkdir -p build
	go build -ldflags '$(LDFLAGS)' -o $@ honnef.co/go/tools/cmd/staticcheck
	@touch $@

# Programs the tests start, by the package that brings each. Postgres lies outside PATH, and the C library's headers are
# what the race detector needs besides the compiler.
tools:
	$(call step,programs for the tests)
	@missing=; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$$missing postgresql"; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing="$$missing chromium"; \
	command -v node >/dev/null || missing="$$missing nodejs"; \
	command -v curl >/dev/null || missing="$$missing curl"; \
	command -v gcc >/dev/null || missing="$$missing gcc"; \
	[ -e /usr/include/stdlib.h ] || missing="$$missing libc6-dev"; \
	if [ -z "$$missing" ]; then echo 'all there'; exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "The tests need:$$missing"; echo "Install them as root: apt-get install$$missing"; exit 1; \
	fi; \
	echo "installing$$missing"; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing

clean: ## remove what was built, but not the data
	rm -rf build tierboard assets/web/app.wasm.br assets/web/app.wasm.gz
