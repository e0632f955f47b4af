package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

var plain = vision.Preset{Channels: 1}

// numbered is a flat folder of n images, of which some are broken.
func numbered(t testing.TB, n int, broken ...int) dataset.Source {
	t.Helper()
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%03d.png", i))
	}
	root := tree(t, names...)
	for _, i := range broken {
		write(t, filepath.Join(root, names[i]), []byte("no image"))
	}
	return open(t, root)
}

func loader(t testing.TB, src dataset.Source, o dataset.LoaderOptions) *dataset.Loader {
	t.Helper()
	l, err := dataset.NewLoader(src, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLoaderIsInOrder(t *testing.T) {
	src := numbered(t, 25, 3, 10, 24)
	for _, workers := range []int{1, 2, 7, 40} {
		l := loader(t, src, dataset.LoaderOptions{Preset: plain, BatchSize: 4, Workers: workers})
		var got []int
		var sizes []int
		for b, err := range l.Batches(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, b.Input.Dim(0))
			if !b.Input.Shape()[1:].Equal(tensor.Shape{1, 2, 3}) || len(b.Names) != b.Input.Dim(0) || len(b.Labels) != b.Input.Dim(0) {
				t.Fatalf("%v %v", b.Input, b.Names)
			}
			for i := range b.Input.Dim(0) {
				v := int(b.Input.Float32s()[6*i]*255 + 0.5)
				if !strings.HasSuffix(b.Names[i], fmt.Sprintf("%03d.png", v)) {
					t.Errorf("%s has the pixels of %d", b.Names[i], v)
				}
				got = append(got, v)
			}
		}
		want := []int{0, 1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d workers: %s", workers, d)
		}
		if d := cmp.Diff([]int{4, 4, 4, 4, 4, 2}, sizes); d != "" {
			t.Error(d)
		}
		var skipped []int
		for _, s := range l.Skipped() {
			skipped = append(skipped, s.Index)
			if !strings.Contains(s.Error(), s.Name) {
				t.Errorf("%v does not name %s", s, s.Name)
			}
		}
		if d := cmp.Diff([]int{3, 10, 24}, skipped); d != "" {
			t.Error(d)
		}
	}
}

// last returns the number of batches and the error at the end of a run.
func last(l *dataset.Loader, ctx context.Context) (n int, err error) {
	for b, e := range l.Batches(ctx) {
		if e != nil {
			err = e
		} else if n += 1; b == nil {
			panic("no batch and no error")
		}
	}
	return n, err
}

func TestLoaderErrors(t *testing.T) {
	n, err := last(loader(t, numbered(t, 8, 5), dataset.LoaderOptions{Preset: plain, Strict: true}), t.Context())
	if n != 5 || err == nil || !strings.Contains(err.Error(), "005.png") {
		t.Errorf("strict: %d batches, %v", n, err)
	}
	n, err = last(loader(t, numbered(t, 2, 0, 1), dataset.LoaderOptions{Preset: plain}), t.Context())
	if n != 0 || err == nil || !strings.Contains(err.Error(), "not one of 2") {
		t.Errorf("all broken: %d batches, %v", n, err)
	}
	_, err = last(loader(t, numbered(t, 2), dataset.LoaderOptions{}), t.Context())
	if err == nil || !strings.Contains(err.Error(), "preset") {
		t.Errorf("no preset: %v", err)
	}
	golden, err := os.ReadFile(filepath.Join("..", "vision", "testdata", "golden", "RGB.png"))
	if err != nil {
		t.Fatal(err)
	}
	root := tree(t, "1.png")
	write(t, filepath.Join(root, "2.png"), golden)
	_, err = last(loader(t, open(t, root), dataset.LoaderOptions{Preset: plain}), t.Context())
	if err == nil || !strings.Contains(err.Error(), "2.png") || !strings.Contains(err.Error(), "crop") {
		t.Errorf("two sizes: %v", err)
	}
	for _, o := range []dataset.LoaderOptions{{BatchSize: -1}, {Workers: -1}, {Preset: vision.Preset{Channels: 2}}} {
		if _, err := dataset.NewLoader(numbered(t, 1), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestLoaderStops(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	src := numbered(t, 60)
	l := loader(t, src, dataset.LoaderOptions{Preset: plain, Workers: 5})
	for range l.Batches(t.Context()) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var err error
	for _, e := range l.Batches(ctx) {
		if err = e; err != nil {
			break
		}
		if n++; n == 3 {
			cancel()
		}
	}
	if n != 3 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d batches, then %v", n, err)
	}
	if len(l.Skipped()) != 0 {
		t.Errorf("cancelling skipped %v", l.Skipped())
	}
}

// The window bounds how far the workers read ahead of a slow consumer.
func TestLoaderIsBounded(t *testing.T) {
	src := &counting{Source: numbered(t, 60)}
	l := loader(t, src, dataset.LoaderOptions{Preset: plain, Workers: 3})
	for range l.Batches(t.Context()) {
		time.Sleep(20 * time.Millisecond)
		break
	}
	if n := src.n.Load(); n > 1+2*3+2 {
		t.Errorf("%d samples were read for one batch", n)
	}
}

func TestLoaderPassesTensors(t *testing.T) {
	x := tensor.New(tensor.Float32, 3, 2, 1, 1)
	x.Float32s()[5] = 8
	src := open(t, writeNPY(t, filepath.Join(t.TempDir(), "x.npy"), x))
	for b, err := range loader(t, src, dataset.LoaderOptions{BatchSize: 8, Preset: vision.ImageClassification(2, 2)}).Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(b.Input.Float32s(), x.Float32s()); d != "" || !b.Input.Shape().Equal(x.Shape()) {
			t.Error(b.Input, d)
		}
	}
}
