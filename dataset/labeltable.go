package dataset

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Columns of a table of labels, by what data sets call them.
var (
	fileColumns  = []string{"file", "filename", "file_name", "image", "image_id", "imageid", "image_name", "img", "path", "filepath", "id", "name"}
	labelColumns = []string{"label", "labels", "class", "class_id", "class_name", "target", "category", "y", "wnid", "breed", "predictionstring"}
)

// readTable reads the label of each sample from a CSV: a line per image with its name
// and its class. Commas, semicolons, tabs or, where there is none of them, the last space
// separate; a first line may name the columns. Images are found by their path, within
// the set or as it was opened, their name, or their name without its ending.
func readTable(table string, src Source, root string, o options) (Source, error) {
	text, err := os.ReadFile(table)
	if err != nil {
		return nil, err
	}
	t, err := parseTable(table, text)
	if err != nil {
		return nil, err
	}
	find := lookup(src, root)
	if err := t.findColumns(func(cell string) bool { _, ok := find(cell); return ok }); err != nil {
		return nil, err
	}
	names := make([]string, src.Len())
	foreign := 0
	for i, row := range t.rows {
		if len(row) <= max(t.file, t.label) {
			return nil, t.errorf(i, "%q has no column %d; each line needs an image and its class", strings.Join(row, ","), max(t.file, t.label)+1)
		}
		at, ok := find(row[t.file])
		switch class := className(row[t.label]); {
		case !ok:
			foreign++
		case at < 0:
			return nil, t.errorf(i, "several images are called %s; give their paths within the set", row[t.file])
		case names[at] != "" && names[at] != class:
			return nil, t.errorf(i, "%s is %q here and %q before", row[t.file], class, names[at])
		default:
			names[at] = class
		}
	}
	if foreign > 0 {
		o.note("%s: %s of images that %s has not", table, count(foreign, "line"), root)
	}
	wholeNumbers(names)
	return withNames(src, names, o, table)
}

// labelTable is a CSV, and which of its columns are meant.
type labelTable struct {
	name        string
	rows        [][]string
	lines       []int // of the file, where each row begins
	file, label int   // columns
}

func (t *labelTable) errorf(row int, format string, args ...any) error {
	return fmt.Errorf("%s, line %d: %w", t.name, t.lines[row], fmt.Errorf(format, args...))
}

func parseTable(name string, text []byte) (*labelTable, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(text))
	first, _, _ := bytes.Cut(text, []byte("\n"))
	for _, separator := range ";\t" {
		if bytes.ContainsRune(first, separator) && !bytes.ContainsRune(first, ',') {
			r.Comma = separator
		}
	}
	r.FieldsPerRecord, r.TrimLeadingSpace, r.LazyQuotes = -1, true, true
	t := &labelTable{name: name}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := r.FieldPos(0)
		if cell := strings.TrimRight(row[0], " "); len(row) == 1 && strings.Contains(cell, " ") {
			space := strings.LastIndex(cell, " ")
			row = []string{cell[:space], cell[space+1:]}
		}
		t.rows, t.lines = append(t.rows, row), append(t.lines, line)
	}
}

// findColumns finds the columns of images and classes, and takes the header away, which
// is a first row with a column's name in it, or one of no image. Of several columns that
// may be images, such as id and path, it is the one with most images of the set. What is
// the class among further columns is not guessed.
func (t *labelTable) findColumns(known func(cell string) bool) error {
	t.label = 1
	if len(t.rows) < 2 {
		return nil
	}
	header := t.rows[0]
	files, labels := columns(header, fileColumns), columns(header, labelColumns)
	if known(header[0]) || len(files)+len(labels) == 0 && slices.ContainsFunc(header, known) {
		return nil
	}
	t.rows, t.lines = t.rows[1:], t.lines[1:]
	if len(files) == 0 {
		files = []int{0}
	}
	t.file = slices.MaxFunc(files, func(a, b int) int { return t.count(a, known) - t.count(b, known) })
	labels = slices.DeleteFunc(labels, func(c int) bool { return c == t.file })
	switch {
	case len(labels) > 0:
		t.label = labels[0]
	case len(header) <= 2:
		t.label = 1 - t.file
	default:
		return fmt.Errorf("%s: which of the columns %s is the class? call it label", t.name, strings.Join(header, ", "))
	}
	return nil
}

// count is the number of rows whose cell is an image of the set.
func (t *labelTable) count(column int, known func(cell string) bool) int {
	n := 0
	for _, row := range t.rows {
		if column < len(row) && known(row[column]) {
			n++
		}
	}
	return n
}

// columns lists those of the header that bear one of the names.
func columns(header, names []string) (found []int) {
	for i, h := range header {
		if slices.Contains(names, strings.ToLower(strings.TrimSpace(h))) {
			found = append(found, i)
		}
	}
	return found
}

// className is a cell's class. ImageNet's own table has boxes behind it.
func className(cell string) string {
	cell = strings.TrimSpace(cell)
	if first, _, boxes := strings.Cut(cell, " "); boxes && wordNetIn(first) == first {
		return first
	}
	return cell
}

// wholeNumbers makes 3 of 3.0 where all classes are numbers: tables with gaps have their
// integers so.
func wholeNumbers(names []string) {
	whole := slices.Clone(names)
	for i, name := range names {
		whole[i] = strings.TrimSuffix(name, ".0")
		if _, err := strconv.Atoi(whole[i]); err != nil && name != "" {
			return
		}
	}
	copy(names, whole)
}

// lookup finds the sample that a cell names, by its name in the set or with the way to
// the set before it: the root as it was opened, its last folder, or its absolute path. -1
// stands for several.
func lookup(src Source, root string) func(cell string) (int, bool) {
	byName := samplesByName(src, root)
	opened := path.Clean(filepath.ToSlash(root))
	ways := []string{opened + "/", path.Base(opened) + "/"}
	if whole, err := filepath.Abs(root); err == nil {
		ways = append(ways, filepath.ToSlash(whole)+"/")
	}
	return func(cell string) (int, bool) {
		name := path.Clean(strings.ReplaceAll(strings.TrimSpace(cell), `\`, "/"))
		at, ok := byName[name]
		for _, way := range ways {
			if rest, below := strings.CutPrefix(name, way); below && !ok {
				at, ok = byName[rest]
			}
		}
		return at, ok
	}
}

// samplesByName finds samples by what a table may call them; -1 stands for several.
func samplesByName(src Source, root string) map[string]int {
	index := map[string]int{}
	for i := range src.Len() {
		whole := filepath.ToSlash(strings.TrimPrefix(src.Name(i), root))
		whole = strings.TrimLeft(whole, "/:")
		base := path.Base(whole)
		for _, name := range slices.Compact([]string{whole, base, strings.TrimSuffix(base, path.Ext(base))}) {
			if _, twice := index[name]; twice {
				index[name] = -1
			} else {
				index[name] = i
			}
		}
	}
	return index
}
