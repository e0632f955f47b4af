package qat

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/internal/fakequant"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/zoo"
)

// stepsDir may name the output of another run of tools/training/steps.py.
var stepsDir = flag.String("steps", "testdata/steps", "directory of PyTorch's steps")

// torchStep is a step of PyTorch's training, from a state dict in a file.
type torchStep struct {
	Name         string             `json:"name"`
	Arch         string             `json:"arch"`
	Backend      string             `json:"backend"`
	X            number             `json:"x"`
	Labels       []int              `json:"labels"`
	Loss         float64            `json:"loss"`
	LossDistance float64            `json:"loss_distance"`
	Grads        map[string]*number `json:"grads"`
	Scales       map[string]*number `json:"scales"`
}

type number struct {
	Offset int   `json:"offset"`
	Shape  []int `json:"shape"`
	// How far PyTorch is from itself: the largest difference as a share of the
	// largest number, and that of the lengths.
	Distance float64 `json:"distance"`
	Length   float64 `json:"length"`
}

func (n number) load(data []byte) *tensor.Tensor {
	t := tensor.New(tensor.Float32, n.Shape...)
	for i := range t.Float32s() {
		t.Float32s()[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[n.Offset+4*i:]))
	}
	return t
}

// noise is what float32 sums in another order differ by where PyTorch does not
// differ from itself, because it adds in one order each time.
const noise = 2e-5

// lossBound is how far a loss may lie from PyTorch's at all, as a share: what is nearer is
// compared with how far PyTorch is from itself.
const lossBound = 0.05

func TestPyTorchSteps(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(*stepsDir, "steps.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []torchStep
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	within := 0
	for _, c := range cases {
		if c.check(t) {
			within++
		}
	}
	// A sum that lies between two codes may fall to the other side, on a CPU whose
	// kernels add in another order: then this is another network.
	if most := (len(cases) + 1) / 3; len(cases)-within > most {
		t.Errorf("%d of %d steps are further from PyTorch than twice its distance from itself; at most %d may be", len(cases)-within, len(cases), most)
	}
}

// prepared builds the model of a prepared file.
func prepared(t *testing.T, file, arch, backend string, compatible bool) *Model {
	t.Helper()
	ckpt, err := torch.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer ckpt.Close()
	sd, err := ckpt.StateDict("")
	if err != nil {
		t.Fatal(err)
	}
	g, err := zoo.Build(arch, statedict.ShapesOf(sd), zoo.Quantizable)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range g.Params {
		p.Data = tensor.New(tensor.Float32, p.Type.Shape...)
		if strings.HasSuffix(p.Name, ".running_var") {
			for i := range p.Data.Float32s() {
				p.Data.Float32s()[i] = 1
			}
		}
	}
	learnable := backend == "learnable" // of tools/training/steps.py
	if learnable {
		backend = "qnnpack"
	}
	numerics, err := quant.ParseNumerics(backend)
	if err != nil {
		t.Fatal(err)
	}
	config, err := quant.DefaultQATQConfig(numerics)
	if err != nil {
		t.Fatal(err)
	}
	if learnable {
		config = config.Learnable()
	}
	m, err := Prepare(g, Options{Numerics: numerics, QConfig: config, Compatible: compatible})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Load(sd); err != nil {
		t.Fatal(err)
	}
	return m
}

// check takes the step and reports whether it is within twice PyTorch's distance
// from itself.
func (c torchStep) check(t *testing.T) bool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(*stepsDir, c.Name+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	m := prepared(t, filepath.Join(*stepsDir, c.Name+".pth"), c.Arch, c.Backend, true)
	logits, err := m.Forward(context.Background(), c.X.load(data))
	if err != nil {
		t.Fatal(err)
	}
	loss, err := autodiff.Loss{}.Gradient(m.Gradient(), logits, c.Labels, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Backward(context.Background()); err != nil {
		t.Fatal(err)
	}
	away := math.Abs(loss - c.Loss)
	t.Logf("%s: loss %.6f, %.1e from PyTorch's; PyTorch from itself %.1e", c.Name, loss, away, c.LossDistance)
	if away > lossBound*c.Loss {
		t.Errorf("%s: loss %v, PyTorch's %v", c.Name, loss, c.Loss)
	}
	var grads, scales comparison
	for _, p := range m.Params() {
		if p.Fixed {
			continue
		}
		key := m.torchKey(p)
		if want := c.Grads[key]; want != nil {
			grads.add(p.GradTensor().Float32s(), want, data)
		} else {
			t.Errorf("%s: PyTorch has no gradient of %s (%s)", c.Name, p.Name, key)
		}
	}
	for path, f := range m.fakes() {
		for kind, got := range map[string][]float32{".scale": f.Scale, ".zero_point": f.ZeroPoint} {
			if want := c.Scales[path+kind]; want != nil {
				scales.add(got, want, data)
			}
		}
	}
	if grads.count != len(c.Grads) || scales.count == 0 {
		t.Errorf("%s: %d gradients and %d scales compared, of %d and %d", c.Name, grads.count, scales.count, len(c.Grads), len(c.Scales))
	}
	ok := grads.within(t, c.Name+": gradients") && scales.within(t, c.Name+": scales")
	return ok && away <= 2*c.LossDistance+noise
}

// comparison collects how far tensors are from PyTorch's, and PyTorch's from
// themselves.
type comparison struct {
	count                int
	largest, selfLargest float64 // of all tensors
	lengths, selfLengths float64 // sums over tensors
}

func (c *comparison) add(got []float32, want *number, data []byte) {
	c.count++
	exact := want.load(data).Float32s()
	var away, largest, square, norm float64
	for i, v := range exact {
		d := float64(v) - float64(got[i])
		away, largest = max(away, math.Abs(d)), max(largest, math.Abs(float64(v)))
		square, norm = square+d*d, norm+float64(v)*float64(v)
	}
	c.largest, c.selfLargest = max(c.largest, away/max(largest, 1e-30)), max(c.selfLargest, want.Distance)
	c.lengths += math.Sqrt(square / max(norm, 1e-60))
	c.selfLengths += want.Length
}

func (c *comparison) within(t *testing.T, what string) bool {
	t.Helper()
	n := float64(c.count)
	t.Logf("%s: %d tensors, from PyTorch at most %.1e of the largest, on average %.1e of the length; PyTorch from itself %.1e and %.1e",
		what, c.count, c.largest, c.lengths/n, c.selfLargest, c.selfLengths/n)
	return c.largest <= 2*c.selfLargest+noise && c.lengths/n <= 2*c.selfLengths/n+noise
}

// torchKey is the key of a parameter in PyTorch's prepared model.
func (m *Model) torchKey(p *autodiff.Param) string {
	name := p.Name
	for path, f := range m.fakes() {
		switch &p.Data[0] {
		case &f.Scale[0]:
			return path + ".scale"
		case &f.ZeroPoint[0]:
			return path + ".zero_point"
		}
	}
	for _, l := range m.layers {
		if l.norm != nil && strings.HasPrefix(name, l.norm.Name+".") {
			return l.name + ".bn" + strings.TrimPrefix(name, l.norm.Name)
		}
	}
	return name
}

// fakes lists the fake quantizations by PyTorch's paths.
func (m *Model) fakes() map[string]*fakequant.Module {
	all := map[string]*fakequant.Module{}
	for path, f := range m.modules {
		all[path+".activation_post_process"] = f
	}
	for path, f := range m.weights {
		all[path+".weight_fake_quant"] = f
	}
	return all
}
