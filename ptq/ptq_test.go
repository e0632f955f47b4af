package ptq_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
)

// small is the demo's network with hashed weights, fused.
func small(t testing.TB) *graph.Graph {
	t.Helper()
	g := build(t, "fashion_resnet8")
	bindHashed(g, hashweights.Model{Seed: 9})
	fused, _, err := rewrite.Fuse(g)
	if err != nil {
		t.Fatal(err)
	}
	return fused
}

func smallBatch(i int) *tensor.Tensor { return hashweights.Images(3, 1, 12, uint64(i)) }

func smallBatches(n int) iter.Seq2[*tensor.Tensor, error] {
	return func(yield func(*tensor.Tensor, error) bool) {
		for i := range n {
			if !yield(smallBatch(i), nil) {
				return
			}
		}
	}
}

func prepare(t testing.TB, recipe string, exclude ...string) *ptq.Prepared {
	t.Helper()
	q, err := quant.ParseQConfig(recipe, quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ptq.Prepare(small(t), q, ptq.Options{Exclude: exclude})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func calibrate(t *testing.T, p *ptq.Prepared, n int, opts ptq.CalibrateOptions) *ptq.Stats {
	t.Helper()
	s, err := ptq.Calibrate(context.Background(), p, smallBatches(n), opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func text(t *testing.T, s *ptq.Stats) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func run(t *testing.T, g *graph.Graph, x *tensor.Tensor) *tensor.Tensor {
	t.Helper()
	e, err := engine.Reference(g)
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func TestObserversSitWherePyTorchPutsThem(t *testing.T) {
	want := []string{
		"quant", "conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.0.add_relu",
		"layer2.0.conv1", "layer2.0.conv2", "layer2.0.downsample.0", "layer2.0.add_relu",
		"layer3.0.conv1", "layer3.0.conv2", "layer3.0.downsample.0", "layer3.0.add_relu", "fc",
	}
	if diff := cmp.Diff(want, prepare(t, "default").Observed); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Moving averages depend on the order of batches: if observers were fed out of
// order, thread counts would give different results.
func TestThreadsDoNotChangeTheStatistics(t *testing.T) {
	for _, recipe := range []string{"torchvision", "default_qat"} {
		p := prepare(t, recipe)
		want := text(t, calibrate(t, p, 12, ptq.CalibrateOptions{Threads: 1}))
		for _, threads := range []int{2, 7} {
			if got := text(t, calibrate(t, p, 12, ptq.CalibrateOptions{Threads: threads})); got != want {
				t.Errorf("%s: %d threads give other statistics\n%s", recipe, threads, cmp.Diff(want, got))
			}
		}
	}
}

func TestInterruptedCalibrationResumes(t *testing.T) {
	p := prepare(t, "default_qat")
	whole := text(t, calibrate(t, p, 9, ptq.CalibrateOptions{}))

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	part, err := ptq.Calibrate(ctx, p, smallBatches(9), ptq.CalibrateOptions{Threads: 2, Progress: func(images int) {
		if images >= 12 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || part == nil || part.Images < 12 || part.Images == 27 {
		t.Fatalf("stats %+v, error %v", part, err)
	}
	saved, err := ptq.ReadStats(strings.NewReader(text(t, part)))
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	rest := calibrate(t, p, 9, ptq.CalibrateOptions{Resume: saved, Progress: func(n int) { last = n }})
	if last != 27 {
		t.Errorf("progress ended at %d images", last)
	}
	if got := text(t, rest); got != whole {
		t.Errorf("resumed statistics differ\n%s", cmp.Diff(whole, got))
	}
}

func TestBadCalibrationData(t *testing.T) {
	one := func(x *tensor.Tensor) iter.Seq2[*tensor.Tensor, error] {
		return func(yield func(*tensor.Tensor, error) bool) { _ = yield(smallBatch(0), nil) && yield(x, nil) }
	}
	withNaN := smallBatch(1)
	withNaN.Float32s()[5] = float32(math.NaN())
	broken := errors.New("image 7 is broken")
	for name, tc := range map[string]struct {
		data iter.Seq2[*tensor.Tensor, error]
		want string
	}{
		"empty":      {func(func(*tensor.Tensor, error) bool) {}, "the calibration data is empty"},
		"NaN":        {one(withNaN), "calibration batch 1 (images 3 to 5): NaN or infinite values"},
		"shape":      {one(tensor.New(tensor.Float32, 2, 3)), "calibration batch 1 is float32[2, 3]; expected float32 [N, C, H, W]"},
		"channels":   {one(tensor.Of(slices.Repeat([]float32{1, 2}, 72), 1, 4, 6, 6)), "conv1"},
		"unreadable": {func(yield func(*tensor.Tensor, error) bool) { yield(nil, broken) }, broken.Error()},
		"constant": {func(yield func(*tensor.Tensor, error) bool) {
			yield(tensor.New(tensor.Float32, 2, 1, 12, 12), nil)
		}, "every value of all 2 images is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ptq.Calibrate(context.Background(), prepare(t, "torchvision"), tc.data, ptq.CalibrateOptions{Threads: 3})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// NaN that arises inside the network is blamed on the node, of the earliest
// batch, whatever the number of threads.
func TestNaNInsideNamesTheNode(t *testing.T) {
	g := small(t)
	w, _ := g.Param("layer2.0.conv1.weight")
	w.Data = w.Data.Clone()
	w.Data.Float32s()[0] = float32(math.Inf(1))
	q, err := quant.ParseQConfig("torchvision", quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ptq.Prepare(g, q, ptq.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{1, 4} {
		_, err = ptq.Calibrate(context.Background(), p, smallBatches(8), ptq.CalibrateOptions{Threads: threads})
		if err == nil || !strings.Contains(err.Error(), `batch 0: node "layer2.0.conv1": minmax observer: element 0 of the batch is NaN`) {
			t.Errorf("error %v", err)
		}
	}
}

func TestExcludedLayersStayFloat(t *testing.T) {
	for _, exclude := range [][]string{{"layer2.0.conv2"}, {"layer2"}, {"conv1", "fc"}, {"layer*.0.conv1"}, {"layer1.0.add_relu"}} {
		t.Run(strings.Join(exclude, ","), func(t *testing.T) {
			p := prepare(t, "torchvision", exclude...)
			g, report, err := ptq.Convert(p, calibrate(t, p, 3, ptq.CalibrateOptions{}), quant.FBGEMM)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range g.Nodes {
				if err := n.CheckSignature(); err != nil {
					t.Error(err)
				}
			}
			reasons := 0
			for _, n := range report.Nodes {
				if !n.Int8 && n.Note == "" && n.Op != "dequantize" {
					t.Errorf("%s is float without a reason", n.Name)
				}
				if strings.Contains(n.Note, "excluded by") {
					reasons++
				}
			}
			if reasons == 0 || report.FloatNodes < reasons {
				t.Errorf("%d nodes excluded, %d float", reasons, report.FloatNodes)
			}
			want, got := run(t, p.Graph, smallBatch(1)), run(t, g, smallBatch(1))
			if db := ptq.SQNR(want.Float32s(), got.Float32s()); db < 15 {
				t.Errorf("the logits are %.1f dB from the float ones", db)
			}
		})
	}
}

func TestReport(t *testing.T) {
	p := prepare(t, "torchvision")
	_, r, err := ptq.Convert(p, calibrate(t, p, 2, ptq.CalibrateOptions{}), quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	if r.FloatNodes != 0 || r.Int8Nodes != 17 || r.Images != 6 || r.BatchSize != 3 {
		t.Errorf("%d int8, %d float, %d images in batches of %d", r.Int8Nodes, r.FloatNodes, r.Images, r.BatchSize)
	}
	if share := float64(r.Int8Bytes) / float64(r.FloatBytes); share < 0.25 || share > 0.30 {
		t.Errorf("%d of %d bytes", r.Int8Bytes, r.FloatBytes)
	}
	for _, n := range r.Nodes {
		if n.Op == "conv2d" && (n.WeightSQNR == nil || *n.WeightSQNR < 30 || n.Activation == nil || n.Activation.Scale <= 0) {
			t.Errorf("%+v", n)
		}
	}
}

func TestStatisticsOfSomethingElse(t *testing.T) {
	p := prepare(t, "torchvision")
	s := calibrate(t, p, 1, ptq.CalibrateOptions{})
	for name, tc := range map[string]struct {
		p    *ptq.Prepared
		want string
	}{
		"observers of activations": {prepare(t, "default"), "made with other observers of activations (minmax quint8; these are histogram quint8, 2048 bins)"},
		"exclusion":                {prepare(t, "torchvision", "layer2.0.conv1"), ""},
		"missing":                  {prepare(t, "torchvision", "layer1.0.conv1", "maxpool"), "no observer of"},
	} {
		_, _, err := ptq.Convert(tc.p, s, quant.FBGEMM)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
	}
	// Codes and the granularity of weights are no part of what was seen.
	own := prepare(t, "torchvision")
	shared := prepare(t, "minmax")
	for _, weight := range []quant.ObserverSpec{own.QConfig.Weight, {Kind: quant.MinMax, DType: tensor.QInt8, QScheme: quant.PerTensorSymmetric}} {
		shared.QConfig.Weight = weight
		want := calibrate(t, shared, 1, ptq.CalibrateOptions{})
		a, _, err := ptq.Convert(shared, want, quant.QNNPACK)
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := ptq.Convert(shared, s, quant.QNNPACK)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(run(t, a, smallBatch(0)).Float32s(), run(t, b, smallBatch(0)).Float32s()); diff != "" {
			t.Errorf("statistics of another recipe give another model\n%s", diff)
		}
	}
	s.Model = "other"
	if _, _, err := ptq.Convert(p, s, quant.FBGEMM); err == nil || !strings.Contains(err.Error(), "another model") {
		t.Errorf("error %v", err)
	}
	if _, err := ptq.ReadStats(strings.NewReader(`{"format": 99}`)); err == nil || !strings.Contains(err.Error(), "format 99") {
		t.Errorf("error %v", err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	g := small(t)
	good, _ := quant.ParseQConfig("default", quant.FBGEMM)
	dynamic, err := quant.ParseQConfig("default_dynamic", quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		q       quant.QConfig
		exclude []string
		want    string
	}{
		{good, []string{"layer9"}, `exclude pattern "layer9" matches no node`},
		{good, []string{"["}, "syntax error"},
		{good, []string{"*"}, "no node would be quantized"},
		{dynamic, nil, "activation"},
	} {
		if _, err := ptq.Prepare(g, tc.q, ptq.Options{Exclude: tc.exclude}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: error %v, want %q", tc.exclude, err, tc.want)
		}
	}
	if _, err := ptq.Prepare(build(t, "fashion_resnet8"), good, ptq.Options{}); err == nil || !strings.Contains(err.Error(), "not bound") {
		t.Errorf("error %v", err)
	}
}

func TestNoGoroutineIsLeftBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/octet-ml/octet/internal/parallel.(*Pool).work"))
	broken := errors.New("broken")
	for range 20 {
		_, err := ptq.Calibrate(context.Background(), prepare(t, "torchvision"), func(yield func(*tensor.Tensor, error) bool) {
			_ = yield(smallBatch(0), nil) && yield(smallBatch(1), nil) && yield(nil, broken)
		}, ptq.CalibrateOptions{Threads: 4})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
	}
}

// Whatever is excluded, the file gives the same model back.
func TestExcludedLayersSurviveTheFile(t *testing.T) {
	for _, exclude := range [][]string{nil, {"layer2.0.conv2"}, {"layer2"}, {"conv1", "fc"}, {"layer1.0.add_relu"}, {"layer3.0.conv1", "quant"}} {
		t.Run(strings.Join(exclude, ","), func(t *testing.T) {
			p := prepare(t, "torchvision", exclude...)
			g, _, err := ptq.Convert(p, calibrate(t, p, 2, ptq.CalibrateOptions{}), quant.FBGEMM)
			if err != nil {
				t.Fatal(err)
			}
			sd, err := statedict.ExportStateDict(g)
			if err != nil {
				t.Fatal(err)
			}
			back, _, err := statedict.BindQuantized(build(t, "fashion_resnet8"), sd, statedict.QuantizedOptions{Float: statedict.FloatNodes(g)})
			if err != nil {
				t.Fatal(err)
			}
			if len(back.Nodes) != len(g.Nodes) {
				t.Errorf("%d nodes, %d before", len(back.Nodes), len(g.Nodes))
			}
			if diff := cmp.Diff(run(t, g, smallBatch(0)).Float32s(), run(t, back, smallBatch(0)).Float32s()); diff != "" {
				t.Errorf("other logits (-before +behind)\n%s", diff)
			}
		})
	}
}

func FuzzStats(f *testing.F) {
	p := prepare(f, "torchvision") // a small seed: histograms are long
	s, err := ptq.Calibrate(context.Background(), p, smallBatches(1), ptq.CalibrateOptions{})
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"format": 1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := ptq.ReadStats(bytes.NewReader(data))
		if err != nil {
			return
		}
		// Whatever the file says, converting gives an error or a valid graph.
		read.Model, read.QConfig, read.Images = s.Model, s.QConfig, 1
		g, _, err := ptq.Convert(p, read, quant.FBGEMM)
		if err == nil {
			if err := g.Validate(); err != nil {
				t.Error(err)
			}
		}
	})
}

// Data that is constant is told also where all of it was counted before a resumed calibration.
func TestResumedConstantData(t *testing.T) {
	p := prepare(t, "default")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	batches := func(yield func(*tensor.Tensor, error) bool) {
		for range 3 {
			if !yield(tensor.New(tensor.Float32, 2, 1, 28, 28), nil) {
				return
			}
		}
		cancel() // the first calibration is broken off when all is counted
	}
	part, err := ptq.Calibrate(ctx, p, batches, ptq.CalibrateOptions{Threads: 1})
	if part == nil || part.Images != 6 {
		t.Fatalf("stats %+v, error %v", part, err)
	}
	if _, err := ptq.Calibrate(context.Background(), p, batches, ptq.CalibrateOptions{Threads: 1, Resume: part}); err == nil || !strings.Contains(err.Error(), "constant") {
		t.Errorf("%v", err)
	}
}
