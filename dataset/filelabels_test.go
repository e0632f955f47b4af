package dataset_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/dataset"
)

func TestLabelsFromATable(t *testing.T) {
	cases := map[string]struct {
		table   string
		classes []string
		labels  []int
	}{
		"names with header": {"filename,label\na.png,dog\nb.png,cat\nsub/c.png,dog\n", []string{"cat", "dog"}, []int{1, 0, 1}},
		"no header":         {"b.png,cat\na.png,dog\nc.png,dog\n", []string{"cat", "dog"}, []int{1, 0, 1}},
		"numbers":           {"image,class\na.png,7\nb.png,0\nc.png,3\n", nil, []int{7, 0, 3}},
		"no endings":        {"id,breed\nc,beagle\nb,pug\na,pug\n", []string{"beagle", "pug"}, []int{1, 1, 0}},
		"tabs":              {"a.png\tred fox\nb.png\tarctic fox\nc.png\tred fox\n", []string{"arctic fox", "red fox"}, []int{1, 0, 1}},
		"semicolons":        {"a.png;1\nb.png;0\nc.png;1\n", nil, []int{1, 0, 1}},
		"other order":       {"split,target,path\ntrain,x,a.png\ntrain,y,b.png\ntrain,x,sub/c.png\n", []string{"x", "y"}, []int{0, 1, 0}},
		"ImageNet's":        {"ImageId,PredictionString\na,n01751748 111 108 230 366\nb,n01440764 1 2 3 4\nc,n01751748 1 2 3 4 5 6 7 8\n", []string{"n01440764", "n01751748"}, []int{1, 0, 1}},
		"quotes and BOM":    {"\ufeff\"file\",\"class\"\r\n\"a.png\",\"a, b\"\r\n\"b.png\",\"c\"\r\nc.png,c\r\n", []string{"a, b", "c"}, []int{0, 1, 1}},
		"spaces":            {"a.png red\nb.png blue\nsub/c.png red\n", []string{"blue", "red"}, []int{1, 0, 1}},
		"spaces in names":   {"no a.png 0\nb.png 1\na.png 2\nc.png 0\n", nil, []int{2, 1, 0}},
		"dots and slashes":  {"path,label\n./a.png,4\n.\\b.png,2\nsub\\c.png,0\n", nil, []int{4, 2, 0}},
		"whole numbers":     {"file,label\na.png,1.0\nb.png,0.0\nc.png,2.0\n", nil, []int{1, 0, 2}},
		"versions":          {"file,label\na.png,v1.0\nb.png,1.0\nc.png,v1.0\n", []string{"1.0", "v1.0"}, []int{1, 0, 1}},
		"id and path":       {"id,path,label\n0,a.png,1\n1,b.png,0\n2,c.png,1\n", nil, []int{1, 0, 1}},
		"class first":       {"kind,image\nk,a.png\nl,b.png\nk,c.png\n", []string{"k", "l"}, []int{0, 1, 0}},
		"unknown header":    {"picture,kind\na.png,k\nb.png,l\nc.png,k\n", []string{"k", "l"}, []int{0, 1, 0}},
	}
	for name, c := range cases {
		names := []string{"a.png", "b.png", "sub/c.png"}
		root, table := tree(t, names...), write(t, filepath.Join(t.TempDir(), "labels.csv"), []byte(c.table))
		archive := write(t, filepath.Join(t.TempDir(), "x.tar"), tarOf(t, names...))
		for _, path := range []string{root, archive} {
			want := listing{Classes: c.classes, Names: names, Labels: c.labels, First: []float32{0, 1, 2}}
			if d := cmp.Diff(want, list(t, open(t, path, dataset.WithLabels(table)), path)); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
	}
}

// A table may call images by the path from where it lies, which begins with the set's
// own folder, and still not those of another set.
func TestLabelsByPathsFromOutside(t *testing.T) {
	root := tree(t, "a.png", "sub/b.png")
	for _, prefix := range []string{root, filepath.Base(root), "./" + filepath.Base(root)} {
		table := write(t, filepath.Join(t.TempDir(), "l.csv"), []byte("path,label\n"+prefix+"/a.png,3\n"+prefix+"/sub/b.png,1\nother/a.png,5\n"))
		src := open(t, root, dataset.WithLabels(table))
		want := listing{Names: []string{"a.png", "sub/b.png"}, Labels: []int{3, 1}, First: []float32{0, 1}}
		if d := cmp.Diff(want, list(t, src, root)); d != "" {
			t.Errorf("%s: %s", prefix, d)
		}
	}
}

func TestLabelsOfSomeImages(t *testing.T) {
	root := tree(t, "a.png", "b.png", "c.png")
	table := write(t, filepath.Join(t.TempDir(), "l.csv"), []byte("c.png,y\na.png,x\nz.png,x\n"))
	var notes []string
	src := open(t, root, dataset.WithLabels(table), dataset.WithNotes(func(s string) { notes = append(notes, s) }))
	want := listing{Classes: []string{"x", "y"}, Names: []string{"a.png", "c.png"}, Labels: []int{0, 1}, First: []float32{0, 2}}
	if d := cmp.Diff(want, list(t, src, root)); d != "" {
		t.Error(d)
	}
	if text := strings.Join(notes, "\n"); !strings.Contains(text, "1 line of images") || !strings.Contains(text, "1 image without a label is left out") {
		t.Errorf("%q", notes)
	}
	for table, want := range map[string]string{
		"a.png\n":                        "no column 2",
		"x.png,1\ny.png,2\n":             "not one of 3 images has a label",
		"a.png,-2\n":                     "is not a class",
		"a.png,x\na.png,y\n":             `is "y" here and "x" before`,
		"\"a.png":                        "no column 2",
		"file,label\n\na.png,x\nb.png\n": "l.csv, line 4: \"b.png\" has no column 2",
		"image,age,sex,kind\na.png,3,0,1\nb.png,4,1,0\n": "which of the columns image, age, sex, kind is the class? call it label",
		"image,MEL,NV,BCC\na.png,0,1,0\nb.png,1,0,0\n":   "which of the columns image, MEL, NV, BCC is the class",
	} {
		file := write(t, filepath.Join(t.TempDir(), "l.csv"), []byte(table))
		if src, err := dataset.Open(root, dataset.WithLabels(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v %v, want %q", table, src, err, want)
		}
	}
	twice := tree(t, "p/a.png", "q/a.png")
	file := write(t, filepath.Join(t.TempDir(), "l.csv"), []byte("a.png,1\n"))
	if _, err := dataset.Open(twice, dataset.WithLabels(file)); err == nil || !strings.Contains(err.Error(), "several images are called a.png") {
		t.Error(err)
	}
}

func TestLabelsFromNames(t *testing.T) {
	cases := map[string]struct {
		names   []string
		classes []string
		labels  []int
	}{
		"points":      {[]string{"cat.0.png", "cat.12.png", "dog.3.png"}, []string{"cat", "dog"}, []int{0, 0, 1}},
		"underscores": {[]string{"Abyssinian_1.png", "great_pyrenees_2.png", "great_pyrenees_33.png"}, []string{"Abyssinian", "great_pyrenees"}, []int{0, 1, 1}},
		"numbers":     {[]string{"3_0001.png", "3_0002.png", "7_0001.png"}, nil, []int{3, 3, 7}},
		"WordNet":     {[]string{"ILSVRC2012_val_00000001_n01751748.png", "ILSVRC2012_val_00000002_n01440764.png", "n01751748_10.png"}, []string{"n01440764", "n01751748"}, []int{1, 0, 1}},
		"brackets":    {[]string{"rose (1).png", "rose (2).png", "tulip (1).png"}, []string{"rose", "tulip"}, []int{0, 0, 1}},
		"dashes":      {[]string{"ok-001.png", "scratch-001.png", "scratch-002.png"}, []string{"ok", "scratch"}, []int{0, 1, 1}},
	}
	for name, c := range cases {
		root := tree(t, c.names...)
		want := listing{Classes: c.classes, Names: c.names, Labels: c.labels, First: []float32{0, 1, 2}}
		if d := cmp.Diff(want, list(t, open(t, root, dataset.WithLabelsFromNames()), root)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for want, names := range map[string][]string{"all stand for one class": {"img_1.png", "img_2.png"}, "not one of 2 images": {"1.png", "2.png"}} {
		if _, err := dataset.Open(tree(t, names...), dataset.WithLabelsFromNames()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", names, err)
		}
	}
}
