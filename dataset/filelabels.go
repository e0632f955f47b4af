package dataset

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// labelled is some samples of a source, with labels from elsewhere.
type labelled struct {
	Source
	index   []int
	labels  []int
	classes []string
}

func (l *labelled) Len() int                  { return len(l.index) }
func (l *labelled) Classes() []string         { return l.classes }
func (l *labelled) Label(i int) int           { return l.labels[i] }
func (l *labelled) Name(i int) string         { return l.Source.Name(l.index[i]) }
func (l *labelled) Under(i int) (Source, int) { return l.Source, l.index[i] }

func (l *labelled) At(ctx context.Context, i int) (Sample, error) {
	s, err := l.Source.At(ctx, l.index[i])
	s.Label = l.labels[i]
	return s, err
}

// withNames gives the samples the labels of these names, "" for none. Where all are
// numbers they are the classes; else the classes are the names in their order.
func withNames(src Source, names []string, o options, from string) (Source, error) {
	l := &labelled{Source: src}
	numbers := true
	for i, name := range names {
		if name == "" {
			continue
		}
		_, err := strconv.Atoi(name)
		numbers = numbers && err == nil
		l.index = append(l.index, i)
		l.classes = append(l.classes, name)
	}
	if len(l.index) == 0 {
		return nil, fmt.Errorf("%s: not one of %d images has a label in it", from, src.Len())
	}
	if left := src.Len() - len(l.index); left > 0 {
		o.note("%s: %s without a label %s left out", from, count(left, "image"), isAre(left))
	}
	given := l.classes
	l.classes = slices.Compact(slices.Sorted(slices.Values(given)))
	for i, name := range given {
		label := 0
		if numbers {
			label, _ = strconv.Atoi(name)
			if label < 0 {
				return nil, fmt.Errorf("%s: label %d of %s is not a class; labels are 0, 1, 2 ... or names", from, label, src.Name(l.index[i]))
			}
		} else {
			label, _ = slices.BinarySearch(l.classes, name)
		}
		l.labels = append(l.labels, label)
	}
	if numbers {
		l.classes = nil
	}
	return l, nil
}

// Columns of a table of labels, by what data sets call them.
var (
	fileColumns  = []string{"file", "filename", "file_name", "image", "image_id", "imageid", "image_name", "img", "path", "filepath", "id", "name"}
	labelColumns = []string{"label", "labels", "class", "class_id", "class_name", "target", "category", "y", "wnid", "breed", "predictionstring"}
)

// readTable reads the label of each sample from a CSV: a line per image with its name
// and its class. Commas, semicolons and tabs separate; a first line may name the
// columns. Images are found by their path within the set, their name, or their name
// without its ending.
func readTable(table string, src Source, root string, o options) (Source, error) {
	text, err := os.ReadFile(table)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	first, _, _ := bytes.Cut(text, []byte("\n"))
	for _, separator := range ";\t" {
		if bytes.ContainsRune(first, separator) && !bytes.ContainsRune(first, ',') {
			r.Comma = separator
		}
	}
	r.FieldsPerRecord, r.TrimLeadingSpace, r.LazyQuotes = -1, true, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", table, err)
	}
	byName := samplesByName(src, root)
	file, label := 0, 1
	if len(rows) > 0 {
		if f, l := column(rows[0], fileColumns), column(rows[0], labelColumns); f >= 0 && l >= 0 {
			file, label, rows = f, l, rows[1:]
		} else if _, known := byName[rows[0][0]]; !known && len(rows) > 1 {
			rows = rows[1:] // a header in other words, or an image that is not there
		}
	}
	names := make([]string, src.Len())
	foreign := 0
	for i, row := range rows {
		if len(row) <= max(file, label) {
			return nil, fmt.Errorf("%s, line %d: %q has no column %d; each line needs an image and its class", table, i+1, strings.Join(row, string(r.Comma)), max(file, label)+1)
		}
		at, ok := byName[filepath.ToSlash(strings.TrimSpace(row[file]))]
		switch class := className(row[label]); {
		case !ok:
			foreign++
		case at < 0:
			return nil, fmt.Errorf("%s, line %d: several images are called %s; give their paths within the set", table, i+1, row[file])
		case names[at] != "" && names[at] != class:
			return nil, fmt.Errorf("%s, line %d: %s is %q here and %q before", table, i+1, row[file], class, names[at])
		default:
			names[at] = class
		}
	}
	if foreign > 0 {
		o.note("%s: %s of images that %s has not", table, count(foreign, "line"), root)
	}
	return withNames(src, names, o, table)
}

// className is a cell's class. ImageNet's own table has boxes behind it.
func className(cell string) string {
	cell = strings.TrimSpace(cell)
	if first, _, boxes := strings.Cut(cell, " "); boxes && wordNetIn(first) == first {
		return first
	}
	return cell
}

func column(header, names []string) int {
	return slices.IndexFunc(header, func(h string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(h))) })
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

// wordNetIn is the first number of WordNet in a name: n and eight digits. It is empty
// where there is none.
func wordNetIn(name string) string {
	const length = 9
	for i := 0; i+length <= len(name); i++ {
		if id := name[i : i+length]; id[0] == 'n' && withoutDigits(id[1:]) == "" {
			return id
		}
	}
	return ""
}

// withoutRunning takes the running number off the end of a name, in parentheses or not,
// with what separates it.
func withoutRunning(name string) string {
	digits := strings.TrimSuffix(name, ")")
	rest := withoutDigits(digits)
	if rest == digits {
		return name
	}
	return strings.TrimRight(strings.TrimSuffix(rest, "("), " ._-")
}

// withoutDigits takes the digits off the end of a name.
func withoutDigits(name string) string { return strings.TrimRight(name, "0123456789") }

// labelInName is the class that a file is called by: what stands before its running
// number, as in cat.12.jpg, great_pyrenees_7.jpg and 3_0001.png, or the number of
// WordNet in it.
func labelInName(name string) string {
	base := path.Base(filepath.ToSlash(name))
	base = strings.TrimSuffix(base, path.Ext(base))
	if id := wordNetIn(base); id != "" {
		return id
	}
	return withoutRunning(base)
}

// namesAsLabels labels samples by their names.
func namesAsLabels(src Source, root string, o options) (Source, error) {
	names := make([]string, src.Len())
	for i := range names {
		names[i] = labelInName(src.Name(i))
	}
	l, err := withNames(src, names, o, "the names of the files in "+root)
	if err == nil && l.Classes() != nil && len(l.Classes()) < 2 {
		err = fmt.Errorf("the names of the files in %s all stand for one class, %q: a name is a class and a number, as cat.12.jpg", root, l.Classes()[0])
	}
	return l, err
}
