package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/testseed"
)

// noise is a PNG of noise, as small as the demo's images.
func noise(r *rand.Rand) []byte {
	m := image.NewGray(image.Rect(0, 0, 28, 28))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
	}
	m.SetGray(r.IntN(28), r.IntN(28), color.Gray{255})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// pictureFolder is a folder with n images in two folders for each class of the demo's model;
// one image is broken.
func pictureFolder(t *testing.T, r *rand.Rand, n int) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "val")
	for i := range n {
		at := filepath.Join(root, fmt.Sprint(i%10), []string{"a", "b", "c"}[r.IntN(3)], fmt.Sprintf("%d.png", r.Uint32()))
		b := noise(r)
		if i == n/2 {
			b = b[:20]
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// digits is a file with the labels that pictureFolder has its folders by.
func digits(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels.txt")
	if err := os.WriteFile(path, []byte("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// pictureTars is a pattern of archives as WebDataset has them.
func pictureTars(t *testing.T, r *rand.Rand, tars, each int) string {
	t.Helper()
	folder := t.TempDir()
	for i := range tars {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		add := func(name string, content []byte) {
			h := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}
			if err := w.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
		}
		for k := range each + r.IntN(3) {
			key, label := fmt.Sprintf("%06d", k), fmt.Appendf(nil, "%d\n", r.IntN(10))
			if r.IntN(2) == 0 {
				add(key+".cls", label)
				add(key+".png", noise(r))
			} else {
				add(key+".png", noise(r))
				add(key+".json", []byte("{}"))
				add(key+".cls", label)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("val-%03d.tar", i)), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, fmt.Sprintf("val-{000..%03d}.tar", tars-1))
}

// sameFiles demands that two files are equal to the byte.
func sameFiles(t *testing.T, what, a, b string) {
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

// logits is a file of what a model gives for data.
func logits(t *testing.T, model, data string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "y.npy")
	octetCommand(t, "run", model, data, "--output", out, "--quiet").must(t)
	return out
}

// sharded runs a command for all shards of n in random order, and merges them.
func sharded(t *testing.T, r *rand.Rand, n int, ending string, command func(shard, file string) []string) string {
	t.Helper()
	folder := t.TempDir()
	var files []string
	for _, i := range r.Perm(n) {
		file := filepath.Join(folder, fmt.Sprintf("part%d%s", i, ending))
		octetCommand(t, command(fmt.Sprintf("%d/%d", i+1, n), file)...).must(t)
		files = append(files, file)
	}
	r.Shuffle(n, func(i, j int) { files[i], files[j] = files[j], files[i] })
	all := filepath.Join(folder, "all"+ending)
	octetCommand(t, append([]string{"merge", "--output", all}, files...)...).must(t)
	return all
}

// TestShardsMergeToOneRun: statistics, the int8 file, counts and predictions are those of one
// run, to the byte, however many shards there are.
func TestShardsMergeToOneRun(t *testing.T) {
	r := testseed.Rand(t)
	_, model, _, _ := demoFolder(t)
	_, int8, _ := quantized(t)
	labels := digits(t)
	counts := []int{2, 3, 7, 16}
	if testing.Short() {
		counts = counts[1:3]
	}
	for _, set := range []struct{ name, data string }{
		{"folder", pictureFolder(t, r, 41+r.IntN(5))},
		{"tars", pictureTars(t, r, 5, 6)},
		{"arrays", firstImages(t, demoCalibration, 37)},
	} {
		data := set.data
		t.Run(set.name, func(t *testing.T) {
			qconfig := []string{"percentile", "mse", "minmax", "torchvision"}[r.IntN(4)]
			batch := func() string { return fmt.Sprint(1 + r.IntN(9)) }
			calibrate := func(shard, file string) []string {
				return []string{"quantize", model, "--calibration", data, "--qconfig", qconfig, "--shard", shard, "--stats", file, "--batch-size", batch(), "--quiet"}
			}
			eval := func(shard, file string) []string {
				return []string{"eval", int8, data, "--labels", labels, "--shard", shard, "--output", file, "--batch-size", batch(), "--quiet"}
			}
			predict := func(shard, file string) []string {
				return []string{"run", int8, data, "--shard", shard, "--output", file, "--batch-size", batch(), "--top", "2", "--quiet"}
			}
			convert := func(stats string) string {
				out := filepath.Join(t.TempDir(), "int8.pth")
				octetCommand(t, "quantize", model, "--stats", stats, "--output", out, "--quiet").must(t)
				return out
			}
			stats := sharded(t, r, 1, ".json", calibrate)
			made := convert(stats)
			if set.name != "tars" { // which are read by shards alone
				plain := filepath.Join(t.TempDir(), "plain.pth")
				octetCommand(t, "quantize", model, "--calibration", data, "--qconfig", qconfig, "--output", plain, "--quiet").must(t)
				sameFiles(t, "outputs without shards", logits(t, plain, data), logits(t, made, data))
			}
			score, lines := sharded(t, r, 1, ".json", eval), sharded(t, r, 1, ".jsonl", predict)
			for _, n := range counts {
				merged := sharded(t, r, n, ".json", calibrate)
				sameFiles(t, fmt.Sprintf("statistics of %d shards", n), stats, merged)
				sameFiles(t, fmt.Sprintf("int8 model of %d shards", n), made, convert(merged))
				sameFiles(t, fmt.Sprintf("counts of %d shards", n), score, sharded(t, r, n, ".json", eval))
				sameFiles(t, fmt.Sprintf("predictions of %d shards", n), lines, sharded(t, r, n, ".jsonl", predict))
			}
		})
	}
}

// TestShardsCountWhatOneRunCounts: --shard gives the counts of eval without it, on every
// instruction set.
func TestShardsCountWhatOneRunCounts(t *testing.T) {
	r := testseed.Rand(t)
	folder, int8, test := quantized(t)
	labels := digits(t)
	for _, data := range []string{test, pictureFolder(t, r, 33)} {
		var plain struct{ Images, Top1_correct, Top5_correct int }
		octetCommand(t, "eval", int8, data, "--labels", labels, "--json", "--quiet").must(t).decode(t, &plain)
		for _, cpu := range []string{"none", ""} {
			var doc struct {
				Images int
				Score  struct{ Top1_correct, Top5_correct int }
			}
			file := filepath.Join(folder, "all"+cpu+".json")
			octetCommand(t, "eval", int8, data, "--labels", labels, "--shard", "1/1", "--cpu", cpu, "--output", file, "--json", "--quiet").must(t).decode(t, &doc)
			if doc.Images != plain.Images || doc.Score.Top1_correct != plain.Top1_correct || doc.Score.Top5_correct != plain.Top5_correct {
				t.Errorf("%s, instruction sets %q: %+v, without shards %+v", data, cpu, doc, plain)
			}
		}
		sameFiles(t, "instruction sets", filepath.Join(folder, "all.json"), filepath.Join(folder, "allnone.json"))
	}
}

// TestShardsThatDoNotBelongTogether: merge names what is wrong, and writes nothing.
func TestShardsThatDoNotBelongTogether(t *testing.T) {
	r := testseed.Rand(t)
	folder, int8, test := quantized(t)
	_, float, calibration, _ := demoFolder(t)
	labels := digits(t)
	in := func(name string) string { return filepath.Join(folder, name) }
	eval := func(name, model, data, shard string, more ...string) string {
		octetCommand(t, append([]string{"eval", model, data, "--labels", labels, "--shard", shard, "--output", in(name), "--quiet"}, more...)...).must(t)
		return in(name)
	}
	a, b := eval("a.json", int8, test, "1/3"), eval("b.json", int8, test, "2/3")
	data := pictureFolder(t, r, 12)
	few := eval("few.json", int8, data, "3/3")
	other := eval("other.json", float, test, "3/3")
	cut := eval("cut.json", int8, test, "3/4")
	resized := eval("resized.json", int8, test, "3/3", "--resize", "30", "--crop", "28")
	none := eval("none.json", float, test, "1/2", "--cpu", "none")
	native := eval("native.json", float, test, "2/2")
	stats := func(name, shard, qconfig string, more ...string) string {
		octetCommand(t, append([]string{"quantize", float, "--calibration", calibration, "--shard", shard, "--stats", in(name), "--qconfig", qconfig, "--quiet"}, more...)...).must(t)
		return in(name)
	}
	s1, s2 := stats("s1.json", "1/2", "mse"), stats("s2.json", "2/2", "percentile")
	lines := in("p1.jsonl")
	octetCommand(t, "run", int8, test, "--shard", "1/2", "--output", lines, "--quiet").must(t)
	content, err := os.ReadFile(lines)
	if err != nil {
		t.Fatal(err)
	}
	torn := in("torn.jsonl")
	if err := os.WriteFile(torn, content[:len(content)-1-r.IntN(len(content)-1)], 0o644); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		files []string
		say   []string
	}{
		{[]string{a, b}, []string{"shard 3 of 3 is missing", "--shard 3/3"}},
		{[]string{a, b, a}, []string{"shard 1 of 3 comes twice", "a.json", "missing"}},
		{[]string{a, b, few}, []string{"other data", "few.json"}},
		{[]string{a, b, other}, []string{"two models", "other.json"}},
		{[]string{a, b, cut}, []string{"cut.json", "into 3 shards", "into 4"}},
		{[]string{a, b, resized}, []string{"resized.json", "resize"}},
		{[]string{s1, s2}, []string{"recipe", "mse", "percentile"}},
		{[]string{s1, a}, []string{"merge them apart"}},
		{[]string{torn}, []string{"torn.jsonl"}},
		{[]string{float}, []string{"not written by a command with --shard"}},
	}
	if content, err := os.ReadFile(native); err == nil && strings.Contains(string(content), "avx2") {
		cases = append(cases, struct {
			files []string
			say   []string
		}{[]string{none, native}, []string{"instruction sets", "avx2"}})
	}
	for _, c := range cases {
		all := in("all.json")
		if slices.Contains(c.files, torn) {
			all = in("all.jsonl")
		}
		octetCommand(t, append([]string{"merge", "--output", all}, c.files...)...).fails(t, exit.Data, c.say...)
		if exists(all) {
			t.Errorf("%v: something was written", c.files)
		}
	}
	octetCommand(t, "quantize", float, "--stats", s1, "--output", in("x.pth")).fails(t, exit.Data, "shard 2 of 2")
	octetCommand(t, "quantize", float, "--calibration", calibration, "--shard", "1/2", "--stats", in("x.json")).fails(t, exit.Usage, "percentile", "histogram")
}
