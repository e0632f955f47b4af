package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/internal/qat"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/vision"
)

// stepsBound is how far weights of about 1 may lie from PyTorch's after the steps of a
// golden case: each rounds a few times in float32, and Adam takes a root.
const stepsBound = 1e-6

func TestOptimizersFollowPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/optimizers.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Optimizer Optimizer `json:"optimizer"`
		Start     []float32 `json:"start"`
		Steps     []struct {
			Grad   []float32 `json:"grad"`
			Weight []float32 `json:"weight"`
		} `json:"steps"`
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		p := &autodiff.Param{Role: autodiff.Weight, Data: c.Start, Grad: make([]float32, len(c.Start))}
		o := newOptimizer(c.Optimizer, []*autodiff.Param{p}, 1)
		for i, s := range c.Steps {
			copy(p.Grad, s.Grad)
			o.step(c.Optimizer.LearningRate, 1)
			for j, v := range p.Data {
				if !(math.Abs(float64(v-s.Weight[j])) < stepsBound) {
					t.Errorf("%+v: step %d: weight %d is %v, PyTorch's %v", c.Optimizer, i, j, v, s.Weight[j])
				}
			}
		}
	}
}

func TestBiasesAndNormsDoNotDecay(t *testing.T) {
	o := newOptimizer(Optimizer{Kind: SGD, WeightDecay: 0.5}, nil, 1)
	all := newOptimizer(Optimizer{Kind: SGD, WeightDecay: 0.5, DecayAll: true}, nil, 1)
	for role, want := range map[autodiff.Role][2]float64{
		autodiff.Weight: {0.5, 0.5}, autodiff.Bias: {0, 0.5}, autodiff.NormWeight: {0, 0.5}, autodiff.NormBias: {0, 0.5}, autodiff.StepSize: {0, 0},
	} {
		p := &autodiff.Param{Role: role}
		if got := [2]float64{o.decay(p), all.decay(p)}; got != want {
			t.Errorf("role %d decays by %v, want %v", role, got, want)
		}
	}
}

// float64Bound is for formulas that are computed in float64, in a few steps.
const float64Bound = 1e-9

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		s    Schedule
		want map[int]float64 // of 100 steps
	}{
		{Schedule{Kind: Constant}, map[int]float64{0: 1, 99: 1}},
		{Schedule{Kind: Cosine}, map[int]float64{0: 1, 50: 0.5, 100: 0}},
		{Schedule{Kind: Cosine, Final: 0.1}, map[int]float64{0: 1, 50: 0.55, 100: 0.1}},
		{Schedule{Kind: Constant, Warmup: 0.1}, map[int]float64{0: 1.0 / 11, 9: 10.0 / 11, 10: 1}},
		{Schedule{Kind: Stairs, Every: 0.25, Factor: 0.5}, map[int]float64{0: 1, 24: 1, 25: 0.5, 50: 0.25, 99: 0.125}},
	} {
		for step, want := range c.want {
			if got := c.s.At(step, 100); math.Abs(got-want) > float64Bound {
				t.Errorf("%+v at step %d is %v, want %v", c.s, step, got, want)
			}
		}
	}
}

// shapes is a set of small images with bright stripes: class 0 has them across,
// class 1 upright, class 2 in both directions.
type shapes struct{ n int }

func (s shapes) Len() int         { return s.n }
func (shapes) Kind() dataset.Kind { return dataset.KindImages }
func (shapes) Classes() []string  { return nil }
func (shapes) Label(i int) int    { return i % 3 }
func (shapes) Name(i int) string  { return fmt.Sprintf("image %d", i) }
func (shapes) Close() error       { return nil }
func (s shapes) labels() (l []int) {
	for i := range s.n {
		l = append(l, s.Label(i))
	}
	return l
}

func (s shapes) At(_ context.Context, i int) (dataset.Sample, error) {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	m := vision.NewImage(12, 12)
	phase := r.IntN(4)
	for y := range 12 {
		for x := range 12 {
			v := r.IntN(120)
			if s.Label(i) != 1 && (y+phase)%4 == 0 || s.Label(i) != 0 && (x+phase)%4 == 0 {
				v += 130
			}
			for c := range 3 {
				m.Pix[3*(y*12+x)+c] = uint8(v)
			}
		}
	}
	return dataset.Sample{Name: s.Name(i), Label: s.Label(i), Image: m}, nil
}

func stripes(n int) *Data {
	s := shapes{n}
	return &Data{Source: s, Preset: vision.Preset{Channels: 1, Input: []int{12, 12}, Mean: []float64{0.4}, Std: []float64{0.25}}, Labels: s.labels(), Classes: 3}
}

// network is a small one with everything that has a gradient in a residual network.
func network(seed uint64) *graph.Graph {
	r := rand.New(rand.NewPCG(seed, 3))
	g := graph.New("stripes")
	weights := func(name string, shape ...int) *graph.Value {
		w := tensor.New(tensor.Float32, shape...)
		for i := range w.Float32s() {
			w.Float32s()[i] = float32(r.NormFloat64() * math.Sqrt(2/float64(tensor.Shape(shape[1:]).Numel())))
		}
		return g.AddConst(name, w)
	}
	filled := func(name string, n int, v float32) *graph.Value {
		return g.AddConst(name, tensor.Of(slices.Repeat([]float32{v}, n), n))
	}
	conv := func(name string, x *graph.Value, in, out, groups int) *graph.Value {
		x = g.AddNode(name, op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: groups}, x, weights(name+".weight", out, in/groups, 3, 3))
		bn := name + "_bn"
		return g.AddNode(bn, op.BatchNorm{Eps: 1e-5}, x, filled(bn+".weight", out, 1), filled(bn+".bias", out, 0), filled(bn+".running_mean", out, 0), filled(bn+".running_var", out, 1))
	}
	x := g.AddNode("quant", op.Quantize{}, g.AddInput("x", graph.Float32))
	x = g.AddNode("relu1", op.Clamp{Act: quant.ReLU}, conv("conv1", x, 1, 8, 1))
	y := g.AddNode("relu2", op.Clamp{Act: quant.ReLU}, conv("conv2", x, 8, 8, 8))
	y = g.AddNode("add", op.Add{Act: quant.ReLU}, conv("conv3", y, 8, 8, 1), x)
	y = g.AddNode("pool", op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}, y)
	y = g.AddNode("flatten", op.Flatten{Start: 1, End: -1}, y)
	y = g.AddNode("fc", op.Linear{}, y, weights("fc.weight", 3, 8), filled("fc.bias", 3, 0))
	g.Outputs = []*graph.Value{g.AddNode("dequant", op.Dequantize{}, y)}
	return g
}

func float(t testing.TB, seed uint64, threads int) *Float {
	t.Helper()
	m, err := NewFloat(network(seed), autodiff.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// kinds of quantization-aware training.
var kinds = []string{"own", "compatible", "own learned", "compatible learned"}

func quantizing(t testing.TB, g *graph.Graph, kind string, threads int) *qat.Model {
	t.Helper()
	name, compatible := "octet_qat", strings.HasPrefix(kind, "compatible")
	if compatible {
		name = "default_qat"
	}
	config, err := quant.ParseQConfig(name, quant.QNNPACK)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(kind, "learned") {
		config = config.Learnable()
	}
	m, err := qat.Prepare(g, qat.Options{Numerics: quant.QNNPACK, QConfig: config, Compatible: compatible, Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func recipe() Config {
	c := Default()
	c.Epochs, c.BatchSize, c.Seed, c.EMA, c.Clip = 2, 12, 5, 0.9, 5
	c.Optimizer.LearningRate = 0.05
	c.Augment = vision.Augment{Flip: 0.5, Pad: 1}
	return c
}

func newTrainer(t testing.TB, m Model, d *Data, c Config) *Trainer {
	t.Helper()
	tr, err := New(m, d, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// stateOf is everything that a training has changed, as a file.
func stateOf(t testing.TB, m Model) []byte {
	t.Helper()
	sd, err := m.StateDict()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := torch.Write(&b, sd); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTrainingLearns(t *testing.T) {
	c := recipe()
	c.Epochs = 6
	m := float(t, 1, 0)
	tr := newTrainer(t, m, stripes(240), c)
	var last Progress
	tr.OnStep = func(p Progress) { last = p }
	epochs := 0
	tr.OnEpoch = func(Progress) error { epochs++; return nil }
	if err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if last.Step != 120 || last.Steps != 120 || epochs != 6 || !(last.MeanAccuracy > 0.95) {
		t.Errorf("behind %d epochs: %+v", epochs, last)
	}
	q := quantizing(t, m.Graph(), "own", 0)
	c = recipe()
	c.FreezeObservers, c.FreezeNorms, c.Optimizer.LearningRate = 0.3, 0.6, 0.01
	tr = newTrainer(t, q, stripes(240), c)
	phases := map[string]int{}
	tr.OnStep = func(p Progress) { last = p; phases[p.Phase]++ }
	if err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(phases) != 3 || !(last.MeanAccuracy > 0.95) {
		t.Errorf("quantized: %+v, phases %v", last, phases)
	}
}

// The result does not depend on the number of threads.
func TestThreadsDoNotMatter(t *testing.T) {
	for _, kind := range append(kinds, "float") {
		var want []byte
		for _, threads := range []int{1, 2, 3} {
			var m Model = float(t, 2, threads)
			if kind != "float" {
				m = quantizing(t, network(2), kind, threads)
			}
			c := recipe()
			c.FreezeObservers, c.FreezeNorms, c.Steps, c.LearnScales = 0.3, 0.6, 10, strings.HasSuffix(kind, "learned")
			if err := newTrainer(t, m, stripes(60), c).Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			got := stateOf(t, m)
			if want == nil {
				want = got
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %d threads give another result than 1", kind, threads)
			}
		}
	}
}

// A training that was stopped at any step and resumed ends as one that was not.
func TestResumeIsExact(t *testing.T) {
	for _, kind := range append(kinds, "float", "adamw") {
		build := func() *Trainer {
			var m Model = float(t, 3, 0)
			if kind != "float" && kind != "adamw" {
				m = quantizing(t, network(3), kind, 0)
			}
			c := recipe()
			c.FreezeObservers, c.FreezeNorms, c.LearnScales = 0.3, 0.6, strings.HasSuffix(kind, "learned")
			if kind == "adamw" {
				c.Optimizer = Optimizer{Kind: AdamW, LearningRate: 0.01, WeightDecay: 0.01}
			}
			return newTrainer(t, m, stripes(60), c)
		}
		whole := build()
		if err := whole.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		want := stateOf(t, whole.model)
		for stop := 1; stop < whole.Steps(); stop += 2 {
			path := filepath.Join(t.TempDir(), "checkpoint.pth")
			first := build()
			first.Checkpoint = path
			ctx, cancel := context.WithCancel(context.Background())
			first.OnStep = func(p Progress) {
				if p.Step == stop {
					cancel()
				}
			}
			if err := first.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Fatalf("interrupted: %v", err)
			}
			second := build()
			if err := second.Resume(path); err != nil {
				t.Fatal(err)
			}
			if second.Step() != stop {
				t.Fatalf("%s: resumed at step %d, stopped at %d", kind, second.Step(), stop)
			}
			if err := second.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(stateOf(t, second.model), want) {
				t.Errorf("%s: stopped at step %d and resumed, the training ends with another model", kind, stop)
			}
			for i, m := range second.average.mean {
				if !slices.Equal(m, whole.average.mean[i]) {
					t.Errorf("%s: stopped at step %d, the averaged %s differs", kind, stop, second.model.Params()[i].Name)
				}
			}
		}
	}
}

func TestResumeRefusesOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint.pth")
	tr := newTrainer(t, float(t, 1, 0), stripes(60), recipe())
	tr.Label = "stripes"
	if err := tr.Save(path); err != nil {
		t.Fatal(err)
	}
	other := recipe()
	other.Optimizer.LearningRate, other.Seed = 0.3, 6
	for want, make := range map[string]func() (*Trainer, string){
		"another model (stripes; this is resnet18)": func() (*Trainer, string) {
			x := newTrainer(t, float(t, 1, 0), stripes(60), recipe())
			x.Label = "resnet18"
			return x, path
		},
		"optimizer.learning_rate was 0.05 and is 0.3, seed was 5 and is 6": func() (*Trainer, string) {
			x := newTrainer(t, float(t, 1, 0), stripes(60), other)
			x.Label = "stripes"
			return x, path
		},
		"other data": func() (*Trainer, string) {
			x := newTrainer(t, float(t, 1, 0), stripes(72), recipe())
			x.Label = "stripes"
			return x, path
		},
		"no checkpoint of a training": func() (*Trainer, string) {
			plain := filepath.Join(t.TempDir(), "model.pth")
			sd, _ := tr.model.StateDict()
			if err := torch.Save(plain, sd); err != nil {
				t.Fatal(err)
			}
			return newTrainer(t, float(t, 1, 0), stripes(60), recipe()), plain
		},
	} {
		x, file := make()
		if err := x.Resume(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

// What nothing can be learned from is refused, with the reason.
func TestBadData(t *testing.T) {
	for want, breakIt := range map[string]func(d *Data){
		"image 7 has the label 3, the model the classes 0 to 2": func(d *Data) { d.Labels[7] = 3 },
		"image 2 has no label":          func(d *Data) { d.Labels[2] = -1 },
		"all 60 samples are of class 1": func(d *Data) { clearTo(d.Labels, 1) },
		"59 labels for 60 samples":      func(d *Data) { d.Labels = d.Labels[1:] },
	} {
		d := stripes(60)
		breakIt(d)
		if _, err := New(float(t, 1, 0), d, recipe(), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func clearTo(x []int, v int) {
	for i := range x {
		x[i] = v
	}
}

// nanSource has a broken sample.
type nanSource struct{ shapes }

func (s nanSource) At(ctx context.Context, i int) (dataset.Sample, error) {
	x := tensor.New(tensor.Float32, 1, 12, 12)
	if i == 17 {
		x.Float32s()[5] = float32(math.NaN())
	}
	return dataset.Sample{Name: s.Name(i), Label: s.Label(i), Tensor: x}, nil
}

func TestNaNInData(t *testing.T) {
	d := stripes(60)
	d.Source = nanSource{shapes{60}}
	err := newTrainer(t, float(t, 1, 0), d, recipe()).Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "image 17 holds NaN") {
		t.Errorf("error %v", err)
	}
}

// A training that diverges says so and leaves the last checkpoint alone.
func TestDivergence(t *testing.T) {
	c := recipe()
	c.Optimizer.LearningRate, c.Clip = 1e30, 0
	c.Schedule.Warmup = 0
	tr := newTrainer(t, float(t, 1, 0), stripes(60), c)
	tr.Checkpoint = filepath.Join(t.TempDir(), "checkpoint.pth")
	err := tr.Run(context.Background())
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "lower learning rate") {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(tr.Checkpoint); err == nil {
		t.Error("a state with NaN was saved")
	}
}

func TestConfigValidate(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		"epochs is 0":          func(c *Config) { c.Epochs = 0 },
		"batch size is 0":      func(c *Config) { c.BatchSize = 0 },
		"unknown optimizer":    func(c *Config) { c.Optimizer.Kind = "adam" },
		"learning rate is -1":  func(c *Config) { c.Optimizer.LearningRate = -1 },
		"nesterov needs":       func(c *Config) { c.Optimizer.Momentum = 0 },
		"unknown schedule":     func(c *Config) { c.Schedule.Kind = "linear" },
		"ema is 1":             func(c *Config) { c.EMA = 1 },
		"label smoothing is 1": func(c *Config) { c.Loss.Smoothing = 1 },
		"flip is 2":            func(c *Config) { c.Augment.Flip = 2 },
	} {
		c := recipe()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}
