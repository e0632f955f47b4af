package layers

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A table is the layers of docs/architecture.md: rows of patterns, lowest first.
type table []row

type row struct {
	line     int // of the document
	patterns []string
}

var (
	nameCell    = regexp.MustCompile("^`[^`]+`( \\(root\\))?(, `[^`]+`)*$")
	codeSpan    = regexp.MustCompile("`([^`]+)`")
	placeholder = regexp.MustCompile(`<[a-z]+>$`)
)

// parse reads the table under the heading "Layers". A package is named by its path
// from the root of the module, the root itself by (root) behind its name; "dir/*" and
// "dir/<family>" stand for every package directly below dir.
func parse(document string) (table, error) {
	var t table
	within, header := false, false
	for i, line := range strings.Split(document, "\n") {
		if strings.HasPrefix(line, "#") {
			within = strings.Trim(line, "# ") == "Layers"
			continue
		}
		if !within || !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		first := strings.TrimSpace(cells[0])
		if !header {
			if first != "package" {
				return nil, fmt.Errorf("line %d: the table of the layers begins with a column %q, not \"package\"", i+1, first)
			}
			header = true
			continue
		}
		if strings.Trim(first, "-:") == "" {
			continue
		}
		if len(cells) != 2 || strings.TrimSpace(cells[1]) == "" {
			return nil, fmt.Errorf("line %d: a row has two cells, packages and what they own; this one: %s", i+1, line)
		}
		patterns, err := packages(first)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		for _, p := range patterns {
			for _, r := range t {
				if slices.Contains(r.patterns, p) {
					return nil, fmt.Errorf("line %d: %s already stands on line %d", i+1, called(p), r.line)
				}
			}
		}
		t = append(t, row{i + 1, patterns})
	}
	if len(t) == 0 {
		return nil, fmt.Errorf("there is no table with the columns \"package\" and \"owns\" under a heading \"Layers\"")
	}
	return t, nil
}

// packages returns the patterns of a cell: `tensor`, or `safetensors`, `torch`.
func packages(cell string) ([]string, error) {
	if !nameCell.MatchString(cell) {
		return nil, fmt.Errorf("cannot read %q: package paths between backquotes, separated by commas, are expected", cell)
	}
	var patterns []string
	root := strings.Contains(cell, "(root)")
	for i, m := range codeSpan.FindAllStringSubmatch(cell, -1) {
		p := placeholder.ReplaceAllString(m[1], "*")
		if root && i == 0 {
			p = ""
		}
		if strings.Contains(strings.TrimSuffix(p, "/*"), "*") || strings.ContainsAny(p, "<> ") {
			return nil, fmt.Errorf("cannot read %q: only the last part of a path may be * or <family>", m[1])
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

// level returns the position of a package in the table, or -1. A row that names the
// package goes before one that names all of a folder.
func (t table) level(pkg string) int {
	for _, all := range []bool{false, true} {
		if i := slices.IndexFunc(t, func(r row) bool {
			return slices.ContainsFunc(r.patterns, func(p string) bool {
				dir, ok := strings.CutSuffix(p, "/*")
				if !all || !ok {
					return p == pkg && !all
				}
				rest, ok := strings.CutPrefix(pkg, dir+"/")
				return ok && !strings.Contains(rest, "/")
			})
		}); i >= 0 {
			return i
		}
	}
	return -1
}

// called names a package or pattern in an error.
func called(pkg string) string {
	if pkg == "" {
		return "the root package"
	}
	return "package " + pkg
}

const example = "## Other\n\n| a | b |\n\n## Layers\n\nWords.\n\n| package | owns |\n|---|---|\n" +
	"| `tensor` | data |\n| `internal/kernel` | rows |\n| `internal/kernel/<family>`, `op` | code |\n" +
	"| `octet` (root) | the facade |\n| `tools/*` | tools |\n| `tools/last` | one of them |\n\n## More\n\n| x | y | z |\n"

func TestParse(t *testing.T) {
	table, err := parse(example)
	if err != nil {
		t.Fatal(err)
	}
	for pkg, want := range map[string]int{
		"tensor": 0, "internal/kernel": 1, "internal/kernel/gemm8": 2, "op": 2, "": 3, "tools/a": 4, "tools/last": 5,
		"internal": -1, "internal/kernel/gemm8/_asm": -1, "octet": -1, "tools": -1, "x": -1,
	} {
		if got := table.level(pkg); got != want {
			t.Errorf("%s is in row %d, want %d", called(pkg), got, want)
		}
	}
	if table[0].line != 11 {
		t.Errorf("the first row is said to be on line %d, want 11", table[0].line)
	}
}

func TestParseErrors(t *testing.T) {
	head := "## Layers\n| package | owns |\n|---|---|\n"
	for document, want := range map[string]string{
		"":            "no table",
		"## Layers\n": "no table",
		"| package | owns |\n|---|---|\n| `a` | b |": "no table",
		"## Layers\n| stage | gives |\n":             `line 2: the table of the layers begins with a column "stage"`,
		head + "| tensor | data |":                   `line 4: cannot read "tensor"`,
		head + "| `a` `b` | data |":                  "line 4: cannot read",
		head + "| `a` |":                             "line 4: a row has two cells",
		head + "| `a` | b | c |":                     "line 4: a row has two cells",
		head + "| `a/*/b` | data |":                  "line 4: cannot read \"a/*/b\": only the last part",
		head + "| `a` | x |\n| `b`, `a` | y |":       "line 5: package a already stands on line 4",
	} {
		if _, err := parse(document); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives the error %v, want one with %q", document, err, want)
		}
	}
}
