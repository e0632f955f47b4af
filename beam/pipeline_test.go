package octetbeam_test

import (
	"archive/tar"
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"

	"github.com/octet-ml/octet"
	octetbeam "github.com/octet-ml/octet/beam"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/vision"
)

// floatModel tells ten classes of grey images apart.
const floatModel = "../cmd/octet/demodata/fashion_resnet8.pth"

var digits = strings.Split("0123456789", "")

// octetBinary is the command whose bytes the pipelines must give.
var octetBinary string

func TestMain(m *testing.M) {
	flag.Parse()
	beam.Init()
	folder, err := os.MkdirTemp("", "octet")
	if err == nil {
		octetBinary = filepath.Join(folder, "octet")
		build := exec.Command("go", "build", "-o", octetBinary, "./cmd/octet")
		build.Dir, build.Stderr = "..", os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// command runs octet.
func command(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(octetBinary, append(args, "--quiet")...).CombinedOutput(); err != nil {
		t.Fatalf("octet %q: %v\n%s", args, err, out)
	}
}

// noise is a PNG of noise.
func noise(r *rand.Rand) []byte {
	m := image.NewGray(image.Rect(0, 0, 28, 28))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// pictures is a folder of n images with a folder for each class; one image is broken.
func pictures(t *testing.T, r *rand.Rand, n int) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "val")
	for i := range n {
		at := filepath.Join(root, digits[i%10], fmt.Sprintf("%d.png", r.Uint32()))
		content := noise(r)
		if i == n/2 {
			content = content[:20]
		}
		write(t, at, content)
	}
	return root
}

func write(t *testing.T, at string, content []byte) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(at), 0o755)
	if err == nil {
		err = os.WriteFile(at, content, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// tars is a pattern of n archives with labels beside their images; one image is broken.
func tars(t *testing.T, r *rand.Rand, n int) string {
	t.Helper()
	folder := t.TempDir()
	for i := range n {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for k := range 3 + r.IntN(4) {
			image := noise(r)
			if i == 0 && k == 0 {
				image = image[:20]
			}
			for ending, content := range map[string][]byte{"cls": []byte(digits[r.IntN(10)]), "png": image} {
				err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("%06d.%s", k, ending), Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))})
				if err == nil {
					_, err = w.Write(content)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, fmt.Sprintf("val-%02d.tar", i)), b.Bytes())
	}
	return filepath.Join(folder, fmt.Sprintf("val-{00..%02d}.tar", n-1))
}

// same demands that two files are equal to the byte.
func same(t *testing.T, what, a, b string) {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Errorf("%s: %s and %s differ:\n%.2000s\n%.2000s", what, a, b, x, y)
	}
}

// execute runs a pipeline on prism in this process.
func execute(t *testing.T, build func(s beam.Scope)) {
	t.Helper()
	p, s := beam.NewPipelineWithRoot()
	build(s)
	if _, err := prism.Execute(context.Background(), p); err != nil {
		t.Fatal(err)
	}
}

// open completes a model.
func open(t *testing.T, file string) octetbeam.Model {
	t.Helper()
	m, err := octetbeam.NewModel(t.Context(), octetbeam.Model{File: file, Labels: digits})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestPipelinesGiveTheBytesOfTheCommand: statistics, the int8 file, counts and predictions are
// those of octet, however many shards and bundles there are, and run again they stay.
func TestPipelinesGiveTheBytesOfTheCommand(t *testing.T) {
	r := testseed.Rand(t)
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	labels := in("labels.txt")
	write(t, labels, []byte(strings.Join(digits, "\n")))
	for _, set := range []struct{ name, data string }{{"folder", pictures(t, r, 30+r.IntN(9))}, {"tars", tars(t, r, 5)}} {
		data := set.data
		t.Run(set.name, func(t *testing.T) {
			qconfig := []string{"percentile", "mse", "minmax", "torchvision"}[r.IntN(4)]
			convert := func(stats, out string) string {
				command(t, "quantize", floatModel, "--labels", labels, "--stats", stats, "--output", out)
				return out
			}
			command(t, "quantize", floatModel, "--calibration", data, "--qconfig", qconfig, "--shard", "1/1", "--stats", in("stats.json"))
			int8 := convert(in("stats.json"), in("int8.pth"))
			command(t, "eval", int8, data, "--labels", labels, "--shard", "1/1", "--output", in("eval.json"))
			command(t, "run", int8, data, "--labels", labels, "--shard", "1/1", "--top", "2", "--output", in("lines.jsonl"))
			float, quantized := open(t, floatModel), open(t, int8)
			float.Labels = nil
			for _, shards := range []int{1, 2 + r.IntN(3), 11} {
				d := octetbeam.Data{Paths: []string{data}, Shards: shards, BatchSize: r.IntN(5)}
				execute(t, func(s beam.Scope) {
					all, _ := octetbeam.Calibrate(s, float, d, qconfig)
					octetbeam.WriteCalibration(s, in("beamstats.json"), all)
				})
				same(t, fmt.Sprintf("statistics of %d shards", shards), in("stats.json"), in("beamstats.json"))
				same(t, fmt.Sprintf("int8 model of %d shards", shards), int8, convert(in("beamstats.json"), in("beamint8.pth")))
				for range 2 { // as a runner does that lost a bundle
					execute(t, func(s beam.Scope) {
						all, broken := octetbeam.Evaluate(s, quantized, d)
						octetbeam.WriteEvaluation(s, in("beameval.json"), all)
						octetbeam.WriteBroken(s, in("broken.jsonl"), broken)
						octetbeam.Predict(s, quantized, d, 2, in("beamlines.jsonl"))
					})
				}
				same(t, fmt.Sprintf("counts of %d shards", shards), in("eval.json"), in("beameval.json"))
				files := []string{"merge", "--output", in("merged.jsonl")}
				for i := range shards {
					files = append(files, octetbeam.ShardFile(in("beamlines.jsonl"), i+1, shards))
				}
				command(t, files...)
				same(t, fmt.Sprintf("predictions of %d shards", shards), in("lines.jsonl"), in("merged.jsonl"))
				if broken, err := os.ReadFile(in("broken.jsonl")); err != nil || bytes.Count(broken, []byte("\n")) != 1 || !bytes.Contains(broken, []byte(".png")) {
					t.Errorf("broken images: %q, %v", broken, err)
				}
			}
		})
	}
}

// TestClassify: images of a collection get the answers of a session, and broken ones their own
// output.
func TestClassify(t *testing.T) {
	r := testseed.Rand(t)
	m := open(t, floatModel)
	model, err := octet.Open(floatModel, octet.WithLabels(digits))
	if err != nil {
		t.Fatal(err)
	}
	session, err := model.Compile()
	if err != nil {
		t.Fatal(err)
	}
	var images []octetbeam.Image
	var want []any
	for i := range 7 {
		in := octetbeam.Image{Name: fmt.Sprint(i), Content: noise(r)}
		images = append(images, in)
		pixels, err := vision.Decode(in.Content)
		if err != nil {
			t.Fatal(err)
		}
		top, err := session.ClassifyPixels(t.Context(), pixels, 3)
		if err != nil {
			t.Fatal(err)
		}
		a := octetbeam.Answer{Name: in.Name}
		for _, p := range top {
			a.Top = append(a.Top, octetbeam.Class{Class: p.Class, Label: p.Label, Probability: p.Probability, Logit: p.Logit})
		}
		want = append(want, a)
	}
	bad := octetbeam.Image{Name: "bad", Content: []byte("no image")}
	_, notDecoded := vision.Decode(bad.Content)
	images = slices.Insert(images, r.IntN(len(images)), bad)
	left := octetbeam.Broken{Name: "bad", Error: notDecoded.Error()}
	execute(t, func(s beam.Scope) {
		answers, broken := octetbeam.Classify(s, m, 3, beam.CreateList(s, images))
		passert.Equals(s, answers, want...)
		passert.Equals(s, broken, left)
	})
	// In windows of two milliseconds: each outcome has its image's time and window.
	var places []any
	for _, in := range images {
		places = append(places, placeOf(in.Name))
	}
	execute(t, func(s beam.Scope) {
		timed := beam.ParDo(s, &atTime{}, beam.CreateList(s, images))
		answers, broken := octetbeam.Classify(s, m, 3, beam.WindowInto(s, window.NewFixedWindows(2*time.Millisecond), timed))
		found := beam.Flatten(s, beam.ParDo(s, &place[octetbeam.Answer]{}, answers), beam.ParDo(s, &place[octetbeam.Broken]{}, broken))
		passert.Equals(s, beam.WindowInto(s, window.NewGlobalWindows(), found), places...)
		global := window.NewGlobalWindows()
		passert.Equals(s, beam.WindowInto(s, global, answers), want...)
		passert.Equals(s, beam.WindowInto(s, global, broken), left)
	})
}

func init() {
	beam.RegisterType(reflect.TypeFor[atTime]())
	beam.RegisterType(reflect.TypeFor[place[octetbeam.Answer]]())
	beam.RegisterType(reflect.TypeFor[place[octetbeam.Broken]]())
}

// timeOf is the time, in milliseconds, that atTime gives an image.
func timeOf(name string) int64 { return int64(len(name))*100 + int64(name[0]) }

func placeOf(name string) string {
	at := timeOf(name)
	return fmt.Sprintf("%s at %d in [%d", name, at, at/2*2)
}

// atTime gives images times of their own.
type atTime struct{}

func (*atTime) ProcessElement(in octetbeam.Image, emit func(beam.EventTime, octetbeam.Image)) {
	emit(beam.EventTime(timeOf(in.Name)), in)
}

// place says in which window an outcome is, and when.
type place[T any] struct{}

func (*place[T]) ProcessElement(w beam.Window, at beam.EventTime, of T) string {
	return fmt.Sprintf("%s at %d in [%d", reflect.ValueOf(of).FieldByName("Name"), at.Milliseconds(), int64(w.(window.IntervalWindow).Start))
}

// TestPipelinesThatFail: what no retry can mend is said.
func TestPipelinesThatFail(t *testing.T) {
	r := testseed.Rand(t)
	m := open(t, floatModel)
	d := octetbeam.Data{Paths: []string{pictures(t, r, 12)}, Shards: 2}
	other, order := m, d
	other.Fingerprint = "0123"
	order.Paths = []string{filepath.Join(t.TempDir(), "nothing")}
	for want, build := range map[string]func(s beam.Scope){
		"another model": func(s beam.Scope) { octetbeam.Evaluate(s, other, d) },
		"nothing":       func(s beam.Scope) { octetbeam.Evaluate(s, m, order) },
		"histogram":     func(s beam.Scope) { octetbeam.Calibrate(s, m, d, "default") },
	} {
		p, s := beam.NewPipelineWithRoot()
		build(s)
		if _, err := prism.Execute(context.Background(), p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
