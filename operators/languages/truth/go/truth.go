// Truth says what Go's own packages know of the dependencies between the files of a repository.
//
//	go run truth.go FOLDER > TRUTH.json
//
// Needs nothing but Go (1.22 or newer): go/build says which files take part in a build for Linux on amd64
// with cgo, "go mod edit" and "go work edit" read the modules, and go/types says what each identifier means.
// The standard library is read from its source; packages from elsewhere are taken to be empty, and the
// errors that follow from it are passed over.
//
// There is an edge from a file to each file that declares an object of the top level of another package that
// the file names: pkg.Name, or Name after an import with a dot. "files" are those that take part in the build
// and that the pattern ./... covers.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// A module is a folder with a go.mod, and what its imports can mean inside the repository.
type module struct {
	path, dir string
	// Module paths and the folders they are in: its own, those replaced, those of its workspace.
	visible map[string]string
	// Folders that may have a folder "vendor".
	tops []string
}

type edited struct {
	Module  struct{ Path string }
	Use     []struct{ DiskPath string }
	Replace []struct {
		Old, New struct{ Path string }
	}
}

type world struct {
	root     string
	fset     *token.FileSet
	modules  map[string]*module
	std      types.Importer
	stdDir   string
	packages map[string]*types.Package
	busy     map[string]bool
	edges    map[[2]string]bool
	files    map[string]bool
}

func main() {
	root, err := filepath.Abs(os.Args[1])
	check(err)
	build.Default.GOOS, build.Default.GOARCH, build.Default.CgoEnabled = "linux", "amd64", true
	fset := token.NewFileSet()
	w := &world{
		root: root, fset: fset, modules: map[string]*module{},
		std: importer.ForCompiler(fset, "source", nil), packages: map[string]*types.Package{},
		busy: map[string]bool{}, edges: map[[2]string]bool{}, files: map[string]bool{},
	}
	w.findModules()
	check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		if err != nil || !entry.IsDir() {
			return err
		}
		if path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor") {
			return filepath.SkipDir
		}
		w.judge(path)
		return nil
	}))
	w.print()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// edit reads a go.mod or a go.work.
func edit(kind, path string) (edited, bool) {
	var found edited
	command := exec.Command("go", kind, "edit", "-json", path)
	command.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOFLAGS=-mod=mod")
	command.Dir = os.TempDir()
	out, err := command.Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot read", path)
		return found, false
	}
	return found, json.Unmarshal(out, &found) == nil
}

func isFolder(path string) bool {
	return strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../") || path == "." || path == ".."
}

func (w *world) findModules() {
	var works []string
	replaced := map[*module]edited{}
	check(filepath.WalkDir(w.root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "go.work" {
			works = append(works, path)
		}
		if err == nil && entry.Name() == "go.mod" && !entry.IsDir() {
			if found, ok := edit("mod", path); ok {
				dir := filepath.Dir(path)
				m := &module{found.Module.Path, dir, map[string]string{found.Module.Path: dir}, []string{dir}}
				w.modules[dir] = m
				replaced[m] = found
				if m.path == "std" {
					w.stdDir = dir
				}
			}
		}
		return nil
	}))
	for m, found := range replaced {
		addReplaced(m, found, m.dir)
	}
	for _, path := range works {
		found, ok := edit("work", path)
		if !ok {
			continue
		}
		dir := filepath.Dir(path)
		var used []*module
		for _, use := range found.Use {
			if m := w.modules[filepath.Join(dir, use.DiskPath)]; m != nil {
				used = append(used, m)
			}
		}
		for _, m := range used {
			m.tops = append(m.tops, dir)
			for _, other := range used {
				m.visible[other.path] = other.dir
				addReplaced(m, replaced[other], other.dir)
			}
			addReplaced(m, found, dir)
		}
	}
}

func addReplaced(m *module, found edited, dir string) {
	for _, r := range found.Replace {
		if isFolder(r.New.Path) && r.Old.Path != m.path {
			m.visible[r.Old.Path] = filepath.Join(dir, r.New.Path)
		}
	}
}

func (w *world) moduleOf(dir string) *module {
	for {
		if m := w.modules[dir]; m != nil {
			return m
		}
		if dir == w.root || len(dir) < len(w.root) {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

func hasFiles(dir string) bool {
	found, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	return len(found) > 0
}

// folder says where the package of an import path is, if it is in the repository.
func (w *world) folder(from, path string) string {
	m := w.moduleOf(from)
	if m == nil {
		return ""
	}
	for _, top := range m.tops {
		if dir := filepath.Join(top, "vendor", path); hasFiles(dir) {
			return dir
		}
	}
	for prefix := path; prefix != "."; prefix = filepath.Dir(prefix) {
		if top, ok := m.visible[prefix]; ok {
			dir := filepath.Join(top, strings.TrimPrefix(path, prefix))
			if hasFiles(dir) && w.moduleOf(dir) == w.modules[top] {
				return dir
			}
		}
	}
	if w.stdDir != "" && !strings.Contains(strings.Split(path, "/")[0], ".") {
		if dir := filepath.Join(w.stdDir, path); hasFiles(dir) {
			return dir
		}
	}
	return ""
}

// An imports answers the imports of one package.
type imports struct {
	w       *world
	dir     string
	testing *types.Package
}

func (i imports) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if dir := i.w.folder(i.dir, path); dir != "" {
		if dir == i.dir && i.testing != nil {
			return i.testing, nil
		}
		return i.w.load(dir, path), nil
	}
	if !strings.Contains(strings.Split(path, "/")[0], ".") {
		if found, err := i.w.std.Import(path); err == nil {
			return found, nil
		}
	}
	name := filepath.Base(path)
	if strings.HasPrefix(name, "v") && len(name) < 4 && strings.Contains(path, "/") {
		name = filepath.Base(filepath.Dir(path))
	}
	empty := types.NewPackage(path, strings.TrimPrefix(name, "go-"))
	empty.MarkComplete()
	return empty, nil
}

func (w *world) load(dir, path string) *types.Package {
	if found := w.packages[dir]; found != nil {
		return found
	}
	if w.busy[dir] {
		return types.NewPackage(path, filepath.Base(path))
	}
	w.busy[dir] = true
	bp, _ := build.Default.ImportDir(dir, 0)
	w.packages[dir] = w.typed(dir, path, append(bp.GoFiles, bp.CgoFiles...), nil)
	return w.packages[dir]
}

// typed looks at the files of one package and writes down what they name.
func (w *world) typed(dir, path string, names []string, testing *types.Package) *types.Package {
	var files []*ast.File
	for _, name := range names {
		file, _ := parser.ParseFile(w.fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if file != nil {
			files = append(files, file)
		}
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{
		Importer: imports{w, dir, testing}, Error: func(error) {}, FakeImportC: true,
		Sizes: types.SizesFor("gc", "amd64"),
	}
	found, _ := config.Check(path, w.fset, files, info)
	passedOver(found, files, info)
	for ident, object := range info.Uses {
		other := object.Pkg()
		if other == nil || other == found || object.Parent() != other.Scope() || !object.Pos().IsValid() {
			continue
		}
		w.edge(w.name(ident.Pos()), w.name(object.Pos()))
	}
	return found
}

// passedOver adds what expressions name that go/types does not look at, since it does not know the type of a
// part before them. The scopes are its own.
func passedOver(pkg *types.Package, files []*ast.File, info *types.Info) {
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			selector, _ := node.(*ast.SelectorExpr)
			if selector == nil || info.Uses[selector.Sel] != nil {
				return true
			}
			ident, _ := selector.X.(*ast.Ident)
			scope := pkg.Scope().Innermost(selector.Pos())
			if ident == nil || info.Uses[ident] != nil || scope == nil {
				return true
			}
			_, object := scope.LookupParent(ident.Name, ident.Pos())
			if imported, is := object.(*types.PkgName); is {
				if named := imported.Imported().Scope().Lookup(selector.Sel.Name); named != nil {
					info.Uses[selector.Sel] = named
				}
			}
			return true
		})
	}
}

// name gives the file of a position, whatever a line directive says of it.
func (w *world) name(at token.Pos) string {
	return w.fset.PositionFor(at, false).Filename
}

func (w *world) edge(from, to string) {
	a, b := w.relative(from), w.relative(to)
	if a != "" && b != "" && a != b {
		w.edges[[2]string{a, b}] = true
	}
}

func (w *world) relative(path string) string {
	found, err := filepath.Rel(w.root, path)
	if err != nil || strings.HasPrefix(found, "..") {
		return ""
	}
	return filepath.ToSlash(found)
}

// judge looks at a folder as "go vet ./..." would: the package, with its tests, and its external tests.
func (w *world) judge(dir string) {
	bp, err := build.Default.ImportDir(dir, 0)
	if _, none := err.(*build.NoGoError); bp == nil || none && len(bp.TestGoFiles)+len(bp.XTestGoFiles) == 0 {
		return
	}
	path := w.path(dir)
	files := append(append([]string{}, bp.GoFiles...), bp.CgoFiles...)
	w.load(dir, path)
	testing := w.packages[dir]
	if len(bp.TestGoFiles) > 0 {
		testing = w.typed(dir, path, append(append([]string{}, files...), bp.TestGoFiles...), nil)
	}
	if len(bp.XTestGoFiles) > 0 {
		w.typed(dir, path+"_test", bp.XTestGoFiles, testing)
	}
	for _, list := range [][]string{files, bp.TestGoFiles, bp.XTestGoFiles} {
		for _, name := range list {
			w.files[w.relative(filepath.Join(dir, name))] = true
		}
	}
}

func (w *world) path(dir string) string {
	if m := w.moduleOf(dir); m != nil {
		return filepath.ToSlash(filepath.Join(m.path, strings.TrimPrefix(dir, m.dir)))
	}
	return filepath.Base(dir)
}

func (w *world) print() {
	edges, files := [][2]string{}, []string{}
	for edge := range w.edges {
		edges = append(edges, edge)
	}
	for file := range w.files {
		files = append(files, file)
	}
	sort.Slice(edges, func(i, j int) bool {
		return edges[i][0] < edges[j][0] || edges[i][0] == edges[j][0] && edges[i][1] < edges[j][1]
	})
	sort.Strings(files)
	out := json.NewEncoder(os.Stdout)
	check(out.Encode(map[string]any{"edges": edges, "files": files}))
}
