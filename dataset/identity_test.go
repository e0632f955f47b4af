package dataset_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

var preset = vision.Preset{Channels: 3, Resize: []int{8}, Crop: []int{8, 8}, Mean: []float64{0, 0, 0.5}, Std: []float64{1, 1, 0.5}}

// pictures writes one file per name, with the name's content.
func pictures(t *testing.T, content map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, c := range content {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(c), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func identity(t *testing.T, path string, p vision.Preset, labels []int, opts ...dataset.Option) dataset.Identity {
	t.Helper()
	src, err := dataset.Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	id, err := dataset.Identify(t.Context(), src, p, dataset.IdentifyOptions{Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestDifferencesOfSamples(t *testing.T) {
	was := identity(t, pictures(t, map[string]string{"a.png": "1", "b.png": "2", "c.png": "3", "d.png": "4"}), preset, []int{0, 1, 0, 1})
	for _, c := range []struct {
		name   string
		is     map[string]string
		labels []int
		want   []string
	}{
		{"the same", map[string]string{"a.png": "1", "b.png": "2", "c.png": "3", "d.png": "4"}, nil, nil},
		{"other names in the same order", map[string]string{"x/1.png": "1", "x/2.png": "2", "x/3.png": "3", "x/4.png": "4"}, nil, nil},
		{"content", map[string]string{"a.png": "1", "b.png": "2", "c.png": "9", "d.png": "4"}, nil, []string{"1 sample has other content: c.png"}},
		{"size", map[string]string{"a.png": "1", "b.png": "2", "c.png": "33", "d.png": "4"}, nil, []string{"1 sample has other content: c.png (1 bytes before, 2 bytes now)"}},
		{"all", map[string]string{"a.png": "5", "b.png": "6", "c.png": "7", "d.png": "8"}, nil, []string{"4 samples have other content: a.png, b.png, c.png and 1 more"}},
		{"new", map[string]string{"a.png": "1", "b.png": "2", "c.png": "3", "c2.png": "7", "d.png": "4"}, []int{0, 1, 0, 0, 1}, []string{"1 sample is new: c2.png"}},
		{"a copy", map[string]string{"a.png": "1", "b.png": "2", "c.png": "3", "d.png": "4", "e.png": "4"}, []int{0, 1, 0, 1, 1}, []string{"1 sample is new: e.png"}},
		{"missing", map[string]string{"a.png": "1", "c.png": "3"}, []int{0, 0}, []string{"2 samples are missing: b.png, d.png"}},
		{"order", map[string]string{"a.png": "1", "b.png": "3", "c.png": "2", "d.png": "4"}, []int{0, 0, 1, 1}, []string{"the samples come in another order, from sample 1 on (b.png)"}},
		{"renamed", map[string]string{"e.png": "1", "b.png": "2", "c.png": "3", "d.png": "4"}, []int{1, 0, 1, 0}, []string{"the samples come in another order, from sample 0 on (a.png before, b.png now)"}},
		{"class", map[string]string{"a.png": "1", "b.png": "2", "c.png": "3", "d.png": "4"}, []int{0, 1, 1, 1}, []string{"the class of c.png was 0 and is 1"}},
		{"everything", map[string]string{"a.png": "0", "b.png": "2", "x.png": "3x", "y.png": "4"}, nil,
			[]string{"1 sample has other content: a.png", "1 sample is new: x.png", "1 sample is missing: c.png"}},
	} {
		if c.labels == nil {
			c.labels = []int{0, 1, 0, 1}
		}
		is := identity(t, pictures(t, c.is), preset, c.labels)
		if got := was.Differences(is); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if back := is.Differences(was); (back == nil) != (c.want == nil) {
			t.Errorf("%s, the other way round: %q", c.name, back)
		}
	}
}

func TestDifferencesOfSettings(t *testing.T) {
	folder := pictures(t, map[string]string{"a.png": "1", "b.png": "2"})
	was := identity(t, folder, preset, nil)
	for want, change := range map[string]func(p *vision.Preset) []dataset.Option{
		"":                              func(p *vision.Preset) []dataset.Option { p.Interpolation = vision.Bilinear; return nil },
		"resize was [8] and is [9]":     func(p *vision.Preset) []dataset.Option { p.Resize = []int{9}; return nil },
		"crop was [8,8] and is [8,7]":   func(p *vision.Preset) []dataset.Option { p.Crop = []int{8, 7}; return nil },
		"crop was [8,8] and is nothing": func(p *vision.Preset) []dataset.Option { p.Crop = nil; return nil },
		"mean was [0,0,0.5] and is [0,0,0.25]": func(p *vision.Preset) []dataset.Option {
			p.Mean = []float64{0, 0, 0.25}
			return nil
		},
		"std was [1,1,0.5] and is [1,1,1]": func(p *vision.Preset) []dataset.Option { p.Std = []float64{1, 1, 1}; return nil },
		`interpolation was "bilinear" and is "nearest"`: func(p *vision.Preset) []dataset.Option {
			p.Interpolation = vision.Nearest
			return nil
		},
		"exif was false and is true": func(*vision.Preset) []dataset.Option {
			return []dataset.Option{dataset.WithDecoder(vision.Decoder{Upright: true})}
		},
		"max_pixels was 0 and is 100": func(*vision.Preset) []dataset.Option {
			return []dataset.Option{dataset.WithDecoder(vision.Decoder{MaxPixels: 100})}
		},
		"channels was 3 and is 1; mean was [0,0,0.5] and is [0.5]; std was [1,1,0.5] and is [0.5]": func(p *vision.Preset) []dataset.Option {
			p.Channels, p.Mean, p.Std = 1, []float64{0.5}, []float64{0.5}
			return nil
		},
	} {
		p := preset
		opts := change(&p)
		if got := strings.Join(was.Differences(identity(t, folder, p, nil, opts...)), "; "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What is kept in a file is what was found.
func TestIdentityAsJSON(t *testing.T) {
	was := identity(t, pictures(t, map[string]string{"x/a b.png": "1", "y/ü\n.png": "2", "y/z.png": ""}), preset, []int{0, 1, 1})
	text, err := json.Marshal(was)
	if err != nil {
		t.Fatal(err)
	}
	var read dataset.Identity
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(was, read) {
		t.Errorf("%+v, read %+v", was, read)
	}
	for _, bad := range []string{`"12 3 4 x"`, `"zz112233445566778899aabbccddeeff 1 -1 x"`, `"00112233445566778899aabbccddeeff 1 x"`, `""`} {
		if err := json.Unmarshal([]byte(`{"samples":[`+bad+`]}`), &read); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// The tensors of a stream and the array that they come from are known by the same.
func TestTensorsAreKnownByTheirElements(t *testing.T) {
	r := testseed.Rand(t)
	x := tensor.New(tensor.Float32, 3, 2, 4, 5)
	for i := range x.Float32s() {
		x.Float32s()[i] = r.Float32()
	}
	id := identity(t, writeNPY(t, filepath.Join(t.TempDir(), "x.npy"), x), vision.Preset{}, nil)
	stream := dataset.Identity{Settings: dataset.Tensors()}
	for i := range 3 {
		row := tensor.Of(x.Float32s()[i*40:(i+1)*40], 2, 4, 5)
		stream.Samples = append(stream.Samples, dataset.Hash(dataset.RowName(i), row))
	}
	if !reflect.DeepEqual(id, stream) {
		t.Errorf("%+v, of the stream %+v", id, stream)
	}
	if d := id.Differences(identity(t, pictures(t, map[string]string{"a.png": "1"}), preset, nil)); len(d) != 1 || d[0] != "samples were tensors and are images" {
		t.Errorf("tensors and images: %q", d)
	}
}

// foreign is a source of another package.
type foreign struct{ dataset.Source }

// wrapped shows the samples of another source backwards.
type wrapped struct{ dataset.Source }

func (w wrapped) Under(i int) (dataset.Source, int) { return w.Source, w.Len() - 1 - i }
func (w wrapped) Name(i int) string                 { return w.Source.Name(w.Len() - 1 - i) }

func TestWrappersAndForeignSources(t *testing.T) {
	x := tensor.Of([]uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 1, 2, 3)
	src, err := dataset.Open(writeNPY(t, filepath.Join(t.TempDir(), "x.npy"), x))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	find := func(s dataset.Source) dataset.Identity {
		id, err := dataset.Identify(t.Context(), s, preset, dataset.IdentifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	plain, decoded, back, cut := find(src), find(foreign{src}), find(wrapped{src}), find(dataset.Limit(src, 1))
	if plain.Samples[0].Sum != back.Samples[1].Sum || plain.Samples[1].Sum != back.Samples[0].Sum {
		t.Error("a wrapper was not looked through")
	}
	if len(cut.Samples) != 1 || cut.Samples[0] != plain.Samples[0] {
		t.Errorf("the subset is %+v, the set %+v", cut, plain)
	}
	if decoded.Samples[0].Sum == decoded.Samples[1].Sum || decoded.Samples[0].Size < 0 {
		t.Errorf("a source of another package: %+v", decoded)
	}
}

func TestIdentifyIsCancelled(t *testing.T) {
	src, err := dataset.Open(pictures(t, map[string]string{"a.png": "1"}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dataset.Identify(ctx, src, preset, dataset.IdentifyOptions{}); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}
