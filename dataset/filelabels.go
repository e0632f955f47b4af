package dataset

import (
	"context"
	"fmt"
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
