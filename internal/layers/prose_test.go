package layers

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// widest is where lines of documents end: a page of them is read in a terminal, beside
// code, and in a diff. Rows of tables are exempt, for Markdown cannot break them.
const widest = 119

// pages are the Markdown files of the project, by name, with their text.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || path != root && strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("found %d pages: are they elsewhere now?", len(found))
	}
	return found
}

func TestLinesOfPagesEnd(t *testing.T) {
	for page, text := range pages(t) {
		for i, line := range strings.Split(text, "\n") {
			if n := utf8.RuneCountInString(line); n > widest && !strings.HasPrefix(line, "|") {
				t.Errorf("%s:%d has %d columns: at most %d", page, i+1, n, widest)
			}
		}
	}
}

// link finds the target of a link within the project, and its heading.
var link = regexp.MustCompile(`\]\(([^)\s#:]*)(#[^)\s]*)?\)`)

// anchor gives the name under which a heading is linked to.
func anchor(heading string) string {
	var name strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(strings.TrimLeft(heading, "#"))) {
		switch {
		case r == ' ':
			name.WriteByte('-')
		case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
			name.WriteRune(r)
		}
	}
	return "#" + name.String()
}

func TestLinksOfPagesLead(t *testing.T) {
	all := pages(t)
	links := 0
	for page, text := range all {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			links++
			target := page
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(page), m[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: there is no such file", page, m[1])
				continue
			}
			if m[2] != "" && !hasHeading(all[target], m[2]) {
				t.Errorf("%s links to %s%s: there is no such heading", page, m[1], m[2])
			}
		}
	}
	if links == 0 {
		t.Error("no links were found")
	}
}

func hasHeading(text, name string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") && anchor(line) == name {
			return true
		}
	}
	return false
}
