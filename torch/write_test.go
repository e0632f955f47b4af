package torch

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/octet-ml/octet/tensor"
	"pgregory.net/rapid"
)

// anyTensor draws a tensor of any type with random bytes.
func anyTensor(t *rapid.T) *tensor.Tensor {
	dtype := tensor.DType(rapid.IntRange(int(tensor.Float32), int(tensor.QInt32)).Draw(t, "dtype"))
	shape := tensor.Shape(rapid.SliceOfN(rapid.IntRange(0, 4), 0, 5).Draw(t, "shape"))
	var q *tensor.QParams
	if dtype.IsQuantized() {
		q = anyParams(t, dtype, shape)
	}
	raw := make([]byte, shape.Numel()*dtype.Size())
	for i := range raw {
		raw[i] = byte(rapid.IntRange(0, 255).Draw(t, "byte"))
		if dtype == tensor.Bool {
			raw[i] &= 1
		}
	}
	out, err := tensor.FromBytes(dtype, q, shape, raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func anyParams(t *rapid.T, dtype tensor.DType, shape tensor.Shape) *tensor.QParams {
	scale := rapid.Float64Range(1e-6, 1e3)
	lo, hi := dtype.CodeRange()
	zero := rapid.Int64Range(lo, hi)
	axis := slices.IndexFunc(shape, func(n int) bool { return n > 0 })
	if axis < 0 || rapid.Bool().Draw(t, "per tensor") {
		return tensor.Affine(scale.Draw(t, "scale"), zero.Draw(t, "zero"))
	}
	n := shape[axis]
	if rapid.Bool().Draw(t, "float zero points") {
		q := &tensor.QParams{Axis: axis}
		for range n {
			q.Scales = append(q.Scales, float64(float32(scale.Draw(t, "scale"))))
			q.FloatZeroPoints = append(q.FloatZeroPoints, float32(zero.Draw(t, "zero")))
		}
		return q
	}
	return tensor.PerAxis(rapid.SliceOfN(scale, n, n).Draw(t, "scales"), rapid.SliceOfN(zero, n, n).Draw(t, "zeros"), axis)
}

func anyValue(t *rapid.T) Value {
	wrapped := func() *Tensor {
		if x := anyTensor(t); x.DType().IsFloat() && rapid.Bool().Draw(t, "parameter") {
			return NewParameter(x, rapid.Bool().Draw(t, "grad"))
		} else {
			return NewTensor(x)
		}
	}
	switch rapid.IntRange(0, 8).Draw(t, "kind") {
	case 0:
		return None{}
	case 1:
		return Int(rapid.Int64().Draw(t, "int"))
	case 2:
		return Float(rapid.Float64().Draw(t, "float"))
	case 3:
		return String(rapid.String().Draw(t, "string"))
	case 4:
		return DType(tensor.QInt8)
	case 5:
		return &PackedLinear{Weight: wrapped()}
	case 6:
		return &PackedLinear{Weight: wrapped(), Bias: wrapped()}
	default:
		return wrapped()
	}
}

// TestRoundTrip: what is written is read back, and written again gives the same bytes.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sd := &StateDict{}
		sd.SetTensor("first", tensor.Of([]float32{1}, 1)) // without a tensor it is no state dict
		for i := range rapid.IntRange(0, 6).Draw(t, "entries") {
			sd.Set(fmt.Sprint("k", i, ".", rapid.StringMatching(`[a-z.é]{0,5}`).Draw(t, "key")), anyValue(t))
		}
		if rapid.Bool().Draw(t, "metadata") {
			sd.Metadata = rapid.MapOfN(rapid.StringMatching(`[a-z.]{0,4}`), rapid.IntRange(-1, 1<<20), 0, 5).Draw(t, "versions")
		}
		sd.Extra = rapid.MapOfN(rapid.StringMatching(`[a-z]{1,5}\.json`), rapid.SliceOf(rapid.Byte()), 0, 2).Draw(t, "extra")
		var one, two bytes.Buffer
		if err := Write(&one, sd); err != nil {
			t.Fatal(err)
		}
		c, err := Read(bytes.NewReader(one.Bytes()), int64(one.Len()), "mem")
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.StateDict("")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(sd.Keys(), got.Keys()) || !maps.Equal(sd.Metadata, got.Metadata) || (sd.Metadata == nil) != (got.Metadata == nil) {
			t.Fatalf("keys %v, metadata %v; want %v, %v", got.Keys(), got.Metadata, sd.Keys(), sd.Metadata)
		}
		for name, b := range sd.Extra {
			if !bytes.Equal(got.Extra[name], b) {
				t.Fatalf("extra record %s is %q, want %q", name, got.Extra[name], b)
			}
		}
		for _, k := range sd.Keys() {
			a, _ := sd.Entry(k)
			b, _ := got.Entry(k)
			if err := equalValues(a, b); err != nil {
				t.Fatalf("%s: %v", k, err)
			}
		}
		if err := Write(&two, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Fatal("the second file differs from the first")
		}
	})
}

func equalValues(a, b Value) error {
	ta, tb := tensorsIn(a), tensorsIn(b)
	if len(ta) != len(tb) || a.kind() != b.kind() {
		return fmt.Errorf("%v became %v", a, b)
	}
	for i, x := range ta {
		y := tb[i]
		if x.Parameter != y.Parameter || x.RequiresGrad != y.RequiresGrad {
			return fmt.Errorf("parameter %v with gradient %v became %v with %v", x.Parameter, x.RequiresGrad, y.Parameter, y.RequiresGrad)
		}
		if !bytes.Equal(x.Data.Bytes(), y.Data.Bytes()) || x.DType() != y.DType() || !x.Shape().Equal(y.Shape()) || !x.Data.QParams().Equal(y.Data.QParams()) {
			return fmt.Errorf("%v became %v", x.Data, y.Data)
		}
	}
	if f, ok := a.(Float); ok && math.IsNaN(float64(f)) {
		return nil
	}
	if len(ta) == 0 && a != b {
		return fmt.Errorf("%v became %v", a, b)
	}
	return nil
}

// TestLayoutOfWrittenFile checks what the zip must look like for PyTorch.
func TestLayoutOfWrittenFile(t *testing.T) {
	sd := &StateDict{Extra: map[string][]byte{"octet.json": []byte("{}")}}
	q := tensor.PerAxis([]float64{0.5, 0.25}, []int64{0, 0}, 0)
	codes := make([]int8, 2*3*2*2)
	for i := range codes {
		codes[i] = int8(i)
	}
	sd.SetTensor("conv.weight", tensor.OfQuantized(codes, q, 2, 3, 2, 2))
	sd.Set("conv.bias", None{})
	var b bytes.Buffer
	if err := Write(&b, sd); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		if at, _ := f.DataOffset(); at%64 != 0 || f.Method != zip.Store {
			t.Errorf("%s lies at %d, method %d", f.Name, at, f.Method)
		}
	}
	want := []string{"archive/data.pkl", "archive/byteorder", "archive/data/0", "archive/data/1", "archive/data/2", "archive/version", "archive/octet.json"}
	if !slices.Equal(names, want) {
		t.Errorf("records %v", names)
	}
	c, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "mem")
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.StateDict("")
	if err != nil {
		t.Fatal(err)
	}
	v, _ := got.Entry("conv.weight")
	if w := v.(*Tensor); !w.ChannelsLast() || !slices.Equal(w.Strides, []int{12, 1, 6, 3}) || !slices.Equal(w.Data.Int8s(), codes) {
		t.Errorf("strides %v, codes %v", w.Strides, w.Data.Int8s())
	}
}

// TestSharedStorages: views of one storage are views of one storage again.
func TestSharedStorages(t *testing.T) {
	sd, err := Load("testdata/samples/dtypes_views_zip.pth", "")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, sd); err != nil {
		t.Fatal(err)
	}
	c, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "mem")
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.StateDict("")
	if err != nil {
		t.Fatal(err)
	}
	at := func(sd *StateDict, k string) *Tensor { v, _ := sd.Entry(k); return v.(*Tensor) }
	for _, pair := range [][2]string{{"shared_a", "shared_view"}, {"shared_a", "shared_t"}, {"param", "tied"}} {
		if at(again, pair[0]).Storage != at(again, pair[1]).Storage {
			t.Errorf("%v no longer share a storage", pair)
		}
	}
	if at(again, "param").Data != at(again, "tied").Data {
		t.Error("tied parameters are two tensors")
	}
	at(sd, "shared_a").Data.Float32s()[8]++ // now the views disagree
	if err := Write(&b, sd); err == nil {
		t.Error("contradicting views were written")
	}
}

// TestSaveLeavesNothingBehind: cancelled, failing and impossible saves.
func TestSaveLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.pth")
	sd := &StateDict{}
	sd.SetTensor("w", tensor.New(tensor.Float32, 1000))
	if err := Save(path, sd); err != nil {
		t.Fatal(err)
	}
	old, _ := os.ReadFile(path)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Save(path, sd, WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	sd.Set("x", &List{})
	if err := Save(path, sd); err == nil {
		t.Error("a list was written")
	} else {
		t.Log(err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(old, now) {
		t.Error("the old file changed")
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files left: %v", files)
	}
	if err := Save(filepath.Join(dir, "no", "m.pth"), sd); err == nil {
		t.Error("saved into a folder that does not exist")
	}
}

// shortWriter fails after n bytes, as a full disk does.
type shortWriter struct{ n int }

var errFull = errors.New("no space left on device")

func (w *shortWriter) Write(b []byte) (int, error) {
	if w.n -= len(b); w.n < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestWriteReportsFullDisk(t *testing.T) {
	sd := &StateDict{}
	sd.SetTensor("w", tensor.New(tensor.Float32, 1<<20))
	for _, room := range []int{0, 100, 1 << 20, 4 << 20} {
		if err := Write(&shortWriter{room}, sd); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: error %v", room, err)
		}
	}
}

// TestLargeCheckpoint: reading costs hardly more memory than the payload.
func TestLargeCheckpoint(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100 MB")
	}
	sd := &StateDict{}
	const n, each = 20, 1_250_000 // 100 MB
	for i := range n {
		w := tensor.New(tensor.Float32, each)
		w.Float32s()[i] = float32(i)
		sd.SetTensor(fmt.Sprint("w", i), w)
	}
	path := filepath.Join(t.TempDir(), "large.pth")
	start := time.Now()
	if err := Save(path, sd); err != nil {
		t.Fatal(err)
	}
	saved := time.Since(start)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start = time.Now()
	got, err := Load(path, "")
	if err != nil {
		t.Fatal(err)
	}
	loaded := time.Since(start)
	runtime.ReadMemStats(&after)
	allocated := float64(after.TotalAlloc-before.TotalAlloc) / (n * each * 4)
	t.Logf("saved in %v, loaded in %v with %.3f times the payload", saved, loaded, allocated)
	if allocated > 1.2 {
		t.Errorf("loading allocated %.2f times the payload", allocated)
	}
	if w, _ := got.Tensor("w7"); w.Float32s()[7] != 7 {
		t.Error("wrong values")
	}
}
