package octet_test

import (
	"errors"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
)

const demoTest = "cmd/octet/demodata/t10k-images-idx3-ubyte.gz"

func openSource(t *testing.T, path string) dataset.Source {
	t.Helper()
	s, err := dataset.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestEvaluate counts what Run and the labels say, one sample after the other.
func TestEvaluate(t *testing.T) {
	m := open(t)
	source := dataset.Limit(openSource(t, demoTest), 100)
	got, err := octet.Evaluate(t.Context(), m, source)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	want := octet.Evaluation{Classes: make([]octet.Accuracy, 10)}
	for x, err := range octet.Inputs(t.Context(), m, demoTest) {
		if err != nil {
			t.Fatal(err)
		}
		y, err := s.Run(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		for row := 0; row < x.Dim(0) && want.Inputs < 100; row++ {
			label := source.Label(want.Inputs)
			for _, a := range []*octet.Accuracy{&want.Accuracy, &want.Classes[label]} {
				a.Inputs++
				for place, p := range octet.TopK(y.Float32s()[10*row:10*row+10], 5, nil) {
					if p.Class == label {
						a.Top5++
						if place == 0 {
							a.Top1++
						}
					}
				}
			}
		}
		if want.Inputs == 100 {
			break
		}
	}
	if got.Accuracy != want.Accuracy || got.Top1 < 80 || got.Undecided != 0 || got.Skipped != nil || got.Took <= 0 {
		t.Errorf("%+v; want %+v", got, want)
	}
	for class, a := range want.Classes {
		if got.Classes[class] != a {
			t.Errorf("class %d: %+v, want %+v", class, got.Classes[class], a)
		}
	}
}

// classFolders writes images of the test set into one folder per class.
func classFolders(t *testing.T, source dataset.Source, n int, folderOf func(label int) string) string {
	t.Helper()
	root := t.TempDir()
	for i := range n {
		s, err := source.At(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		img := image.NewRGBA(image.Rect(0, 0, s.Image.Width, s.Image.Height))
		for p := range s.Image.Width * s.Image.Height {
			copy(img.Pix[4*p:], s.Image.Pix[3*p:3*p+3])
			img.Pix[4*p+3] = 255
		}
		folder := filepath.Join(root, folderOf(s.Label))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(folder, strings.Repeat("i", i+1)+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestEvaluateMatchesFolders: folders are classes by their names, not by their order, and
// what cannot be read is left out and named.
func TestEvaluateMatchesFolders(t *testing.T) {
	m := open(t)
	labels, _ := m.Labels()
	source := openSource(t, demoTest)
	want, err := octet.Evaluate(t.Context(), m, dataset.Limit(source, 30))
	if err != nil {
		t.Fatal(err)
	}
	root := classFolders(t, source, 30, func(label int) string {
		return strings.ToLower(strings.NewReplacer(" ", "_", "/", "-").Replace(labels[label]))
	})
	if err := os.WriteFile(filepath.Join(root, "sandal", "broken.png"), []byte("\x89PNG\r\n\x1a\nno"), 0o644); err != nil {
		t.Fatal(err)
	}
	folders := openSource(t, root)
	got, err := octet.Evaluate(t.Context(), m, folders)
	if err != nil {
		t.Fatal(err)
	}
	if got.Accuracy != want.Accuracy || len(got.Skipped) != 1 || !strings.HasSuffix(got.Skipped[0].Name, "broken.png") {
		t.Errorf("%+v of folders, %+v of the same images with numbers", got, want)
	}
	matched, assumed, err := m.MatchClasses(folders)
	if err != nil || assumed != "" {
		t.Fatal(assumed, err)
	}
	if again, _, err := m.MatchClasses(matched); err != nil || again != matched {
		t.Errorf("matched a second time: %v", err)
	}

	strange := openSource(t, classFolders(t, source, 30, func(label int) string { return string(rune('k' - label)) }))
	var classes *octet.ClassesError
	if _, err := octet.Evaluate(t.Context(), m, strange); !errors.As(err, &classes) || len(classes.Folders) != 10 || classes.LabelsAssumed {
		t.Errorf("folders of other names: %v", err)
	}
	mapping := make([]int, 10)
	for i := range mapping {
		mapping[i] = 9 - i
	}
	relabelled := dataset.Relabel(strange, mapping, labels)
	if got, err := octet.Evaluate(t.Context(), m, relabelled); err != nil || got.Accuracy != want.Accuracy {
		t.Errorf("relabelled: %+v, %v; want %+v", got, err, want.Accuracy)
	}
}

func TestSessionEvaluate(t *testing.T) {
	m := open(t)
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 2, 1, 28, 28)
	x.Float32s()[784+5] = float32(math.NaN())
	stream := func(b *dataset.Batch) func(func(*dataset.Batch, error) bool) {
		return func(yield func(*dataset.Batch, error) bool) { yield(b, nil) }
	}
	e, err := s.Evaluate(t.Context(), stream(&dataset.Batch{Input: x, Names: []string{"a", "b"}, Labels: []int{0, 1}}))
	if err != nil || e.Inputs != 2 || e.Undecided != 1 || e.NonFinite != (octet.NonFinite{Inputs: 1, NaN: 1}) || e.Classes[1].Top1 != 0 {
		t.Errorf("NaN in the second input: %+v, %v", e, err)
	}
	for name, c := range map[string]struct {
		batch *dataset.Batch
		want  string
	}{
		"no class":      {&dataset.Batch{Input: x, Names: []string{"a", "b"}, Labels: []int{0, 10}}, "b: its label is 10; the model has the classes 0..9"},
		"no label":      {&dataset.Batch{Input: x, Names: []string{"a", "b"}, Labels: []int{-1, 0}}, "a: its label is -1"},
		"too few names": {&dataset.Batch{Input: x, Names: []string{"a"}, Labels: []int{0, 0}}, "2 labels and 1 names"},
	} {
		if _, err := s.Evaluate(t.Context(), stream(c.batch)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
	if _, err := s.Evaluate(t.Context(), func(func(*dataset.Batch, error) bool) {}); err == nil {
		t.Error("the accuracy of nothing is no error")
	}
}
