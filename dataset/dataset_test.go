package dataset_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// pngOf returns a 3x2 image whose first sample is v.
func pngOf(v uint8) []byte {
	m := image.NewGray(image.Rect(0, 0, 3, 2))
	m.SetGray(0, 0, color.Gray{v})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// tree writes one image per name into a new folder; image i has first sample i.
func tree(t testing.TB, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for i, n := range names {
		path := filepath.Join(root, filepath.FromSlash(n))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, pngOf(uint8(i)))
	}
	return root
}

func write(t testing.TB, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tarOf(t testing.TB, names ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i, n := range names {
		b := pngOf(uint8(i))
		if err := w.WriteHeader(&tar.Header{Name: n, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(b))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func idxOf(elements []byte, shape ...uint32) []byte {
	b := []byte{0, 0, 8, byte(len(shape))}
	for _, d := range shape {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return append(b, elements...)
}

func writeNPY(t testing.TB, path string, x *tensor.Tensor) string {
	t.Helper()
	if err := npy.WriteFile(path, x); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string, opts ...dataset.Option) dataset.Source {
	t.Helper()
	src, err := dataset.Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	})
	return src
}

// listing is name, label and first sample of everything in a source.
type listing struct {
	Classes []string
	Names   []string
	Labels  []int
	First   []float32
}

func list(t testing.TB, src dataset.Source, root string) listing {
	t.Helper()
	out := listing{Classes: src.Classes()}
	for i := range src.Len() {
		s, err := src.At(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if s.Name != src.Name(i) || s.Label != src.Label(i) {
			t.Errorf("sample %d is %q %d, announced as %q %d", i, s.Name, s.Label, src.Name(i), src.Label(i))
		}
		name := strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(s.Name, root)), "/")
		out.Names = append(out.Names, strings.TrimPrefix(name, ":"))
		out.Labels = append(out.Labels, s.Label)
		if s.Image != nil {
			out.First = append(out.First, float32(s.Image.Pix[0]))
		} else {
			out.First = append(out.First, s.Tensor.Float32s()[0])
		}
	}
	return out
}

var classNames = []string{"b/1.png", "a/z/1.JPG", "a/z-y/1.png", "a/2.png", "a/10.png", "B/x.tiff", "a/z/q/1.png", "a/notes.txt"}

// The order in which ImageFolder lists these files.
var classListing = listing{
	Classes: []string{"B", "a", "b"},
	Names:   []string{"B/x.tiff", "a/10.png", "a/2.png", "a/z/1.JPG", "a/z-y/1.png", "a/z/q/1.png", "b/1.png"},
	Labels:  []int{0, 1, 1, 1, 1, 1, 2},
	First:   []float32{5, 4, 3, 1, 2, 6, 0},
}

func TestImageFolder(t *testing.T) {
	root := tree(t, classNames...)
	if d := cmp.Diff(classListing, list(t, open(t, root), root)); d != "" {
		t.Error(d)
	}
	flat := list(t, open(t, root, dataset.WithoutClasses()), root)
	if flat.Classes != nil || len(flat.Names) != 7 || flat.Labels[0] != -1 {
		t.Errorf("%+v", flat)
	}
}

func TestTar(t *testing.T) {
	for name, file := range map[string][]byte{"x.tar": tarOf(t, classNames...), "x.tgz": zipped(t, tarOf(t, classNames...))} {
		path := write(t, filepath.Join(t.TempDir(), name), file)
		if d := cmp.Diff(classListing, list(t, open(t, path), path)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	// Shared folders are no classes, and attributes of macOS are no images.
	path := write(t, filepath.Join(t.TempDir(), "x.tar"), tarOf(t, "./top/set/dog/1.png", "./top/set/cat/1.png", "./top/set/cat/._1.png"))
	if got := list(t, open(t, path), path); cmp.Diff(got.Classes, []string{"cat", "dog"}) != "" || cmp.Diff(got.First, []float32{1, 0}) != "" {
		t.Errorf("%+v", got)
	}
	path = write(t, filepath.Join(t.TempDir(), "y.tar"), tarOf(t, "top/2.png", "top/1.png"))
	if got := list(t, open(t, path), path); got.Classes != nil || cmp.Diff(got.Labels, []int{-1, -1}) != "" {
		t.Errorf("%+v", got)
	}
}

func TestFlatFolderAndFiles(t *testing.T) {
	root := tree(t, "b.png", "a.png", "sub/c.png")
	want := listing{Names: []string{"a.png", "b.png", "sub/c.png"}, Labels: []int{-1, -1, -1}, First: []float32{1, 0, 2}}
	if d := cmp.Diff(want, list(t, open(t, root, dataset.WithoutClasses()), root)); d != "" {
		t.Error(d)
	}
	if err := os.Remove(filepath.Join(root, "sub", "c.png")); err != nil { // a folder without images is no class
		t.Fatal(err)
	}
	want = listing{Names: []string{"a.png", "b.png"}, Labels: []int{-1, -1}, First: []float32{1, 0}}
	if d := cmp.Diff(want, list(t, open(t, root), root)); d != "" {
		t.Error(d)
	}
	src, err := dataset.Files([]string{filepath.Join(root, "b.png"), filepath.Join(root, "a.png")})
	if err != nil {
		t.Fatal(err)
	}
	if got := list(t, src, root); cmp.Diff(got.Names, []string{"b.png", "a.png"}) != "" {
		t.Errorf("%+v", got)
	}
	if got := list(t, open(t, filepath.Join(root, "b.png")), root); len(got.Names) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestSymbolicLinks(t *testing.T) {
	root := tree(t, "a/1.png")
	if err := os.Symlink(filepath.Join(root, "a"), filepath.Join(root, "b")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(root, filepath.Join(root, "a", "loop")); err != nil {
		t.Fatal(err)
	}
	// Each link is followed once: b is a class of its own, the loop ends.
	if src := open(t, root); cmp.Diff(src.Classes(), []string{"a", "b"}) != "" || src.Len() > 4 {
		t.Errorf("%v %d", src.Classes(), src.Len())
	}
}

func TestIDX(t *testing.T) {
	images := idxOf([]byte{1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0}, 2, 2, 3)
	labels := idxOf([]byte{7, 9}, 2)
	want := listing{Names: []string{"[0]", "[1]"}, Labels: []int{7, 9}, First: []float32{1, 2}}
	for _, gz := range []bool{false, true} {
		dir := t.TempDir()
		path, beside := filepath.Join(dir, "t10k-images-idx3-ubyte"), filepath.Join(dir, "t10k-labels-idx1-ubyte")
		if gz {
			path, beside = path+".gz", beside+".gz"
			write(t, path, zipped(t, images))
			write(t, beside, zipped(t, labels))
		} else {
			write(t, path, images)
			write(t, beside, labels)
		}
		if d := cmp.Diff(want, list(t, open(t, path), path)); d != "" {
			t.Error(d)
		}
	}
	// Colour, and labels elsewhere.
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "x"), idxOf(make([]byte, 12), 2, 1, 2, 3))
	y := writeNPY(t, filepath.Join(dir, "y.npy"), tensor.Of([]int64{3, -1}, 2))
	if got := list(t, open(t, path, dataset.WithLabels(y)), path); cmp.Diff(got.Labels, []int{3, -1}) != "" {
		t.Errorf("%+v", got)
	}
}

func TestArrays(t *testing.T) {
	dir := t.TempDir()
	x := tensor.New(tensor.Float32, 2, 3, 2, 2)
	x.Float32s()[12] = 5
	path := writeNPY(t, filepath.Join(dir, "x.npy"), x)
	want := listing{Names: []string{"[0]", "[1]"}, Labels: []int{-1, -1}, First: []float32{0, 5}}
	if d := cmp.Diff(want, list(t, open(t, path), path)); d != "" {
		t.Error(d)
	}
	for _, shape := range [][]int{{2, 2, 3}, {2, 2, 3, 1}, {2, 2, 1, 3}} {
		g := tensor.New(tensor.UInt8, shape...)
		g.Uint8s()[6] = 9
		path := writeNPY(t, filepath.Join(dir, "g.npy"), g)
		y := writeNPY(t, filepath.Join(dir, "y.npy"), tensor.Of([]int32{4, 2}, 2, 1))
		want := listing{Names: []string{"[0]", "[1]"}, Labels: []int{4, 2}, First: []float32{0, 9}}
		src := open(t, path, dataset.WithLabels(y))
		if d := cmp.Diff(want, list(t, src, path)); d != "" {
			t.Errorf("%v: %s", shape, d)
		}
		if s, err := src.At(t.Context(), 0); err != nil || s.Image.Height != shape[1] || s.Image.Width != shape[2] {
			t.Errorf("%v: %+v %v", shape, s, err)
		}
	}
	path = filepath.Join("testdata", "golden", "xy.npz")
	want = listing{Names: []string{"[0]", "[1]", "[2]"}, Labels: []int{2, 0, 1}, First: []float32{0, 12, 24}}
	if d := cmp.Diff(want, list(t, open(t, path), path)); d != "" {
		t.Error(d)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, b []byte) string { return write(t, filepath.Join(dir, name), b) }
	array := func(name string, x *tensor.Tensor) string { return writeNPY(t, filepath.Join(dir, name), x) }
	mkdir := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	x := array("x.npy", tensor.New(tensor.Float32, 2, 1, 2, 2))
	idx := file("idx", idxOf(make([]byte, 8), 2, 2, 2))
	cut := tarOf(t, "a.png", "b.png")
	hidden, tree := tree(t, ".cache/1.png", "a/._1.png"), tree(t, "a/1.gif", "b/1.avif")
	cases := map[string]struct {
		path string
		opts []dataset.Option
		want string
	}{
		"absent":                  {filepath.Join(dir, "absent"), nil, "absent"},
		"empty folder":            {mkdir("none"), nil, "no image in this folder"},
		"no image":                {tree, nil, "it holds 2 pictures of other formats (1 .avif, 1 .gif)"},
		"only hidden":             {hidden, nil, "no image in this folder"},
		"empty file":              {file("empty", nil), nil, "file is empty"},
		"text":                    {file("text", []byte("hello")), nil, "neither"},
		"cut gzip":                {file("cut.gz", zipped(t, cut)[:9]), nil, "cut.gz"},
		"tar of text":             {file("t.tar", tarOf(t, "a.txt")), nil, "no image among its members"},
		"cut tar":                 {file("c.tar", cut[:560]), nil, "cut off"},
		"tar cut between members": {file("b.tar", cut[:len(cut)-1024]), nil, "mark of its end"},
		"cut IDX":                 {file("c.idx", idxOf(make([]byte, 7), 2, 2, 2)), nil, "cut off"},
		"huge IDX":                {file("h.idx", idxOf(nil, 1<<31, 1<<31, 1<<31)), nil, "cut off"},
		"no IDX images":           {file("z.idx", idxOf(nil, 0, 2, 2)), nil, "extent 0"},
		"IDX labels":              {file("l.idx", idxOf(make([]byte, 2), 2)), nil, "file of labels"},
		"label count":             {idx, []dataset.Option{dataset.WithLabels(array("y3.npy", tensor.New(tensor.Int64, 3)))}, "3 labels for 2 images"},
		"npy labels":              {x, []dataset.Option{dataset.WithLabels(array("y1.npy", tensor.New(tensor.Int64, 1)))}, "1 labels for 2 images"},
		"float labels":            {x, []dataset.Option{dataset.WithLabels(array("yf.npy", tensor.New(tensor.Float32, 2)))}, "integers"},
		"bad label":               {x, []dataset.Option{dataset.WithLabels(array("yn.npy", tensor.Of([]int64{0, -2}, 2)))}, "sample 1"},
		"label image":             {x, []dataset.Option{dataset.WithLabels(file("i.png", pngOf(0)))}, "only"},
		"folder labels":           {mkdir("none"), []dataset.Option{dataset.WithLabels(x)}, "from a CSV"},
		"npy rank":                {array("r.npy", tensor.New(tensor.Float32, 2, 3, 4)), nil, "[N, C, H, W]"},
		"npy type":                {array("i.npy", tensor.New(tensor.Int64, 2, 3, 4, 4)), nil, "no set of images"},
		"npy CHW":                 {array("u.npy", tensor.New(tensor.UInt8, 2, 3, 4, 4)), nil, "transpose"},
		"npy empty":               {array("e.npy", tensor.New(tensor.Float32, 0, 3, 4, 4)), nil, "empty"},
		"npy of labels":           {array("l.npy", tensor.New(tensor.Int64, 5)), nil, "labels"},
		"npz without x":           {filepath.Join("testdata", "golden", "ab.npz"), nil, "numpy.savez"},
		"npz mismatch":            {filepath.Join("testdata", "golden", "mismatch.npz"), nil, "2 labels (y) for 3 images (x)"},
		"Fortran":                 {filepath.Join("testdata", "golden", "fortran.npy"), nil, "ascontiguousarray"},
	}
	for name, c := range cases {
		src, err := dataset.Open(c.path, c.opts...)
		if err == nil {
			src.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if _, err := dataset.Files(nil); err == nil {
		t.Error("an empty list was opened")
	}
	if _, err := dataset.Files([]string{dir}); err == nil {
		t.Error("a folder in a list was opened")
	}
}

func TestAtNamesTheSample(t *testing.T) {
	root := tree(t, "a/1.png")
	write(t, filepath.Join(root, "a", "2.png"), []byte("no image"))
	if _, err := open(t, root).At(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "2.png") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, root).At(ctx, 0); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestEncoded(t *testing.T) {
	src, err := dataset.Encoded([][]byte{pngOf(3), []byte("no image"), pngOf(1)})
	if err != nil {
		t.Fatal(err)
	}
	if src.Len() != 3 || src.Classes() != nil || src.Label(2) != -1 || src.Name(2) != "image 2" {
		t.Errorf("%d images, classes %v, label %d, name %q", src.Len(), src.Classes(), src.Label(2), src.Name(2))
	}
	for i, want := range map[int]uint8{0: 3, 2: 1} {
		s, err := src.At(t.Context(), i)
		if err != nil || s.Image.Pix[0] != want || s.Label != -1 || s.Name != src.Name(i) {
			t.Errorf("image %d: %+v, %v", i, s, err)
		}
	}
	if _, err := src.At(t.Context(), 1); err == nil || !strings.HasPrefix(err.Error(), "image 1: not an image") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.At(ctx, 0); err != context.Canceled {
		t.Errorf("got %v", err)
	}
	if _, err := dataset.Encoded(nil); err == nil {
		t.Error("an empty list was opened")
	}
}

func TestSubsets(t *testing.T) {
	var names []string
	for _, c := range []string{"a", "b", "c"} {
		for i := range 5 {
			names = append(names, c+"/"+string(rune('0'+i))+".png")
		}
	}
	src := open(t, tree(t, names...))
	if dataset.Limit(src, 0) != src || dataset.Draw(src, 15, 1) != src || dataset.Limit(src, 4).Len() != 4 {
		t.Error("limits are wrong")
	}
	a := list(t, dataset.Draw(src, 7, 42), "")
	if d := cmp.Diff(a, list(t, dataset.Draw(src, 7, 42), "")); d != "" {
		t.Error("the same seed draws differently: ", d)
	}
	if cmp.Diff(a, list(t, dataset.Draw(src, 7, 43), "")) == "" {
		t.Error("another seed draws the same")
	}
	count, seen := map[int]int{}, map[string]bool{}
	for i, l := range a.Labels {
		count[l]++
		seen[a.Names[i]] = true
	}
	if len(seen) != 7 || count[0] < 2 || count[1] < 2 || count[2] < 2 {
		t.Errorf("%+v", a)
	}
}

func FuzzTar(f *testing.F) {
	f.Add(tarOf(f, classNames...))
	f.Add(tarOf(f, "./top/a.png", "../b.png"))
	fuzzOpen(f, "x.tar")
}

func FuzzIDX(f *testing.F) {
	f.Add(idxOf(make([]byte, 12), 2, 2, 3))
	f.Add(zipped(f, idxOf(make([]byte, 12), 2, 2, 3)))
	f.Add(idxOf(make([]byte, 2), 2))
	fuzzOpen(f, "x-images-idx3-ubyte")
}

// Whatever opens is not empty, and each sample is read or refused.
func fuzzOpen(f *testing.F, name string) {
	path := filepath.Join(f.TempDir(), name)
	f.Fuzz(func(t *testing.T, b []byte) {
		write(t, path, b)
		src, err := dataset.Open(path)
		if err != nil {
			return
		}
		defer src.Close()
		if src.Len() < 1 {
			t.Fatal("an empty set was opened")
		}
		for i := range min(src.Len(), 20) {
			if s, err := src.At(t.Context(), i); err == nil && (s.Image == nil) == (s.Tensor == nil) {
				t.Fatalf("%+v", s)
			}
		}
	})
}

var _ io.Closer = dataset.Source(nil)
