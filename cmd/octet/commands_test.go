package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// grey is a .npy of n inputs for the demo's model, all different.
func grey(t *testing.T, n int) string {
	t.Helper()
	x := tensor.New(tensor.Float32, n, 1, 28, 28)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32((i*7919)%1000)/500 - 0.8
	}
	return writeArray(t, x)
}

func writeArray(t *testing.T, x *tensor.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := npy.WriteFile(path, x); err != nil {
		t.Fatal(err)
	}
	return path
}

// picture writes a PNG of the demo's size.
func picture(t *testing.T, path string, shade uint8) {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 28, 28))
	for y := range 28 {
		for x := range 28 {
			m.SetGray(x, y, color.Gray{Y: uint8(x*y) ^ shade})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestQuantizeWritesAModelThatSaysWhatItIs(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	int8, report := filepath.Join(folder, "int8.pth"), filepath.Join(folder, "report.json")
	var doc struct {
		Int8File, FloatFile int64
		Report              struct {
			Int8Nodes  int `json:"int8_nodes"`
			FloatNodes int `json:"float_nodes"`
			Images     int `json:"images"`
		} `json:"report"`
	}
	octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "10", "--batch-size", "4", "--backend", "qnnpack",
		"--qconfig", "torchvision", "--output", int8, "--report", report, "--json").must(t).decode(t, &doc)
	if doc.Report.FloatNodes != 0 || doc.Report.Int8Nodes == 0 || doc.Report.Images != 10 {
		t.Errorf("report: %+v", doc.Report)
	}
	if b, err := os.ReadFile(report); err != nil || !json.Valid(b) {
		t.Errorf("--report: %v", err)
	}
	var seen inspection
	r := octetCommand(t, "inspect", int8, "--json").must(t)
	r.decode(t, &seen)
	if seen.Kind != "int8" || seen.Arch != "fashion_resnet8" || seen.Backend != "qnnpack" || len(seen.Assumptions) != 0 {
		t.Errorf("inspect sees %+v", seen)
	}
	if m := seen.Metadata; m == nil || m.Preset == nil || m.Calibration.Samples != 10 || m.Calibration.BatchSize != 4 {
		t.Errorf("metadata: %+v", m)
	}
}

func TestQuantizeIsReproducible(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	var files [2][]byte
	for i, threads := range []string{"1", "3"} {
		out := filepath.Join(folder, "int8.pth")
		octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "12", "--batch-size", "4", "--threads", threads, "--output", out).must(t)
		files[i], _ = os.ReadFile(out)
	}
	if len(files[0]) == 0 || !bytes.Equal(files[0], files[1]) {
		t.Error("two runs with different numbers of threads wrote different files")
	}
}

func TestExcludedLayersStayFloat(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	int8, x := filepath.Join(folder, "mixed.pth"), grey(t, 2)
	out := octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "8", "--qconfig", "torchvision",
		"--exclude", "fc", "--exclude", "layer2.*.conv1", "--output", int8).must(t).out
	for _, want := range []string{`fc (linear): kept float: excluded by "fc"`, "layer2.0.conv1 (conv2d)"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not say %q:\n%s", want, out)
		}
	}
	octetCommand(t, "run", int8, "--input", x, "--json").must(t)
	octetCommand(t, "quantize", model, "--calibration", calibration, "--exclude", "layer9", "--output", int8).fails(t, exit.Usage, "layer9", "matches no node")
}

// A float addition of a float and an integer value needs no codes of the former:
// the file has none.
func TestExcludedNeighboursAreReadBack(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	int8, x := filepath.Join(folder, "mixed.pth"), grey(t, 2)
	octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "8", "--qconfig", "torchvision",
		"--exclude", "layer3.0.add_relu", "--exclude", "layer3.0.downsample.0", "--output", int8).must(t)
	octetCommand(t, "run", int8, "--input", x, "--json").must(t)
}

func TestRunGivesTheSameForArraysImagesAndFolders(t *testing.T) {
	folder, int8, _ := quantized(t)
	photos := filepath.Join(folder, "photos")
	picture(t, filepath.Join(photos, "a.png"), 0)
	picture(t, filepath.Join(photos, "b.png"), 85)
	var byFolder, byName runOutput
	octetCommand(t, "run", int8, photos, "--json", "--top", "3").must(t).decode(t, &byFolder)
	octetCommand(t, "run", int8, filepath.Join(photos, "a.png"), filepath.Join(photos, "b.png"), "--json", "--top", "3", "--batch-size", "1").must(t).decode(t, &byName)
	if len(byFolder.Results) != 2 || len(byFolder.Results[0].Top) != 3 || byFolder.Results[0].Top[0].Label == "" {
		t.Fatalf("results: %+v", byFolder.Results)
	}
	for i := range byFolder.Results {
		if byFolder.Results[i].Top[0] != byName.Results[i].Top[0] {
			t.Errorf("image %d: %+v in a folder, %+v by name", i, byFolder.Results[i], byName.Results[i])
		}
	}
	text := octetCommand(t, "run", int8, photos).must(t).out
	if !strings.Contains(text, "a.png") || !strings.Contains(text, "%") {
		t.Errorf("table:\n%s", text)
	}
}

func TestRunWritesLogits(t *testing.T) {
	folder, int8, _ := quantized(t)
	y := filepath.Join(folder, "y.npy")
	octetCommand(t, "run", int8, "--input", grey(t, 5), "--output", y, "--batch-size", "2").must(t)
	got, err := npy.ReadFile(y)
	if err != nil {
		t.Fatal(err)
	}
	if got.DType() != tensor.Float32 || !got.Shape().Equal(tensor.Shape{5, 10}) {
		t.Errorf("logits are %v", got)
	}
}

func TestDumpedLayersFeedParityLayers(t *testing.T) {
	folder, int8, _ := quantized(t)
	dump, feed, again := filepath.Join(folder, "dump"), filepath.Join(folder, "feed"), filepath.Join(folder, "again")
	x := grey(t, 2)
	octetCommand(t, "run", int8, "--input", x, "--output", filepath.Join(folder, "y.npy"), "--dump-layers", dump).must(t)
	layers, err := readLayerIndex(dump)
	if err != nil || len(layers.Nodes) != 16 {
		t.Fatalf("%d nodes, %v", len(layers.Nodes), err)
	}
	// Two nodes of the model, fed what the model itself computed before them.
	value := map[string]layerValue{}
	for _, n := range layers.Nodes {
		v, err := n.read(dump)
		if err != nil {
			t.Fatal(err)
		}
		_ = v
		value[n.Name] = n.layerValue
	}
	index := layerIndex{Format: layerFormat, Version: layerVersion, Arch: layers.Arch, Backend: layers.Backend, Nodes: []layerEntry{
		{Name: "layer1.0.conv1", Inputs: []layerValue{value["maxpool"]}},
		{Name: "layer1.0.add_relu", Inputs: []layerValue{value["layer1.0.conv2"], value["maxpool"]}},
	}}
	if err := os.CopyFS(feed, os.DirFS(dump)); err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(index)
	if err := os.WriteFile(filepath.Join(feed, layerFile), b, 0o644); err != nil {
		t.Fatal(err)
	}
	octetCommand(t, "parity-layers", int8, "--feed", feed, "--output", again).must(t)
	for _, name := range []string{"layer1.0.conv1", "layer1.0.add_relu"} {
		want, _ := os.ReadFile(filepath.Join(dump, name+".npy"))
		got, _ := os.ReadFile(filepath.Join(again, name+".npy"))
		if len(want) == 0 || !bytes.Equal(want, got) {
			t.Errorf("%s alone differs from %s in the model", name, name)
		}
	}
}

func TestEvalCountsTheRightAnswers(t *testing.T) {
	_, model, _, test := demoFolder(t)
	var doc evalOutput
	octetCommand(t, "eval", model, test, "--limit", "50", "--json").must(t).decode(t, &doc)
	if doc.Images != 50 || doc.Top1 < 35 || doc.Top5 < doc.Top1 || doc.Top1Percent != 2*float64(doc.Top1) {
		t.Errorf("score: %+v", doc.score)
	}
}

func TestEvalMatchesFoldersWithClasses(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	named := filepath.Join(folder, "named")
	for _, name := range []string{"Trouser", "ankle_boot"} {
		picture(t, filepath.Join(named, name, "1.png"), 3)
	}
	octetCommand(t, "eval", model, named, "--json").must(t)

	foreign := filepath.Join(folder, "foreign")
	for _, name := range []string{"cats", "dogs"} {
		picture(t, filepath.Join(foreign, name, "1.png"), 3)
	}
	octetCommand(t, "eval", model, foreign).fails(t, exit.Data, "cats, dogs", "--class-map")
	mapping := filepath.Join(folder, "map.txt")
	os.WriteFile(mapping, []byte("cats\tBag\ndogs\t5\n"), 0o644)
	octetCommand(t, "eval", model, foreign, "--class-map", mapping).must(t)
	os.WriteFile(mapping, []byte("cats\tBag\n"), 0o644)
	octetCommand(t, "eval", model, foreign, "--class-map", mapping).fails(t, exit.Data, `"dogs"`)
}

func TestInspectText(t *testing.T) {
	_, int8, _ := quantized(t)
	out := octetCommand(t, "inspect", int8).must(t).out
	for _, want := range []string{"fashion_resnet8", "fbgemm", "layer3.0.add_relu", "zero point", "per channel"} {
		if !strings.Contains(out, want) {
			t.Errorf("inspect does not show %q:\n%s", want, out)
		}
	}
	if graph := octetCommand(t, "inspect", int8, "--graph").must(t).out; !strings.Contains(graph, "conv1 = conv2d(quant, conv1.weight") {
		t.Errorf("--graph:\n%s", graph)
	}
	if tensors := octetCommand(t, "inspect", int8, "--tensors").must(t).out; !strings.Contains(tensors, "fc._packed_params._packed_params") {
		t.Errorf("--tensors:\n%s", tensors)
	}
}

func TestAdvise(t *testing.T) {
	slow(t, "measures every recipe")
	var doc adviseOutput
	octetCommand(t, "advise", "--device", "arm", "--json").must(t).decode(t, &doc)
	if doc.Advice.Method != "ptq" || doc.Advice.Backend != "qnnpack" {
		t.Errorf("advice for ARM: %+v", doc.Advice)
	}
	octetCommand(t, "advise", "--no-data", "--json").must(t).decode(t, &doc)
	if doc.Advice.Method != "none" {
		t.Errorf("advice without data: %+v", doc.Advice)
	}
	_, model, calibration, test := demoFolder(t)
	var measured adviseOutput
	octetCommand(t, "advise", model, "--calibration", calibration, "--eval", test, "--limit", "8", "--device", "x86", "--max-drop", "100", "--json").must(t).decode(t, &measured)
	if len(measured.Measured.Candidates) != 13 || measured.Advice.Backend != "fbgemm" || !strings.HasPrefix(measured.Advice.Steps[0], "octet quantize ") {
		t.Errorf("measured advice: %+v", measured)
	}
}

// With --output the advice is followed: by calibration, or by training where that
// loses too much.
func TestAdviceIsFollowed(t *testing.T) {
	slow(t, "measures every recipe, and trains")
	folder, model, _, test := demoFolder(t)
	calibration := firstImages(t, demoCalibration, 64)
	out := filepath.Join(folder, "int8.pth")
	args := []string{"advise", model, "--train", calibration, "--eval", test, "--limit", "16", "--json", "--output", out}
	var ptq, qat adviseOutput
	octetCommand(t, append(args, "--max-drop", "100")...).must(t).decode(t, &ptq)
	if m, err := octet.Open(out); err != nil || !m.Quantized() || m.Metadata().Training != nil || ptq.Written != out || ptq.QAT != nil {
		t.Errorf("written by calibration: %v, %+v", err, ptq)
	}
	octetCommand(t, append(args, "--max-drop", "-100")...).must(t).decode(t, &qat)
	m, err := octet.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if r := m.Metadata().Training; r == nil || qat.QAT == nil || r.Steps != qat.QAT.Steps || qat.Advice.Method != "qat" || !strings.HasPrefix(qat.Advice.Steps[0], "octet qat "+model) {
		t.Errorf("written by training: %+v", qat)
	}
	octetCommand(t, "advise", model, "--calibration", calibration, "--limit", "16", "--max-drop", "-100", "--output", out).fails(t, exit.Usage, "--train", "--max-drop")
}

func TestDecisionTree(t *testing.T) {
	drop := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		s    situation
		want string
	}{
		{situation{purpose: report.ForTorchX86}, "ptq"},
		{situation{purpose: report.ForTorchX86, noData: true, canTrain: true}, "none"},
		{situation{purpose: report.ForTorchX86, maxDrop: 1, drop: drop(0.4)}, "ptq"},
		{situation{purpose: report.ForTorchX86, maxDrop: 1, drop: drop(3), canTrain: true}, "qat"},
		{situation{purpose: report.ForTorchARM, maxDrop: 1, drop: drop(3)}, "ptq-mixed"},
	} {
		if got := c.s.decide(); got.Method != c.want || len(got.Reasons) == 0 {
			t.Errorf("%+v: %+v, want %s", c.s, got, c.want)
		}
	}
}

func TestDemo(t *testing.T) {
	quickDemo(t)
	var doc demoOutput
	keep := filepath.Join(t.TempDir(), "kept")
	octetCommand(t, "demo", "--limit", "20", "--qconfig", "torchvision", "--keep", keep, "--json").must(t).decode(t, &doc)
	if len(doc.Models) != 3 || doc.Models[1].Backend != "fbgemm" || doc.Models[2].Backend != "qnnpack" || doc.Arch != "fashion_resnet8" {
		t.Fatalf("models: %+v", doc.Models)
	}
	for _, m := range doc.Models {
		if m.Each <= 0 || (m.Speed == nil) != (m.Kind == "float") {
			t.Errorf("%s: %g µs, speed %+v", m.Name, m.Each, m.Speed)
		}
		if s := m.Speed; s != nil && (s.Turns != 20 || s.Low > s.Times || s.Times > s.High) {
			t.Errorf("%s: %d turns, or the interval does not hold the ratio: %+v", m.Name, s.Turns, s)
		}
		if m.Images != 20 || m.Top1Percent < 60 || !exists(m.File) {
			t.Errorf("%s: %+v", m.Name, m)
		}
	}
}

// Even a short training wins back most of what calibration alone loses.
func TestDemoOfTraining(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for some seconds")
	}
	quickDemo(t)
	var doc demoOutput
	folder := t.TempDir()
	keep, page := filepath.Join(folder, "kept"), filepath.Join(folder, "page.html")
	octetCommand(t, "demo", "--qat", "--epochs", "1", "--limit", "1000", "--keep", keep, "--html", page, "--json").must(t).decode(t, &doc)
	if len(doc.Models) != 3 || doc.Training == nil || doc.Calibration != 512 {
		t.Fatalf("%d models, calibrated on %d images, training %+v", len(doc.Models), doc.Calibration, doc.Training)
	}
	if doc.Training.Images != 2560 || doc.Training.Steps != 40 || doc.Training.HTML != page {
		t.Fatalf("training %+v", doc.Training)
	}
	ptq, qat := doc.Models[1], doc.Models[2]
	if ptq.Drop < 2 || qat.Drop > ptq.Drop-1.5 || doc.Models[0].Kind != "float" || qat.Kind != "int8" {
		t.Errorf("calibration loses %.2f points, training %.2f", ptq.Drop, qat.Drop)
	}
	for _, m := range doc.Models {
		if m.Images != 1000 || !exists(m.File) || m.Bytes == 0 {
			t.Errorf("%s: %+v", m.Name, m)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"fashion_mobilenet: quantization-aware training", "2560 images of Fashion-MNIST", "weights of 6 bits with one scale each", "learning from the float model alone"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	for _, args := range [][]string{{"--html", page}, {"--epochs", "2"}, {"--seed", "2"}, {"--qat", "--qconfig", "minmax"}, {"--qat", "--epochs", "0"}} {
		octetCommand(t, append([]string{"demo"}, args...)...).fails(t, exit.Usage)
	}
	octetCommand(t, "demo", "--qat", "--html", filepath.Join(folder, "missing", "page.html")).fails(t, exit.Output, "missing")
}

// cancelWriter ends a context when something is printed.
type cancelWriter struct {
	mu     sync.Mutex
	b      bytes.Buffer
	when   string
	cancel context.CancelFunc
}

func (w *cancelWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if bytes.Contains(p, []byte(w.when)) {
		w.cancel()
	}
	return w.b.Write(p)
}

func TestInterruptedCalibrationContinues(t *testing.T) {
	defer func(d time.Duration) { console.LineEvery = d }(console.LineEvery)
	console.LineEvery = 0 // a line per batch
	folder, model, calibration, _ := demoFolder(t)
	out, stats := filepath.Join(folder, "int8.pth"), filepath.Join(folder, "stats.json")
	args := []string{"quantize", model, "--calibration", calibration, "--limit", "60", "--batch-size", "4", "--threads", "1", "--output", out, "--stats", stats}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := &cancelWriter{when: "calibrate: ", cancel: cancel}
	if code := run(ctx, args, strings.NewReader(""), w, w); code != exit.Interrupted {
		t.Fatalf("exit code %d:\n%s", code, w.b.String())
	}
	if !strings.Contains(w.b.String(), "the same command continues there") || exists(out) || !exists(stats) {
		t.Fatalf("output written: %v, statistics written: %v; stderr:\n%s", exists(out), exists(stats), w.b.String())
	}
	resumed := octetCommand(t, args...).must(t)
	if !strings.Contains(resumed.errOut, "calibration continues behind the") {
		t.Errorf("stderr of the second run:\n%s", resumed.errOut)
	}
	got, _ := os.ReadFile(out)
	whole := filepath.Join(folder, "whole.pth")
	octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "60", "--batch-size", "4", "--output", whole).must(t)
	want, _ := os.ReadFile(whole)
	if !bytes.Equal(got, want) {
		t.Error("the interrupted and continued calibration gives another model")
	}
	reused := octetCommand(t, append(args, "--exclude", "fc")...).must(t)
	if !strings.Contains(reused.errOut, "nothing is calibrated") || strings.Contains(reused.errOut, "calibrate: ") {
		t.Errorf("stderr with complete statistics:\n%s", reused.errOut)
	}
}

func TestLimitTakesFromEveryClass(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	data := filepath.Join(folder, "data")
	for _, name := range []string{"Bag", "Coat", "Dress"} {
		for i := range 4 {
			picture(t, filepath.Join(data, name, string(rune('a'+i))+".png"), uint8(i))
		}
	}
	flags := inputs.LabelledFlags{Data: inputs.DataFlags{BatchSize: 3, Limit: 3, Spread: true}}
	m, err := octet.Open(model)
	if err != nil {
		t.Fatal(err)
	}
	d, err := flags.Open(console.New(nil, io.Discard, io.Discard), m, data)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for b, err := range d.Batches(t.Context(), 3) {
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(b.Labels)
		if !slices.Equal(b.Labels, []int{3, 4, 8}) {
			t.Errorf("classes %v, want one of each", b.Labels)
		}
	}
}

// A turned image is taken as it lies, unless it is to be turned upright.
func TestImagesAreTurnedUprightOnRequest(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	turned := filepath.Join("..", "..", "vision", "testdata", "golden", "upright6.jpg")
	edges := func(exif bool) tensor.Shape {
		m, err := octet.Open(model, octet.WithPreset(vision.Preset{Channels: 1}))
		if err != nil {
			t.Fatal(err)
		}
		d, err := (&inputs.DataFlags{BatchSize: 1, Exif: exif}).Open(console.New(nil, io.Discard, io.Discard), m, []string{turned})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for b, err := range d.Batches(t.Context(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			return b.Input.Shape()[2:]
		}
		return nil
	}
	if lies, upright := edges(false), edges(true); !lies.Equal(tensor.Shape{5, 9}) || !upright.Equal(tensor.Shape{9, 5}) {
		t.Errorf("%v as it lies, %v upright", lies, upright)
	}
}

func TestStrictInt8(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	out := filepath.Join(folder, "o.pth")
	octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "4", "--qconfig", "torchvision", "--strict-int8", "--exclude", "conv1", "--output", out).must(t)
}
