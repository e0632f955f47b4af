package npy

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

func golden(name string) string { return filepath.Join("testdata", "golden", name) }

// asFloat64 returns the elements as numbers.
func asFloat64(t *tensor.Tensor) []float64 {
	out := make([]float64, t.Numel())
	for i := range out {
		switch t.DType() {
		case tensor.Float16:
			out[i] = float64(tensor.HalfToFloat32(tensor.Data[uint16](t)[i]))
		case tensor.Float32:
			out[i] = float64(t.Float32s()[i])
		case tensor.Float64:
			out[i] = tensor.Data[float64](t)[i]
		case tensor.Int8:
			out[i] = float64(t.Int8s()[i])
		case tensor.Int16:
			out[i] = float64(tensor.Data[int16](t)[i])
		case tensor.Int32:
			out[i] = float64(t.Int32s()[i])
		case tensor.Int64:
			out[i] = float64(t.Int64s()[i])
		case tensor.UInt16:
			out[i] = float64(tensor.Data[uint16](t)[i])
		case tensor.UInt32:
			out[i] = float64(tensor.Data[uint32](t)[i])
		case tensor.UInt64:
			out[i] = float64(tensor.Data[uint64](t)[i])
		default:
			out[i] = float64(t.Uint8s()[i])
		}
	}
	return out
}

func TestReadsNumpysFiles(t *testing.T) {
	files := map[string]tensor.DType{
		"le_f2": tensor.Float16, "be_f2": tensor.Float16, "le_f4": tensor.Float32, "be_f4": tensor.Float32,
		"le_f8": tensor.Float64, "be_f8": tensor.Float64, "i1": tensor.Int8, "le_i2": tensor.Int16,
		"be_i2": tensor.Int16, "le_i4": tensor.Int32, "be_i4": tensor.Int32, "le_i8": tensor.Int64,
		"be_i8": tensor.Int64, "u1": tensor.UInt8, "le_u2": tensor.UInt16, "le_u4": tensor.UInt32,
		"le_u8": tensor.UInt64, "be_u8": tensor.UInt64, "bool": tensor.Bool, "fortran": tensor.Float32,
		"fortran_be": tensor.Int16, "v1": tensor.Float32, "v2": tensor.Float32, "v3": tensor.Float32,
	}
	for name, dtype := range files {
		got, err := ReadFile(golden(name + ".npy"))
		if err != nil {
			t.Fatal(err)
		}
		if got.DType() != dtype || !got.Shape().Equal(tensor.Shape{2, 3, 4}) {
			t.Errorf("%s: got %v", name, got)
		}
		for i, v := range asFloat64(got) {
			want := float64(i)
			if name == "bool" {
				want = float64(i % 2)
			}
			if v != want {
				t.Errorf("%s: element %d is %v, not %v", name, i, v, want)
			}
		}
	}
}

// What numpy.save writes and what Write writes are the same bytes.
func TestWritesNumpysBytes(t *testing.T) {
	for _, name := range []string{"le_f2", "le_f4", "le_f8", "i1", "le_i2", "le_i8", "u1", "le_u8", "bool", "scalar", "vector", "empty"} {
		want, err := os.ReadFile(golden(name + ".npy"))
		if err != nil {
			t.Fatal(err)
		}
		a, err := Read(bytes.NewReader(want))
		if err != nil {
			t.Fatal(name, err)
		}
		var got bytes.Buffer
		if err := Write(&got, a); err != nil {
			t.Fatal(name, err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s:\n%q\n%q", name, got.Bytes(), want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	r := testseed.Rand(t)
	for range 50 {
		shape := make([]int, r.IntN(5))
		for i := range shape {
			shape[i] = r.IntN(6)
		}
		a := tensor.New(tensor.Float32, shape...)
		for i := range a.Float32s() {
			a.Float32s()[i] = math.Float32frombits(r.Uint32())
		}
		path := filepath.Join(t.TempDir(), "a.npy")
		if err := WriteFile(path, a); err != nil {
			t.Fatal(err)
		}
		b, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !b.Shape().Equal(a.Shape()) || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatalf("%v became %v", a, b)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
			t.Fatalf("temporary files left: %v", left)
		}
	}
}

func TestSequenceOfArrays(t *testing.T) {
	var b bytes.Buffer
	for i := range 3 {
		if err := Write(&b, tensor.Of([]int32{int32(i)}, 1)); err != nil {
			t.Fatal(err)
		}
	}
	r := iotest.OneByteReader(&b)
	for i := range 3 {
		a, err := Read(r)
		if err != nil {
			t.Fatal(err)
		}
		if a.Int32s()[0] != int32(i) {
			t.Fatalf("array %d holds %d", i, a.Int32s()[0])
		}
	}
}

func TestRefusals(t *testing.T) {
	npy := func(head string) []byte {
		return append([]byte(magic+"\x01\x00"), append([]byte{byte(len(head)), byte(len(head) >> 8)}, head...)...)
	}
	head := func(descr, shape string) []byte {
		return npy(fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s}", descr, shape))
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(golden(name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	cases := map[string]struct {
		file []byte
		want string
	}{
		"empty":      {nil, "not a .npy"},
		"zip":        {[]byte("PK\x03\x04aaaaaaaaaa"), "not a .npy"},
		"version":    {[]byte(magic + "\x04\x00aaaa"), "versions 1 to 3"},
		"header":     {[]byte(magic + "\x02\x00\xff\xff\xff\x7f"), "at most"},
		"object":     {read("object.npy"), "pickled"},
		"struct":     {read("struct.npy"), "structured"},
		"complex":    {read("complex.npy"), "not supported"},
		"lie":        {head("<f4", "(1000000000, 1000)"), "cut off"},
		"overflow":   {head("<f8", "(4611686018427387904, 2)"), "more"},
		"wide":       {head("<f8", "(99999999999999999999,)"), "out of range"},
		"negative":   {head("<f4", "(-1,)"), "expected a number"},
		"number":     {head("<f4", "(3)"), "tuple"},
		"call":       {head("<f4", "__import__('os').abort()"), "expected"},
		"twice":      {npy("{'descr': '<f4', 'descr': '<f4'}"), "twice"},
		"missing":    {npy("{'descr': '<f4', 'shape': (1,)}"), "needs"},
		"extra":      {npy("{'descr': '<f4', 'x': 1}"), "unknown key"},
		"trailing":   {npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()} + 1"), "unexpected"},
		"trailing 0": {npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}\x00"), "unexpected"},
		"order":      {npy("{'descr': '<<f4', 'fortran_order': False, 'shape': ()}"), "unknown element"},
		"rank":       {head("<f4", "("+strings.Repeat("1,", 65)+")"), "axes"},
		"text":       {head("<U3", "(1,)"), "not supported"},
	}
	for name, c := range cases {
		for _, r := range []bool{true, false} {
			in := bytes.NewReader(c.file)
			var err error
			if r {
				_, err = Read(in)
			} else {
				_, err = Read(iotest.DataErrReader(in)) // of unknown length
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", name, err, c.want)
			}
		}
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.npy")
	if err := os.WriteFile(path, []byte("bad"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err1 := ReadFile(path)
	_, err2 := Open(path)
	_, err3 := ReadNPZ(path)
	err4 := WriteFile(filepath.Join(path, "x.npy"), tensor.Of([]float32{1}, 1))
	err5 := WriteFile(path, tensor.OfType(tensor.BFloat16, []uint16{1}, 1))
	for i, err := range []error{err1, err2, err3, err4, err5} {
		if err == nil || !strings.Contains(err.Error(), "bad.npy") {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestRows(t *testing.T) {
	f, err := Open(golden("be_f4.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	row, err := f.Rows(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !row.Shape().Equal(tensor.Shape{1, 3, 4}) || row.Float32s()[0] != 12 || row.Float32s()[11] != 23 {
		t.Errorf("%v %v", row, row.Float32s())
	}
	for _, bad := range [][2]int{{-1, 1}, {0, 3}, {2, 1}, {1, -1}, {3, 0}} {
		if _, err := f.Rows(bad[0], bad[1]); err == nil {
			t.Errorf("rows %v were read", bad)
		}
	}
	g, err := Open(golden("fortran.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Rows(0, 1); err == nil || !strings.Contains(err.Error(), "ascontiguousarray") {
		t.Errorf("got %v", err)
	}
}

func TestNPZ(t *testing.T) {
	z, err := ReadNPZ(golden("stored.npz"))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(z.Names) != "[y x]" || z.Arrays["x"].Float32s()[5] != 5 || z.Arrays["y"].Int64s()[2] != 2 {
		t.Errorf("%v", z)
	}
	z, err = ReadNPZ(golden("deflated.npz"), "y")
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(z.Names) != "[y]" || z.Arrays["y"].Int64s()[49] != 49 {
		t.Errorf("%v", z)
	}
	if _, err := ReadNPZ(golden("deflated.npz"), "z"); err == nil || !strings.Contains(err.Error(), `["x" "y"]`) {
		t.Errorf("got %v", err)
	}
}
