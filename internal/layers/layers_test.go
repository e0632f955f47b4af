package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/octet-ml/octet"

// order lists the layers, lowest first. A package imports only from layers
// before its own; packages of one line stand side by side and do not import
// each other. "dir/*" is every package directly below dir.
var order = [][]string{
	{"tensor"},
	{"internal/hashweights"}, // weights of test models from one hash
	{"internal/npy"},
	{"internal/atomicfile"},
	{"internal/frame"},    // messages over pipes
	{"internal/shell"},    // commands in messages
	{"internal/spelling"}, // what a mistyped word may have meant
	{"tools/zoo"},         // generates tables of zoo
	{"quant"},
	{"internal/cpu"},
	{"internal/parallel"},
	{"internal/arena"}, // memory planned by lifetime
	{"internal/slab"},  // memory in large pages
	{"internal/operand"},
	{"internal/rule"},
	{"internal/kernel"}, // the row that all kernels have
	{"internal/kernel/*"},
	{"internal/observe"},
	{"internal/fakequant"},
	{"graph"},
	{"op"},
	{"internal/randomgraph"}, // small graphs for differential tests
	{"internal/rewrite"},
	{"safetensors", "torch", "onnx"},
	{"vision"},
	{"dataset"},
	{"engine"},
	{"internal/eager"},
	{"internal/autodiff"},
	{"ptq"},
	{"internal/compare"},
	{"internal/qat"},
	{"train"},
	{"zoo"},
	{"hub"},
	{"tools/transforms"},  // prepares images for a comparison with torchvision
	{"tools/release"},     // builds archives and packages
	{"tools/checkpoints"}, // opens what training scripts saved
	{""},                  // the facade
	{"tools/samebytes"},   // compares what two binaries write
	{"internal/report"},
	{"cmd/octet/demodata"},
	{"cmd/octet"},
	{"internal/testseed"}, // this and the next are last: only tests may import them
	{"internal/kerneltest"},
}

// level returns the position of a package in the table, or -1.
func level(pkg string) int {
	return slices.IndexFunc(order, func(layer []string) bool {
		return slices.ContainsFunc(layer, func(p string) bool {
			if dir, ok := strings.CutSuffix(p, "/*"); ok {
				return strings.HasPrefix(pkg, dir+"/") && !strings.Contains(pkg[len(dir)+1:], "/")
			}
			return p == pkg
		})
	})
}

// imports returns, for each package directory below root, the project packages
// that its files import. Tests may import more than the code: they are given
// apart, and only checked for living in a known package.
func imports(t *testing.T, root string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			nested := path != root && fileExists(filepath.Join(path, "go.mod"))
			if nested || name == "testdata" || path != root && (name[0] == '.' || name[0] == '_') {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := strings.TrimPrefix(filepath.ToSlash(rel), ".")
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		found[pkg] = append(found[pkg], projectImports(f.Imports, t)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestImportsGoDownwards(t *testing.T) {
	found := imports(t, "../..")
	if len(found) < 3 {
		t.Fatalf("found only %d packages: the test looks in the wrong place", len(found))
	}
	for pkg, deps := range found {
		if pkg == "internal/layers" {
			continue
		}
		own := level(pkg)
		if own < 0 {
			t.Errorf("package %q is in no layer: add it to the table and to docs/architecture.md", pkg)
			continue
		}
		for _, dep := range deps {
			if at := level(dep); at < 0 || at >= own {
				t.Errorf("package %q imports %q, which is not in a layer below it", pkg, dep)
			}
		}
	}
}

func TestLevel(t *testing.T) {
	for pkg, want := range map[string]bool{
		"tensor": true, "internal/kernel/gemm8": true, "internal/kernel": true, "internal": false,
		"internal/kernel/gemm8/_asm": false, "nowhere": false, "": true,
	} {
		if got := level(pkg) >= 0; got != want {
			t.Errorf("level(%q) known = %v, want %v", pkg, got, want)
		}
	}
}

// projectImports keeps the imports of this module, relative to its root.
func projectImports(specs []*ast.ImportSpec, t *testing.T) []string {
	t.Helper()
	var deps []string
	for _, s := range specs {
		path, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if path == module {
			deps = append(deps, "")
		} else if rel, ok := strings.CutPrefix(path, module+"/"); ok {
			deps = append(deps, rel)
		}
	}
	return deps
}
