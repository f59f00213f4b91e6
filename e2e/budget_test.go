package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"tierboard/e2e/stack"
)

func TestBudgetOfTheDownload(t *testing.T) {
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(root, "assets", "web", "app.wasm.br"))
	if err != nil {
		t.Fatalf("run `make build` first: %v", err)
	}
	t.Logf("the browser program has %d bytes of %d", info.Size(), WasmTransfer)
	if info.Size() > WasmTransfer {
		t.Errorf("the browser program has %d bytes, more than %d", info.Size(), WasmTransfer)
	}
}
