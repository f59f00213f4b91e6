package e2e

import (
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"tierboard/e2e/stack"
)

// update makes tests rewrite the texts and files they otherwise compare with: go test ./e2e -run Docs -update.
var update = flag.Bool("update", false, "rewrite recorded results instead of comparing with them")

// documentation is what the sources of one package say about it.
type documentation struct {
	pkg      string // import path without the module
	name     string // the package's name, or the folder's for a program
	program  bool
	doc      string   // the package comment
	synopsis string   // its first sentence
	files    []string // files with a package comment
	missing  []string // exported identifiers without a comment
}

// readDocs parses a package and collects its comments.
func readDocs(t *testing.T, p listed) documentation {
	t.Helper()
	pkg, _ := own(p.ImportPath)
	d := documentation{pkg: pkg, name: p.Name, program: p.Name == "main"}
	if d.program {
		d.name = path.Base(pkg)
	}
	sources := map[string]string{}
	for _, name := range p.GoFiles {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		sources[name] = string(text)
	}
	if err := d.parse(p.ImportPath, sources); err != nil {
		t.Fatal(err)
	}
	return d
}

// parse fills d from the text of the package's files.
func (d *documentation) parse(importPath string, sources map[string]string) error {
	files := token.NewFileSet()
	var trees []*ast.File
	for name, text := range sources {
		tree, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if tree.Doc != nil {
			d.files = append(d.files, name)
		}
		trees = append(trees, tree)
	}
	p, err := doc.NewFromFiles(files, trees, importPath)
	if err != nil {
		return err
	}
	d.doc, d.synopsis = p.Doc, p.Synopsis(p.Doc)

	d.values(p.Consts)
	d.values(p.Vars)
	d.funcs("", p.Funcs)
	for _, typ := range p.Types {
		d.need(typ.Name, typ.Doc)
		d.values(typ.Consts)
		d.values(typ.Vars)
		d.funcs("", typ.Funcs)
		d.funcs(typ.Name+".", typ.Methods)
	}
	return nil
}

// values looks at the constants or variables of each group: a comment on the group is enough for all.
func (d *documentation) values(groups []*doc.Value) {
	for _, group := range groups {
		if group.Doc != "" {
			continue
		}
		for _, spec := range group.Decl.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for _, name := range value.Names {
				if name.IsExported() {
					d.need(name.Name, value.Doc.Text()+value.Comment.Text())
				}
			}
		}
	}
}

// funcs looks at functions, or at the methods of a type.
func (d *documentation) funcs(prefix string, funcs []*doc.Func) {
	for _, f := range funcs {
		d.need(prefix+f.Name, f.Doc)
	}
}

// need notes an exported identifier without a comment.
func (d *documentation) need(name, comment string) {
	if strings.TrimSpace(comment) == "" {
		d.missing = append(d.missing, name)
	}
}

// faults returns what is wrong with the package's comments.
func (d *documentation) faults() []string {
	var faults []string
	if len(d.files) != 1 {
		faults = append(faults, fmt.Sprintf("%s: %d files have a package comment %v, want 1", d.pkg, len(d.files), d.files))
	}
	starts := []string{"Package " + d.name + " "}
	if d.program {
		starts = []string{"Command " + d.name + " ", "Tierboard "}
	}
	ok := false
	for _, start := range starts {
		ok = ok || strings.HasPrefix(d.doc, start)
	}
	if !ok {
		faults = append(faults, fmt.Sprintf("%s: the package comment starts %.40q, want %q", d.pkg, d.doc, starts))
	}
	if words := len(strings.Fields(d.synopsis)); words < 5 || !strings.HasSuffix(d.synopsis, ".") {
		faults = append(faults, fmt.Sprintf("%s: the package comment must begin with a full sentence, not %q", d.pkg, d.synopsis))
	}
	for _, name := range d.missing {
		faults = append(faults, fmt.Sprintf("%s: %s has no comment", d.pkg, name))
	}
	return faults
}

func TestDocsAreComplete(t *testing.T) {
	for _, p := range ours(t) {
		d := readDocs(t, p)
		for _, fault := range d.faults() {
			t.Error(fault)
		}
	}
}

// TestDocsRulesBite shows that each rule about comments finds what it is for.
func TestDocsRulesBite(t *testing.T) {
	const good = "// Package x holds a thing for a test.\npackage x\n"
	for name, test := range map[string]struct {
		sources map[string]string
		want    string
	}{
		"fine":             {map[string]string{"a.go": good + "// T is one.\ntype T int\n// M is one.\nfunc (T) M() {}\nfunc hidden() {}\n"}, ""},
		"no comment":       {map[string]string{"a.go": "package x\n"}, "0 files"},
		"two comments":     {map[string]string{"a.go": good, "b.go": good}, "2 files"},
		"another name":     {map[string]string{"a.go": strings.Replace(good, "Package x", "Package y", 1)}, "comment starts"},
		"no sentence":      {map[string]string{"a.go": "// Package x holds a thing for a test\npackage x\n"}, "full sentence"},
		"function":         {map[string]string{"a.go": good + "func F() {}\n"}, "F has no comment"},
		"type":             {map[string]string{"a.go": good + "type T int\n"}, "T has no comment"},
		"method":           {map[string]string{"a.go": good + "// T is one.\ntype T int\nfunc (T) M() {}\n"}, "T.M has no comment"},
		"constant":         {map[string]string{"a.go": good + "const A, b = 1, 2\n"}, "A has no comment"},
		"typed constant":   {map[string]string{"a.go": good + "// T is one.\ntype T int\nconst (\n\tA T = 1 // A is told.\n\tB T = 2\n)\n"}, "B has no comment"},
		"group of comment": {map[string]string{"a.go": good + "// Both are told.\nconst (\n\tA = 1\n\tB = 2\n)\n"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := documentation{pkg: "shared/x", name: "x"}
			if err := d.parse("tierboard/shared/x", test.sources); err != nil {
				t.Fatal(err)
			}
			got := d.faults()
			if test.want == "" && len(got) > 0 {
				t.Errorf("got %q, want nothing", got)
			}
			if test.want != "" && !strings.Contains(strings.Join(got, "\n"), test.want) {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}

func TestDocsReadmePackages(t *testing.T) {
	var docs []documentation
	for _, p := range ours(t) {
		docs = append(docs, readDocs(t, p))
	}
	holdReadme(t, "packages", packageTable(docs))
}

// packageTable returns a table for each folder at the top with the first sentence of each package, and folded away a second one with the
// packages that those are made of.
func packageTable(docs []documentation) string {
	var text strings.Builder
	for _, top := range []string{"app", "server", "shared", "assets", "e2e"} {
		var rows [2]strings.Builder // of packages, and of what they are made of
		for _, d := range docs {
			if d.pkg == top || strings.HasPrefix(d.pkg, top+"/") {
				fmt.Fprintf(&rows[min(strings.Count(d.pkg, "/"), 2)/2], "| `%s` | %s |\n", d.pkg, strings.ReplaceAll(whatItDoes(d), "|", `\|`))
			}
		}
		const head = "| package | what it does |\n| --- | --- |\n"
		fmt.Fprintf(&text, "### %s\n\n%s%s\n", top, head, &rows[0])
		if n := strings.Count(rows[1].String(), "\n"); n > 0 {
			fmt.Fprintf(&text, "<details><summary>The %d packages that those are made of</summary>\n\n%s%s\n</details>\n\n", n, head, &rows[1])
		}
	}
	return text.String()
}

// whatItDoes is the first sentence of a package's comment without its beginning.
func whatItDoes(d documentation) string {
	text := d.synopsis
	for _, start := range []string{"Package " + d.name + " ", "Command " + d.name + " "} {
		text = strings.TrimPrefix(text, start)
	}
	text = strings.TrimPrefix(text, "is ")
	if first, size := utf8.DecodeRuneInString(text); size > 0 {
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	return text
}

func TestDocsReadmeSettings(t *testing.T) {
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "./server", "settings")
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go run ./server settings: %v\n%s", err, stderr.String())
	}
	if !strings.HasPrefix(string(out), "|") {
		t.Fatalf("go run ./server settings printed no table: %.200q", out)
	}
	holdReadme(t, "settings", string(out))
}

// holdReadme compares, or with -update rewrites, what README.md has between <!-- name --> and <!-- /name -->.
func holdReadme(t *testing.T, name, want string) {
	t.Helper()
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "README.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	updated, got, err := replaceBetween(string(text), name, want)
	if err != nil {
		t.Fatalf("README.md: %v", err)
	}
	if updated == string(text) {
		return
	}
	if !*update {
		t.Fatalf("README.md: the table of %s is old; write it again with: go test ./e2e -run TestDocs -update\ngot:\n%s\nwant:\n%s", name, got, want)
	}
	if err := os.WriteFile(file, []byte(updated), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replaceBetween returns text with the part between the two marks of name replaced, and that part.
func replaceBetween(text, name, part string) (updated, old string, err error) {
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	before, rest, ok := strings.Cut(text, begin)
	if !ok {
		return "", "", fmt.Errorf("no line %q", strings.TrimSpace(begin))
	}
	old, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", "", fmt.Errorf("no line %q", end)
	}
	// Markdown wants an empty line between a comment and a table.
	return before + begin + "\n" + strings.TrimSpace(part) + "\n\n" + end + after, strings.TrimSpace(old), nil
}

func TestDocsReplaceBetween(t *testing.T) {
	const text = "# Title\n\n<!-- table -->\nold\n<!-- /table -->\n\nThe end.\n"
	updated, old, err := replaceBetween(text, "table", "| new |\n")
	if want := "# Title\n\n<!-- table -->\n\n| new |\n\n<!-- /table -->\n\nThe end.\n"; err != nil || updated != want || old != "old" {
		t.Errorf("got %q, %q, %v, want %q", updated, old, err, want)
	}
	if again, _, err := replaceBetween(updated, "table", "| new |"); err != nil || again != updated {
		t.Errorf("a second time: got %q, %v, want no change", again, err)
	}
	if _, _, err := replaceBetween(text, "other", ""); err == nil {
		t.Error("a missing mark is no error")
	}
	if _, _, err := replaceBetween("<!-- table -->\n", "table", ""); err == nil {
		t.Error("a missing end is no error")
	}
}
