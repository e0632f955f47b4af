package octet

import (
	"bytes"
	"crypto/sha256"
	le "encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Networks that FX graph mode prepared and did not convert, plain and quantizable,
// calibrated and in training, give the logits of PyTorch's convert_fx to the bit
// (tools/golden/fxprepared.py).
func TestPreparedInGraphMode(t *testing.T) {
	if testing.Short() {
		t.Skip("slow: opens and converts ten networks")
	}
	files, _ := filepath.Glob("testdata/fxprepared/*.pth")
	if len(files) < 10 {
		t.Fatalf("only %d files", len(files))
	}
	converted, seen := map[string]map[string]string{}, map[string]bool{}
	text, err := os.ReadFile("testdata/fxprepared/converted.json")
	if err == nil {
		err = json.Unmarshal(text, &converted)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".pth")
		t.Run(name, func(t *testing.T) {
			parts := strings.Split(name, ".")
			m, err := Open(file, WithArch(parts[0]), WithBackend(Backend(parts[3])))
			if err != nil {
				t.Fatal(err)
			}
			want, err := npy.ReadFile(strings.TrimSuffix(file, ".pth") + ".npy")
			if err != nil {
				t.Fatal(err)
			}
			got := logitsOf(t, m)
			if !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Fatalf("logits %v, PyTorch's are %v", got.Float32s()[:5], want.Float32s()[:5])
			}
			saved := filepath.Join(t.TempDir(), "saved.pth")
			if err := m.Save(t.Context(), saved); err != nil {
				t.Fatal(err)
			}
			again, err := Open(saved)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(logitsOf(t, again).Bytes(), got.Bytes()) {
				t.Error("the logits are others once the model is saved and opened again")
			}
			int8 := sameOnceConverted(t, m, got)
			if want := converted[name]; want != nil {
				seen[name] = true
				if diff := cmp.Diff(want, digestsOf(t, int8)); diff != "" {
					t.Errorf("converted (-PyTorch's +octet's)\n%s", diff)
				}
			}
		})
	}
	if len(seen) < 8 || len(seen) != len(converted) {
		t.Errorf("%d of %d state dicts were compared", len(seen), len(converted))
	}
}

// digestsOf are type, shape and a hash of all numbers of each entry of a model's state dict,
// as digest of tools/golden/fxprepared.py makes them.
func digestsOf(t *testing.T, m *Model) map[string]string {
	t.Helper()
	sd, err := m.StateDict()
	if err != nil {
		t.Fatal(err)
	}
	of := func(x *tensor.Tensor) string {
		h := sha256.New()
		h.Write(x.Bytes())
		if q := x.QParams(); q != nil {
			le.Write(h, le.LittleEndian, q.Scales)
			le.Write(h, le.LittleEndian, q.ZeroPoints)
		}
		return fmt.Sprintf("%v%v %x", x.DType(), []int(x.Shape()), h.Sum(nil)[:5])
	}
	digests := map[string]string{}
	for _, k := range sd.Keys() {
		switch v, _ := sd.Entry(k); v := v.(type) {
		case *torch.Tensor:
			digests[k] = of(v.Data)
		case *torch.PackedLinear:
			digests[k] = of(v.Weight.Data) + " " + of(v.Bias.Data)
		case torch.DType:
			digests[k] = tensor.DType(v).String()
		default:
			t.Errorf("%s is %v", k, torch.Describe(v))
		}
	}
	return digests
}

// sameOnceConverted writes what a prepared model converts to: an int8 file without
// observers, that names all it needs and gives the same logits.
func sameOnceConverted(t *testing.T, m *Model, logits *tensor.Tensor) *Model {
	t.Helper()
	if !m.Prepared() {
		t.Fatal("the model is not known as a prepared one")
	}
	int8, err := m.Converted()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "int8.pth")
	if err := int8.Save(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	again, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if again.Prepared() || !again.Quantized() || again.Backend() != m.Backend() {
		t.Errorf("prepared %v, int8 %v, backend %v; converted for %v", again.Prepared(), again.Quantized(), again.Backend(), m.Backend())
	}
	if !bytes.Equal(logitsOf(t, again).Bytes(), logits.Bytes()) {
		t.Error("the converted file has other logits")
	}
	if _, err := again.Converted(); err == nil {
		t.Error("a converted model was converted again")
	}
	c := again.Metadata().Converted
	if c == nil || c.Source != filepath.Base(m.File()) || c.Training != m.InTraining() {
		t.Fatalf("the file says of its origin %+v", c)
	}
	if c.Codes != [2]int64{0, 127} && c.Codes != [2]int64{0, 255} {
		t.Errorf("activations have the codes %v", c.Codes)
	}
	return int8
}
