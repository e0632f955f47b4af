package layers

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/op"
)

// contributing holds the lists of what to edit.
const contributing = "CONTRIBUTING.md"

// A list is a row of the table of CONTRIBUTING: what is added, and the code spans of
// what to edit.
type list struct {
	line  int
	what  string
	spans []string
}

// lists reads the table under the heading "To add …".
func lists(document string) ([]list, error) {
	var found []list
	within := false
	for i, line := range strings.Split(document, "\n") {
		if strings.HasPrefix(line, "#") {
			within = strings.HasPrefix(line, "## To add")
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !within || !strings.HasPrefix(line, "| ") || strings.TrimSpace(cells[0]) == "what" {
			continue
		}
		if len(cells) != 2 {
			return nil, fmt.Errorf("line %d: a row has two cells, what is added and what to edit", i+1)
		}
		l := list{line: i + 1, what: strings.TrimSpace(cells[0])}
		for _, m := range codeSpan.FindAllStringSubmatch(cells[1], -1) {
			l.spans = append(l.spans, m[1])
		}
		found = append(found, l)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf(`there is no table under a heading "To add …"`)
	}
	return found, nil
}

var (
	pathSpan = regexp.MustCompile(`^[\w.<>-]+(/[\w.<>-]*)+$|^[\w-]+\.(go|md|json)$`)
	testSpan = regexp.MustCompile(`^Test[A-Z]\w+$`)
	nameSpan = regexp.MustCompile(`^([a-z]\w*\.)?[A-Za-z_]\w*$`)
	blank    = regexp.MustCompile(`<[a-z]+>`)
)

// paths are the files and folders that the list names; one with a blank, such as
// op/<kind>.go, stands for all that fit.
func (l list) paths(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, s := range l.spans {
		if !pathSpan.MatchString(s) {
			continue
		}
		found, err := filepath.Glob(filepath.Join(root, blank.ReplaceAllString(s, "*")))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			t.Errorf("%s:%d: to add %s edit %s, which does not exist", contributing, l.line, l.what, s)
		}
		all = append(all, found...)
	}
	return all
}

// text is what the files hold, and those of folders.
func text(t *testing.T, paths []string) string {
	t.Helper()
	var b strings.Builder
	for _, p := range paths {
		err := filepath.WalkDir(p, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Base(filepath.ToSlash(filepath.Dir(file))) == "testdata" {
				return err
			}
			if !slices.Contains([]string{".go", ".py", ".js", ".ts", ".md"}, filepath.Ext(file)) {
				return nil
			}
			content, err := os.ReadFile(file)
			b.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// tests are the names of all tests.
func tests(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		content, err := os.ReadFile(file)
		for _, m := range declared.FindAllSubmatch(content, -1) {
			b.Write(append(m[1], '\n'))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Files, tests and names in the lists exist: names in the files of their row, and
// those of a package in the package.
func TestContributingNamesWhatExists(t *testing.T) {
	document, err := os.ReadFile(filepath.Join(root, contributing))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := lists(string(document))
	if err != nil {
		t.Fatalf("%s: %v", contributing, err)
	}
	all := tests(t)
	packages := map[string][]string{} // folders by the last part of their name
	for pkg := range imports(t) {
		packages[path.Base(pkg)] = append(packages[path.Base(pkg)], filepath.Join(root, pkg))
	}
	for _, l := range rows {
		paths := l.paths(t)
		if len(paths) == 0 {
			t.Errorf("%s:%d: to add %s nothing is to be edited", contributing, l.line, l.what)
		}
		content := text(t, paths)
		for _, s := range l.spans {
			switch {
			case pathSpan.MatchString(s):
			case testSpan.MatchString(s):
				if !strings.Contains(all, s+"\n") {
					t.Errorf("%s:%d: there is no test %s", contributing, l.line, s)
				}
			case nameSpan.MatchString(s):
				pkg, name, qualified := strings.Cut(s, ".")
				where := content
				if !qualified {
					name = s
				} else if folders := packages[pkg]; folders != nil {
					where = text(t, folders)
				}
				if !regexp.MustCompile(`\b` + name + `\b`).MatchString(where) {
					t.Errorf("%s:%d: to add %s: %s is not in the files that the row names, nor in a package %q", contributing, l.line, l.what, s, pkg)
				}
			}
		}
	}
}

// Every operator has the parts that its list names and that its own tests do not
// demand: a file of op, and a case in a committed script.
func TestOperatorsHaveTheirParts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "op", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
	scripts, err := filepath.Glob(filepath.Join(root, "tools", "golden", "*.py"))
	if err != nil {
		t.Fatal(err)
	}
	code, python := text(t, files), text(t, scripts)
	for _, kind := range op.Kinds() {
		if !strings.Contains(code, `"`+kind+`"`) {
			t.Errorf("no file of op says that its operator is %q", kind)
		}
		if !strings.Contains(python, `"`+kind+`"`) {
			t.Errorf("no script in tools/golden makes cases of %q", kind)
		}
	}
}

func TestLists(t *testing.T) {
	rows, err := lists("# A\n| x | `y` |\n## To add …\n\n| what | edit |\n|---|---|\n| a b | `c/d.go` and `E`, `F.G` |\n\n## More\n| x | `y` |\n")
	if err != nil || len(rows) != 1 || rows[0].what != "a b" || rows[0].line != 7 || !slices.Equal(rows[0].spans, []string{"c/d.go", "E", "F.G"}) {
		t.Errorf("%+v, %v", rows, err)
	}
	for _, bad := range []string{"", "## To add …\n| a | b | c |\n"} {
		if _, err := lists(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
