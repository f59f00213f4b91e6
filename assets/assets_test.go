package assets

import (
	"encoding/json"
	"errors"
	"image/png"
	"io/fs"
	"maps"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func TestVersionIsAStableHash(t *testing.T) {
	v := Version()
	if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(v) {
		t.Errorf("version %q, want 16 hex digits", v)
	}
	again, err := Hash(FS())
	if err != nil {
		t.Fatal(err)
	}
	if again != v || Version() != v {
		t.Errorf("version %q, then %q and %q", v, again, Version())
	}
}

func TestHashSeesNamesAndContents(t *testing.T) {
	start := fstest.MapFS{"a": {Data: []byte("one")}, "dir/b": {Data: []byte("two")}}
	want, err := Hash(start)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{want: "the start"}
	for name, change := range map[string]func(fstest.MapFS){
		"other content":           func(m fstest.MapFS) { m["a"] = &fstest.MapFile{Data: []byte("One")} },
		"other name":              func(m fstest.MapFS) { m["c"] = m["a"]; delete(m, "a") },
		"a byte moved over":       func(m fstest.MapFS) { m["ao"] = &fstest.MapFile{Data: []byte("ne")}; delete(m, "a") },
		"one more, and empty":     func(m fstest.MapFS) { m["z"] = &fstest.MapFile{} },
		"one less":                func(m fstest.MapFS) { delete(m, "dir/b") },
		"the contents swapped":    func(m fstest.MapFS) { m["a"], m["dir/b"] = m["dir/b"], m["a"] },
		"in another folder":       func(m fstest.MapFS) { m["rid/b"] = m["dir/b"]; delete(m, "dir/b") },
		"the contents in one run": func(m fstest.MapFS) { m["a"] = &fstest.MapFile{Data: []byte("onedir/btwo")}; delete(m, "dir/b") },
	} {
		changed := maps.Clone(start)
		change(changed)
		got, err := Hash(changed)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%s has the hash of %s", name, other)
		}
		seen[got] = name
	}
}

func TestHashPassesReadErrorsOn(t *testing.T) {
	if _, err := Hash(unreadable{fstest.MapFS{"a": {}}}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want a permission error", err)
	}
}

// unreadable lists its files and refuses to open them.
type unreadable struct{ fstest.MapFS }

func (unreadable) ReadFile(name string) ([]byte, error) {
	return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrPermission}
}

func TestCheckBuilt(t *testing.T) {
	full := &fstest.MapFile{Data: []byte{1}}
	for _, test := range []struct {
		name    string
		fsys    fstest.MapFS
		missing string
	}{
		{"both are there", fstest.MapFS{WasmBrotli: full, WasmGzip: full}, ""},
		{"nothing is there", fstest.MapFS{}, WasmBrotli},
		{"only brotli", fstest.MapFS{WasmBrotli: full}, WasmGzip},
		{"only gzip", fstest.MapFS{WasmGzip: full}, WasmBrotli},
		{"an empty file is none", fstest.MapFS{WasmBrotli: full, WasmGzip: {}}, WasmGzip},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := checkBuilt(test.fsys)
			if test.missing == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, ErrNotBuilt) || !strings.Contains(err.Error(), test.missing) ||
				!strings.Contains(err.Error(), "make build") {
				t.Errorf("got %v, want one that names %s and make build", err, test.missing)
			}
		})
	}
	if got, want := CheckBuilt(), checkBuilt(FS()); (got == nil) != (want == nil) {
		t.Errorf("CheckBuilt says %v, its files say %v", got, want)
	}
}

func TestManifest(t *testing.T) {
	content, err := fs.ReadFile(FS(), "manifest.webmanifest")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		ID, Name, Scope, Display string
		ShortName                string `json:"short_name"`
		StartURL                 string `json:"start_url"`
		BackgroundColor          string `json:"background_color"`
		ThemeColor               string `json:"theme_color"`
		Icons                    []struct{ Src, Type, Sizes, Purpose string }
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.ID != "/" || manifest.Scope != "/" || manifest.Display != "standalone" || manifest.StartURL != "/?source=pwa" {
		t.Errorf("manifest %+v", manifest)
	}
	sizes := map[string]int{"192x192": 192, "512x512": 512}
	purposes := map[string]int{}
	for _, icon := range manifest.Icons {
		purposes[icon.Purpose+" "+icon.Sizes]++
		name, ours := strings.CutPrefix(icon.Src, "/web/")
		if !ours {
			t.Errorf("icon %q is not served by us", icon.Src)
			continue
		}
		f, err := FS().Open(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if icon.Type == "image/png" {
			img, err := png.DecodeConfig(f)
			if err != nil || img.Width != sizes[icon.Sizes] || img.Height != sizes[icon.Sizes] {
				t.Errorf("%s: %v, %d × %d, want %s", name, err, img.Width, img.Height, icon.Sizes)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{"any 192x192", "any 512x512", "maskable 512x512", "any any"} {
		if purposes[want] != 1 {
			t.Errorf("%d icons for %q, want one", purposes[want], want)
		}
	}
}

// Nothing that a browser loads may name another origin or hide code in an attribute: the page's policy would block it.
func TestFilesNameNoOtherOrigin(t *testing.T) {
	allowed := strings.NewReplacer("http://www.w3.org/2000/svg", "")
	for _, pattern := range []string{"*.css", "*.js", "*.svg", "*.webmanifest"} {
		names, err := fs.Glob(FS(), pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(names) == 0 {
			t.Errorf("no %s embedded", pattern)
		}
		for _, name := range names {
			content, err := fs.ReadFile(FS(), name)
			if err != nil {
				t.Fatal(err)
			}
			if found := regexp.MustCompile(`https?://\S*|@import\S*`).FindString(allowed.Replace(string(content))); found != "" {
				t.Errorf("%s names %s", name, found)
			}
		}
	}
}

func TestFontIsWoff2(t *testing.T) {
	content, err := fs.ReadFile(FS(), "inter.woff2")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(content), "wOF2") {
		t.Errorf("inter.woff2 starts with %q", content[:4])
	}
	licence, err := fs.ReadFile(FS(), "inter-LICENSE.txt")
	if err != nil || !strings.Contains(string(licence), "SIL OPEN FONT LICENSE") {
		t.Errorf("the font's licence is not beside it (%v)", err)
	}
}
