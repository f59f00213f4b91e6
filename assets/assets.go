// Package assets holds what the browser loads: the style sheet, the font, the icons, the install manifest, the boot
// script and, once built, the compressed WebAssembly program. All of it is embedded, so the server is one file.
//
// The folder is embedded as a whole and not file by file: so the module compiles, and every other test runs, before
// `make build` has put the program there. CheckBuilt tells whether it has.
package assets

import (
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

// Names of the two compressed forms of the WebAssembly program inside FS. The plain program is not embedded: it would
// add 7 MB to the server for the rare browser that accepts neither encoding, and that one can be served by unpacking.
const (
	WasmBrotli = "app.wasm.br"
	WasmGzip   = "app.wasm.gz"
)

// ErrNotBuilt is what CheckBuilt wraps when the WebAssembly program is not embedded.
var ErrNotBuilt = errors.New("the browser program is not built: run make build")

// versionDigits is the length of a version: 64 bits of the hash are far beyond an accidental clash between two releases.
const versionDigits = 16

//go:embed web
var embedded embed.FS

// FS returns the embedded files with their names relative to the web folder, "app.css" for one. It is read only and
// safe for concurrent use.
func FS() fs.FS {
	sub, err := fs.Sub(embedded, "web")
	if err != nil {
		panic(err) // "web" is a valid path, the only thing Sub checks
	}
	return sub
}

// Version returns the content hash of all embedded files: 16 lower-case hex digits. Two servers with the same files
// agree on it, and any change of any file changes it, so the browser's cache is renewed exactly when it has to be.
// It is computed at the first call and safe for concurrent use.
func Version() string {
	return version()
}

var version = sync.OnceValue(func() string {
	v, err := Hash(FS())
	if err != nil {
		panic(err) // reading embedded memory cannot fail
	}
	return v
})

// Hash returns the version of the files of fsys, as Version does for the embedded ones: names and contents count,
// times and modes do not. The error is that of reading fsys.
func Hash(fsys fs.FS) (string, error) {
	sum := sha256.New()
	var size [8]byte
	// Each part is preceded by its length, so that no two different trees feed the same bytes to the hash.
	part := func(b []byte) {
		binary.BigEndian.PutUint64(size[:], uint64(len(b)))
		sum.Write(size[:])
		sum.Write(b)
	}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("hash assets: %w", err)
		}
		if entry.IsDir() {
			return nil
		}
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("hash assets: %w", err)
		}
		part([]byte(name))
		part(content)
		return nil
	})
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil))[:versionDigits], nil
}

// CheckBuilt returns nil when the embedded files contain both compressed forms of the WebAssembly program, and else an
// error that wraps ErrNotBuilt and names the missing one. The server calls it at start, before it promises a page.
func CheckBuilt() error {
	return checkBuilt(FS())
}

func checkBuilt(fsys fs.FS) error {
	for _, name := range []string{WasmBrotli, WasmGzip} {
		stat, err := fs.Stat(fsys, name)
		if err != nil {
			return fmt.Errorf("assets: %s is missing: %w", name, ErrNotBuilt)
		}
		if stat.Size() == 0 {
			return fmt.Errorf("assets: %s is empty: %w", name, ErrNotBuilt)
		}
	}
	return nil
}
