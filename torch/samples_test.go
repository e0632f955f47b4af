package torch

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/octet-ml/octet/tensor"
)

// sample is what a NAME.json beside a sample file promises.
type sample struct {
	File     string
	Format   string
	Expect   string // "", refuse, accept or either
	Note     string
	Entries  []pair
	Metadata map[string]struct{ Version *int }
	Value    json.RawMessage
}

// pair is ["key", {...}].
type pair struct {
	key  string
	want want
}

func (p *pair) UnmarshalJSON(b []byte) error {
	var raw [2]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	if err := json.Unmarshal(raw[0], &p.key); err != nil {
		return err
	}
	return json.Unmarshal(raw[1], &p.want)
}

// want describes one value.
type want struct {
	Kind         string
	DType        string
	Shape        tensor.Shape
	Stride       []int
	Offset       int   `json:"storage_offset"`
	RequiresGrad bool  `json:"requires_grad"`
	IsParameter  bool  `json:"is_parameter"`
	StorageID    *int  `json:"storage_id"`
	StorageBytes int64 `json:"storage_bytes"`
	SHA256       string
	Data, Head   []any
	Quant        *struct {
		Scheme     string
		Scale      float64
		ZeroPoint  int64 `json:"zero_point"`
		Axis       int
		Scales     []float64
		ZeroPoints []float64 `json:"zero_points"`
	}
	Items json.RawMessage
	Value json.RawMessage
}

// either says what this package does with samples for which both answers are right.
var either = map[string]string{
	"tensor_dtype_conflict.pth": "refuse", // one storage under two types: torch never writes it
	"zip_many_entries.pth":      "accept", // unreferenced records cost nothing below Limits.Records
}

// noStateDict lists files that are right, but hold no state dict at their root.
var noStateDict = newSet("bomb_memo_index.pth")

func readSample(t *testing.T, path string) sample {
	t.Helper()
	b, err := os.ReadFile(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var s sample
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSamples(t *testing.T) {
	paths, _ := filepath.Glob("testdata/samples/*.pth")
	if len(paths) < 90 {
		t.Fatalf("%d samples, expected at least 90", len(paths))
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			s := readSample(t, path)
			expect := s.Expect
			if expect == "either" {
				expect = either[s.File]
			}
			if expect == "refuse" {
				checkRefused(t, path)
				return
			}
			c, err := Open(path)
			if err != nil {
				t.Fatalf("%v (%s)", err, s.Note)
			}
			defer c.Close()
			sd, err := c.StateDict("")
			if noStateDict[s.File] {
				if err == nil || c.Root() != Value(None{}) {
					t.Fatalf("root %v, error %v", c.Root(), err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case s.Entries != nil:
				checkEntries(t, s, sd)
			case strings.HasPrefix(s.Format, "torch.save"):
				checkTreeAgainst(t, c, s)
			case s.Value != nil:
				checkOddButLegal(t, sd, s.Value)
			}
		})
	}
}

// checkRefused demands an error within the limits of time and memory.
func checkRefused(t *testing.T, path string) {
	t.Helper()
	err := measured(t, func() error {
		c, err := Open(path)
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.StateDict("")
		return err
	})
	if err == nil {
		t.Fatal("accepted, expected an error")
	}
	if !strings.HasPrefix(err.Error(), path) {
		t.Errorf("the error does not name the file: %v", err)
	}
	t.Log(err)
}

// measured runs f and demands that it takes at most a second of computing and 256 MB,
// counting everything ever allocated. A slow moment of the machine gets several attempts.
func measured(t *testing.T, f func() error) error {
	t.Helper()
	for attempt := 0; ; attempt++ {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := cpuTime()
		err := f()
		elapsed := cpuTime() - start
		runtime.ReadMemStats(&after)
		allocated := after.TotalAlloc - before.TotalAlloc
		if allocated > 256<<20 {
			t.Errorf("%d bytes allocated", allocated)
		}
		if elapsed <= time.Second || raceEnabled {
			t.Logf("%v, %d MB", elapsed.Round(time.Millisecond), allocated>>20)
			return err
		}
		if attempt == 5 {
			t.Errorf("takes %v", elapsed)
			return err
		}
	}
}

func TestProgramsAreRefused(t *testing.T) {
	paths, _ := filepath.Glob("testdata/samples/*.pt")
	if len(paths) == 0 {
		t.Fatal("no samples")
	}
	for _, path := range paths {
		checkRefused(t, path)
	}
}

func checkEntries(t *testing.T, s sample, sd *StateDict) {
	t.Helper()
	keys := make([]string, len(s.Entries))
	ids := storageIDs{}
	for i, e := range s.Entries {
		keys[i] = e.key
		v, _ := sd.Entry(e.key)
		checkValue(t, e.key, v, e.want, ids)
	}
	if diff := cmp.Diff(keys, sd.Keys()); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for path, m := range s.Metadata {
		if got, ok := sd.Metadata[path]; m.Version != nil && (!ok || got != *m.Version) {
			t.Errorf("version of %q is %d, want %d", path, got, *m.Version)
		}
	}
	if len(sd.Metadata) > len(s.Metadata) {
		t.Errorf("%d versions, want %d", len(sd.Metadata), len(s.Metadata))
	}
}

// storageIDs checks that tensors share storages exactly as the sample says.
type storageIDs map[int]*Storage

func (ids storageIDs) check(t *testing.T, key string, id *int, s *Storage) {
	if id == nil || s == nil {
		return
	}
	if old := ids[*id]; old != nil && old != s {
		t.Errorf("%s: storage %s, shares with %s", key, s.Key, old.Key)
	}
	for other, old := range ids {
		if other != *id && old == s {
			t.Errorf("%s: shares storage %s and should not", key, s.Key)
		}
	}
	ids[*id] = s
}

func checkValue(t *testing.T, key string, v Value, w want, ids storageIDs) {
	t.Helper()
	switch w.Kind {
	case "tensor":
		if got, ok := v.(*Tensor); ok {
			checkTensor(t, key, got, w, ids)
			return
		}
	case "dtype":
		var name string
		_ = json.Unmarshal(w.Value, &name)
		if d, ok := v.(DType); ok && tensor.DType(d).String() == name {
			return
		}
	case "NoneType":
		if v == Value(None{}) {
			return
		}
	case "script_object":
		if o, ok := v.(*ScriptObject); ok && scriptClasses[o.Class] && len(tensorsIn(o)) > 0 {
			return
		}
	case "tuple":
		var items []want
		_ = json.Unmarshal(w.Items, &items)
		if p, ok := v.(*PackedLinear); ok && len(items) == 2 {
			checkTensor(t, key+"[0]", p.Weight, items[0], ids)
			if items[1].Kind == "NoneType" {
				if p.Bias != nil {
					t.Errorf("%s: bias, want None", key)
				}
				return
			}
			checkTensor(t, key+"[1]", p.Bias, items[1], ids)
			return
		}
	default:
		t.Fatalf("%s: the test does not know the kind %q", key, w.Kind)
	}
	t.Errorf("%s: %v, want %s %s", key, v, w.Kind, w.Value)
}

func checkTensor(t *testing.T, key string, got *Tensor, w want, ids storageIDs) {
	t.Helper()
	type facts struct {
		DType           string
		Shape           tensor.Shape
		Stride          []int
		Offset          int
		Grad, Parameter bool
		Bytes           int64
		SHA             string
		Scales, Zeros   []float64
		Axis            int
	}
	sum := sha256.Sum256(got.Data.Bytes())
	f := facts{got.DType().String(), got.Shape(), got.Strides, got.Offset(), got.RequiresGrad, got.Parameter,
		got.Storage.Bytes, hex.EncodeToString(sum[:]), nil, nil, 0}
	g := facts{w.DType, w.Shape, w.Stride, w.Offset, w.RequiresGrad, w.IsParameter, w.StorageBytes, w.SHA256, nil, nil, 0}
	if q := got.Data.QParams(); q != nil {
		f.Scales, f.Axis = q.Scales, q.Axis
		for _, z := range q.ZeroPoints {
			f.Zeros = append(f.Zeros, float64(z))
		}
		for _, z := range q.FloatZeroPoints {
			f.Zeros = append(f.Zeros, float64(z))
		}
	}
	if w.Quant != nil {
		g.Scales, g.Zeros, g.Axis = w.Quant.Scales, w.Quant.ZeroPoints, w.Quant.Axis
		if w.Quant.Scheme == "per_tensor_affine" {
			g.Scales, g.Zeros, g.Axis = []float64{w.Quant.Scale}, []float64{float64(w.Quant.ZeroPoint)}, tensor.PerTensor
		}
	}
	if diff := cmp.Diff(g, f, cmp.Transformer("nil", func(s []int) []int { return append([]int{}, s...) })); diff != "" {
		t.Errorf("%s (-want +got):\n%s", key, diff)
	}
	ids.check(t, key, w.StorageID, got.Storage)
	for i, x := range append(slices.Clone(w.Head), w.Data...) {
		if el := element(got.Data, i); !sameNumber(el, x) {
			t.Errorf("%s[%d] = %v, want %v", key, i, el, x)
			return
		}
	}
}

// element returns element i as the nearest number JSON can say.
func element(t *tensor.Tensor, i int) float64 {
	raw := t.Bytes()
	bits := func(size int) uint64 {
		var b [8]byte
		copy(b[:], raw[i*size:(i+1)*size])
		return binary.LittleEndian.Uint64(b[:])
	}
	switch t.DType() {
	case tensor.Float32:
		return float64(math.Float32frombits(uint32(bits(4))))
	case tensor.Float64:
		return math.Float64frombits(bits(8))
	case tensor.Float16:
		return float64(tensor.HalfToFloat32(uint16(bits(2))))
	case tensor.BFloat16:
		return float64(math.Float32frombits(uint32(bits(2)) << 16))
	case tensor.Int8, tensor.QInt8:
		return float64(int8(bits(1)))
	case tensor.Int16:
		return float64(int16(bits(2)))
	case tensor.Int32, tensor.QInt32:
		return float64(int32(bits(4)))
	case tensor.Int64:
		return float64(int64(bits(8)))
	case tensor.UInt16:
		return float64(bits(2))
	case tensor.UInt8, tensor.QUInt8, tensor.Bool:
		return float64(bits(1))
	}
	return math.NaN() // float8: the hash has been compared
}

func sameNumber(got float64, want any) bool {
	switch w := want.(type) {
	case float64:
		return got == w || math.IsNaN(got)
	case bool:
		return got == 1 == w
	case string: // "nan", "inf", "-inf"
		return strings.EqualFold(strings.TrimPrefix(fmt.Sprint(got), "+"), w)
	}
	return false
}

// checkTreeAgainst compares the whole tree of the training checkpoint.
func checkTreeAgainst(t *testing.T, c *Checkpoint, s sample) {
	t.Helper()
	var root want
	if err := json.Unmarshal(s.Value, &root); err != nil {
		t.Fatal(err)
	}
	checkNode(t, c, "", c.Root(), root, storageIDs{})
}

func checkNode(t *testing.T, c *Checkpoint, path string, v Value, w want, ids storageIDs) {
	t.Helper()
	scalar := func(got any) {
		t.Helper()
		if text := strings.Trim(string(w.Value), `"`); fmt.Sprint(got) != text {
			t.Errorf("%s: %v, want %s", path, got, text)
		}
	}
	switch v := v.(type) {
	case *Dict:
		var items []pair
		if err := json.Unmarshal(w.Items, &items); err != nil || len(items) != v.Len() {
			t.Fatalf("%s: %d items, want %d (%v)", path, v.Len(), len(items), err)
		}
		for i, item := range items {
			k, val := v.At(i)
			if fmt.Sprint(k) != item.key {
				t.Errorf("%s: key %v, want %s", path, k, item.key)
			}
			checkNode(t, c, join(path, item.key), val, item.want, ids)
		}
	case *List:
		if w.Kind == "size" {
			var extents []int
			_ = json.Unmarshal(w.Value, &extents)
			if fmt.Sprint(extents) != fmt.Sprint(v.Items) {
				t.Errorf("%s: %v, want %v", path, v.Items, extents)
			}
			return
		}
		var items []want
		if err := json.Unmarshal(w.Items, &items); err != nil || len(items) != len(v.Items) || v.kind() != "a "+w.Kind {
			t.Fatalf("%s: %s of %d items, want %s of %d (%v)", path, v.kind(), len(v.Items), w.Kind, len(items), err)
		}
		for i := range items {
			checkNode(t, c, fmt.Sprintf("%s[%d]", path, i), v.Items[i], items[i], ids)
		}
	case *Tensor:
		if err := c.LoadTensor(v); err != nil {
			t.Fatal(err)
		}
		checkTensor(t, path, v, w, ids)
	case None:
		scalar("null")
	case Bytes:
		scalar(hex.EncodeToString(v))
	case BigInt:
		scalar(string(v))
	case DType:
		scalar(tensor.DType(v))
	case String:
		var text string
		if _ = json.Unmarshal(w.Value, &text); text != string(v) {
			t.Errorf("%s: %q, want %q", path, v, text)
		}
	case Float:
		var x float64
		if _ = json.Unmarshal(w.Value, &x); x != float64(v) {
			t.Errorf("%s: %v, want %v", path, v, x)
		}
	default:
		scalar(v)
	}
}

// checkOddButLegal compares {"w": [1, 2, 3, 4]} or {"w": {"int": ...}}.
func checkOddButLegal(t *testing.T, sd *StateDict, raw json.RawMessage) {
	t.Helper()
	var plain struct{ W []float64 }
	var quantized struct {
		W struct {
			Int        [][]float64
			Scales     []float64
			ZeroPoints []int64 `json:"zero_points"`
			Axis       int
		}
	}
	w, ok := sd.Tensor("w")
	if !ok {
		t.Fatalf("keys %v, want w", sd.Keys())
	}
	expect := []float64(nil)
	if json.Unmarshal(raw, &plain) == nil {
		expect = plain.W
	} else if err := json.Unmarshal(raw, &quantized); err != nil {
		t.Fatal(err)
	} else {
		expect = slices.Concat(quantized.W.Int...)
		if q := quantized.W; !w.QParams().Equal(tensor.PerAxis(q.Scales, q.ZeroPoints, q.Axis)) {
			t.Errorf("parameters %+v, want %+v", w.QParams(), q)
		}
	}
	for i, x := range expect {
		if element(w, i) != x {
			t.Errorf("w[%d] = %v, want %v", i, element(w, i), x)
		}
	}
	if w.Numel() != len(expect) {
		t.Errorf("%d elements, want %d", w.Numel(), len(expect))
	}
}
