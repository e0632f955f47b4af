package octet_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/safetensors"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/vision"
)

const demoModel = "cmd/octet/demodata/fashion_resnet8.pth"

// slow leaves a test out of short runs, which the race detector does: why says what
// takes long, and that it has no concurrency that other tests do not have.
func slow(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("slow: " + why)
	}
}

// noise is n random inputs of the demo's model, from a logged seed.
func noise(t *testing.T, n int) *tensor.Tensor {
	t.Helper()
	r := testseed.Rand(t)
	x := tensor.New(tensor.Float32, n, 1, 28, 28)
	for i := range x.Float32s() {
		x.Float32s()[i] = r.Float32()*2.8 - 0.8
	}
	return x
}

func open(t *testing.T, opts ...octet.OpenOption) *octet.Model {
	t.Helper()
	m, err := octet.Open(demoModel, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func run(t *testing.T, m *octet.Model, x *tensor.Tensor, opts ...octet.CompileOption) []float32 {
	t.Helper()
	s, err := m.Compile(opts...)
	if err != nil {
		t.Fatal(err)
	}
	y, err := s.Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	return y.Float32s()
}

func TestOpenReportsWhatItAssumes(t *testing.T) {
	if a := open(t).Assumptions(); len(a) != 1 || a[0].Kind != octet.AssumedArch || !strings.Contains(a[0].Text, "architecture fashion_resnet8") {
		t.Errorf("assumptions: %q", a)
	}
	if a := open(t, octet.WithArch("fashion_resnet8")).Assumptions(); len(a) != 0 {
		t.Errorf("assumptions although everything was said: %q", a)
	}
}

func TestWrongArchitectureIsExplained(t *testing.T) {
	_, err := octet.Open(demoModel, octet.WithArch("resnet50"))
	var looks *octet.LooksLikeError
	var mismatch *statedict.MismatchError
	if !errors.As(err, &looks) || !errors.As(err, &mismatch) {
		t.Fatalf("error %T: %v", err, err)
	}
	if looks.Archs[0] != "fashion_resnet8" || len(mismatch.Differences) < 100 {
		t.Errorf("looks like %v, %d differences", looks.Archs, len(mismatch.Differences))
	}
}

func TestSavedModelIsTheModel(t *testing.T) {
	slow(t, "quantizes by six recipes")
	x := noise(t, 12)
	for _, c := range []struct {
		name string
		opts []octet.QuantizeOption
	}{
		{"fbgemm", nil},
		{"qnnpack", []octet.QuantizeOption{octet.WithBackend("qnnpack"), octet.WithQConfig("torchvision")}},
		{"fbgemm per tensor", []octet.QuantizeOption{octet.WithPerTensorWeights()}},
		{"layers in float", []octet.QuantizeOption{octet.WithExclude("layer2", "fc")}},
		{"an addition in float", []octet.QuantizeOption{octet.WithExclude("layer1.0.add_relu")}},
		{"the input in float", []octet.QuantizeOption{octet.WithExclude("conv1")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			int8, report, err := octet.Quantize(t.Context(), open(t), octet.FromTensor(x), append(c.opts, octet.WithBatchSize(5))...)
			if err != nil {
				t.Fatal(err)
			}
			if report.Images != 12 || report.Int8Nodes == 0 {
				t.Errorf("report: %d images, %d int8 nodes", report.Images, report.Int8Nodes)
			}
			path := filepath.Join(t.TempDir(), "int8.pth")
			if err := int8.Save(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			again, err := octet.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(again.Assumptions()) > 0 || again.Backend() != int8.Backend() {
				t.Errorf("read back: backend %s, assumptions %q", again.Backend(), again.Assumptions())
			}
			want := run(t, int8, x)
			if !slices.Equal(want, run(t, again, x)) {
				t.Error("the saved model computes something else")
			}
			// Sums of floats are equal only within one engine.
			if report.FloatNodes == 0 && (!slices.Equal(want, run(t, again, x, octet.WithReference())) || !slices.Equal(want, run(t, again, x, octet.WithCPU("none")))) {
				t.Error("the reference engine computes something else")
			}
			if !slices.Equal(want, run(t, again, x, octet.WithThreads(1))) {
				t.Error("one thread computes something else")
			}
		})
	}
}

func TestBackendOfForeignFiles(t *testing.T) {
	x := noise(t, 4)
	for _, c := range []struct {
		opt  octet.QuantizeOption
		want octet.Backend
	}{{octet.WithPerChannelWeights(), "fbgemm"}, {octet.WithPerTensorWeights(), "qnnpack"}} {
		int8, _, err := octet.Quantize(t.Context(), open(t), octet.FromTensor(x), c.opt)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "foreign.pth")
		if err := torch.Save(path, stateOf(t, int8)); err != nil { // without octet's record
			t.Fatal(err)
		}
		m, err := octet.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if m.Backend() != c.want || !strings.Contains(said(m), "backend "+string(c.want)+": the weights are") {
			t.Errorf("backend %s, want %s; assumptions %q", m.Backend(), c.want, m.Assumptions())
		}
		if m, err = octet.Open(path, octet.WithBackend("onednn"), octet.WithArch("fashion_resnet8")); err != nil || m.Backend() != "onednn" || len(m.Assumptions()) > 0 {
			t.Errorf("with the backend said: %v, %q", err, m.Assumptions())
		}
	}
}

func TestKnowledgeTravelsWithTheFile(t *testing.T) {
	labels := strings.Split("abcdefghij", "")
	preset := vision.Preset{Channels: 1, Resize: []int{28, 28}, Mean: []float64{0.5}, Std: []float64{0.25}}
	m := open(t, octet.WithLabels(labels), octet.WithPreset(preset))
	int8, _, err := octet.Quantize(t.Context(), m, octet.FromTensor(noise(t, 4)), octet.WithSource("noise"), octet.WithBatchSize(2))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := int8.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := octet.Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "int8.pth")
	if err != nil {
		t.Fatal(err)
	}
	gotLabels, assumed := again.Labels()
	if !slices.Equal(gotLabels, labels) || assumed {
		t.Errorf("labels %v, assumed %v", gotLabels, assumed)
	}
	if p, assumed, err := again.Preset(); err != nil || assumed || !slices.Equal(p.Resize, preset.Resize) || p.Std[0] != 0.25 {
		t.Errorf("preset %+v, assumed %v, %v", p, assumed, err)
	}
	if c := again.Metadata().Calibration; c == nil || c.Source != "noise" || c.Samples != 4 || c.BatchSize != 2 {
		t.Errorf("calibration record: %+v", c)
	}
}

func TestRegroupingMakesTheRecipe(t *testing.T) {
	x := noise(t, 10)
	pieces := func(yield func(*tensor.Tensor, error) bool) {
		n := 28 * 28
		for _, r := range [][2]int{{0, 1}, {1, 8}, {8, 10}} {
			part := tensor.Of(x.Float32s()[r[0]*n:r[1]*n], r[1]-r[0], 1, 28, 28)
			if !yield(part, nil) {
				return
			}
		}
	}
	var models [2][]float32
	for i, data := range []octet.Batches{octet.FromTensor(x), pieces} {
		int8, report, err := octet.Quantize(t.Context(), open(t), data, octet.WithBatchSize(4), octet.WithLimit(9))
		if err != nil {
			t.Fatal(err)
		}
		if report.Images != 9 || report.BatchSize != 4 {
			t.Errorf("%d images in batches of %d, want 9 and 4", report.Images, report.BatchSize)
		}
		models[i] = run(t, int8, x)
	}
	if !slices.Equal(models[0], models[1]) {
		t.Error("how the samples arrive changes the result")
	}
}

// inStages quantizes stage by stage.
func inStages(ctx context.Context, m *octet.Model, data octet.Batches, recipe octet.RecipeOption, opts ...octet.QuantizeOption) (*octet.Model, *octet.Calibration, *ptq.Report, error) {
	c, err := octet.Calibrate(ctx, m, data, append(opts, recipe)...)
	if err != nil {
		return nil, c, nil, err
	}
	int8, report, err := octet.Convert(m, c, recipe)
	return int8, c, report, err
}

func TestCancelledCalibrationGoesOn(t *testing.T) {
	x := noise(t, 20)
	ctx, cancel := context.WithCancel(t.Context())
	opts := []octet.QuantizeOption{octet.WithBatchSize(2), octet.WithThreads(1)}
	stats, err := octet.Calibrate(ctx, open(t), octet.FromTensor(x), append(opts, octet.WithProgress(func(int) { cancel() }))...)
	if !errors.Is(err, context.Canceled) || stats == nil || stats.Images == 0 || stats.Images == 20 || stats.Complete {
		t.Fatalf("%v with statistics %+v", err, stats)
	}
	if _, _, err := octet.Convert(open(t), stats); !errors.Is(err, octet.ErrCalibration) || !strings.Contains(err.Error(), "broken off") {
		t.Errorf("converted with a part of a calibration: %v", err)
	}
	var file bytes.Buffer
	if err := stats.Write(&file); err != nil {
		t.Fatal(err)
	}
	read, err := octet.ReadCalibration(&file)
	if err != nil {
		t.Fatal(err)
	}
	resumed, _, err := octet.Quantize(t.Context(), open(t), octet.FromTensor(x), octet.WithBatchSize(2), octet.WithResume(read))
	if err != nil {
		t.Fatal(err)
	}
	whole, _, err := octet.Quantize(t.Context(), open(t), octet.FromTensor(x), octet.WithBatchSize(2))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(run(t, resumed, x), run(t, whole, x)) {
		t.Error("the continued calibration gives another model")
	}
	if _, _, err := octet.Quantize(t.Context(), open(t), octet.FromTensor(x), octet.WithBatchSize(3), octet.WithResume(read)); !errors.Is(err, octet.ErrCalibration) {
		t.Errorf("statistics of another batch size: %v", err)
	}
}

// Weights of fewer bits use all of these, and no other code.
func TestWeightBits(t *testing.T) {
	x := octet.FromTensor(noise(t, 4))
	for _, opts := range [][]octet.QuantizeOption{{octet.WithPerTensorWeights()}, {octet.WithPerChannelWeights()}} {
		int8, _, err := octet.Quantize(t.Context(), open(t), x, append(opts, octet.WithBackend("qnnpack"), octet.WithWeightBits(5))...)
		if err != nil {
			t.Fatal(err)
		}
		weights := 0
		for _, k := range stateOf(t, int8).Keys() {
			w, ok := stateOf(t, int8).Tensor(k)
			if !ok || w.DType() != tensor.QInt8 {
				continue
			}
			weights++
			codes := w.Int8s()
			if slices.Min(codes) < -15 || slices.Max(codes) > 15 || max(slices.Max(codes), -slices.Min(codes)) < 15 {
				t.Errorf("%s: codes %d..%d", k, slices.Min(codes), slices.Max(codes))
			}
		}
		if weights != 9 {
			t.Errorf("%d quantized weights of convolutions, want 9", weights)
		}
	}
}

func TestRecipeErrors(t *testing.T) {
	x := octet.FromTensor(noise(t, 2))
	for name, opt := range map[string]octet.QuantizeOption{
		"backend": octet.WithBackend("cuda"), "qconfig": octet.WithQConfig("best"), "dynamic": octet.WithQConfig("default_dynamic_qconfig"),
		"exclude": octet.WithExclude("layer9"), "all excluded": octet.WithExclude("*"), "batch size": octet.WithBatchSize(0),
		"weight bits": octet.WithWeightBits(9),
	} {
		if _, _, err := octet.Quantize(t.Context(), open(t), x, opt); !errors.Is(err, octet.ErrRecipe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInputs(t *testing.T) {
	m := open(t)
	for x, err := range octet.Inputs(t.Context(), m, "cmd/octet/demodata/t10k-images-idx3-ubyte.gz") {
		if err != nil || !x.Shape().Equal(tensor.Shape{octet.DefaultBatchSize, 1, 28, 28}) {
			t.Errorf("first batch: %v, %v", x, err)
		}
		break
	}
	for _, err := range octet.Inputs(t.Context(), m, "nowhere") {
		if err == nil {
			t.Error("a missing folder gives inputs")
		}
	}
}

func TestPresets(t *testing.T) {
	for _, name := range octet.PresetNames() {
		p, err := octet.Preset(name)
		if err != nil || p.Validate() != nil {
			t.Errorf("%s: %v, %v", name, err, p.Validate())
		}
	}
	if n := len(octet.ImageNetLabels()); n != 1000 {
		t.Errorf("%d ImageNet labels", n)
	}
}

// Images of a ResNet with CIFAR's stem are taken for 32 x 32, which is an assumption;
// what is given replaces parts of it.
func TestPresetOfSmallStems(t *testing.T) {
	usual, err := octet.Preset("cifar10")
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"resnet18_cifar", "resnet18_cifar_maxpool", "resnet34_cifar"} {
		m, err := octet.New(arch, 10, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		p, assumed, err := m.Preset()
		if err != nil || !assumed || !slices.Equal(p.Resize, []int{32, 32}) || !slices.Equal(p.Mean, usual.Mean) {
			t.Errorf("%s: %+v, assumed %v, %v", arch, p, assumed, err)
		}
	}
	m, err := octet.New("resnet18", 10, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if p, assumed, err := m.Preset(); err != nil || !assumed || !slices.Equal(p.Crop, []int{224, 224}) {
		t.Errorf("resnet18: %+v, assumed %v, %v", p, assumed, err)
	}
}

func TestSafetensors(t *testing.T) {
	m := open(t)
	var f safetensors.File
	for _, key := range stateOf(t, m).Keys() {
		x, _ := stateOf(t, m).Tensor(key)
		f.Set(key, x)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := safetensors.Save(path, &f); err != nil {
		t.Fatal(err)
	}
	again, err := octet.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	x := noise(t, 2)
	if !slices.Equal(run(t, m, x), run(t, again, x)) {
		t.Error("the model from .safetensors computes something else")
	}
	if _, err := octet.Open(path, octet.WithKey("model")); err == nil {
		t.Error("a key is accepted where there is none")
	}
}

func TestOverriddenBackendIsReported(t *testing.T) {
	int8, _, err := octet.Quantize(t.Context(), open(t), octet.FromTensor(noise(t, 4)))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "int8.pth")
	if err := int8.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	m, err := octet.Open(path, octet.WithBackend("qnnpack"))
	if err != nil {
		t.Fatal(err)
	}
	if a := said(m); m.Backend() != "qnnpack" || !strings.Contains(a, "made for fbgemm") {
		t.Errorf("backend %s, assumptions %q", m.Backend(), a)
	}
}

func TestSavedFloatModelNeedsNoOptions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "float.pth")
	m, err := open(t).WithMetadata(func(d *octet.Metadata) { d.Labels = strings.Split("0123456789", "") })
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	again, err := octet.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if labels, assumed := again.Labels(); again.Arch() != "fashion_resnet8" || len(again.Assumptions()) > 0 || assumed || labels[9] != "9" {
		t.Errorf("%s, assumptions %q, labels %v", again.Arch(), again.Assumptions(), labels)
	}
	x := noise(t, 2)
	if !slices.Equal(run(t, m, x), run(t, again, x)) {
		t.Error("the saved model computes something else")
	}
}

// said is all that was assumed of a model.
func said(m *octet.Model) string {
	var lines []string
	for _, a := range m.Assumptions() {
		lines = append(lines, a.Text)
	}
	return strings.Join(lines, "\n")
}
