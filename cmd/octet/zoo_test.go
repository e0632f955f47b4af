package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/hub"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/zoo"
)

// smallResNet18 is an int8 resnet18 of an eighth of the width with ImageNet's
// classes, in a file that says no more than torchvision's do.
func smallResNet18(t *testing.T) []byte {
	t.Helper()
	usual, err := zoo.Build("resnet18", nil, zoo.Quantizable)
	if err != nil {
		t.Fatal(err)
	}
	g, err := zoo.Build("resnet18", func(key string) (tensor.Shape, bool) {
		p, ok := usual.Param(key)
		if !ok {
			return nil, false
		}
		shape := p.Type.Shape.Clone()
		for i := range shape {
			if shape[i]%64 == 0 {
				shape[i] /= 8
			}
		}
		return shape, true
	}, zoo.Quantizable)
	if err != nil {
		t.Fatal(err)
	}
	float := &torch.StateDict{}
	for _, p := range g.Params {
		norm := strings.Contains(p.Name, "bn") || strings.Contains(p.Name, "downsample.1")
		float.SetTensor(p.Name, hashweights.Model{Seed: 3}.Parameter(p.Name, norm, p.Type.Shape...))
	}
	path := filepath.Join(t.TempDir(), "small.pth")
	if err := torch.Save(path, float); err != nil {
		t.Fatal(err)
	}
	model, err := octet.Open(path, octet.WithArch("resnet18"))
	if err != nil {
		t.Fatal(err)
	}
	images := hashweights.Images(2, 3, 64, 1)
	int8, _, err := octet.Quantize(t.Context(), model, func(yield func(*tensor.Tensor, error) bool) { yield(images, nil) }, octet.WithBackend("fbgemm"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := torch.Write(&b, stateOf(t, int8)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mirror serves content as ResNet18's quantized weights and makes this process
// expect it.
func mirror(t *testing.T, content []byte) zoo.Weights {
	t.Helper()
	w := zoo.ResNet18QuantizedWeights.Default()
	sum := sha256.Sum256(content)
	w.HashPrefix = hex.EncodeToString(sum[:8])
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/models/quantized/"+w.FileName {
			http.NotFound(rw, r)
			return
		}
		rw.Write(content)
	}))
	t.Cleanup(s.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	t.Setenv("OCTET_BASE_URL", s.URL)
	t.Setenv("OCTET_CACHE", t.TempDir())
	t.Setenv("OCTET_OFFLINE", "")
	inputs.GetWeights = func(string) (zoo.Weights, error) { return w, nil }
	t.Cleanup(func() { inputs.GetWeights = zoo.Get })
	return w
}

func TestZooRun(t *testing.T) {
	w := mirror(t, smallResNet18(t))
	photo := filepath.Join(t.TempDir(), "photo.png")
	picture(t, photo, 99)
	const name = "zoo:ResNet18_QuantizedWeights.DEFAULT"
	var out runOutput
	octetCommand(t, "run", name, photo, "--json").must(t).decode(t, &out)
	if out.Arch != "resnet18" || out.Backend != "fbgemm" || out.Kind != "int8" || len(out.Assumptions) > 0 {
		t.Errorf("%+v", out)
	}
	labels := zoo.ImageNetCategories()
	for _, p := range out.Results[0].Top {
		if p.Label != labels[p.Class] {
			t.Errorf("class %d is called %q", p.Class, p.Label)
		}
	}
	text := octetCommand(t, "run", name, photo, "--quiet").must(t)
	if text.errOut != "" || !strings.Contains(text.out, out.Results[0].Top[0].Label) {
		t.Errorf("stdout:\n%s\nstderr:\n%s", text.out, text.errOut)
	}
	// The same from Go, without a network by now.
	model, err := octet.OpenWeights(t.Context(), w, hub.Options{Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	if p, assumed, err := model.Preset(); err != nil || assumed || p.Crop[0] != 224 || p.Resize[0] != 256 {
		t.Errorf("preset %+v, assumed %v, %v", p, assumed, err)
	}
}

func TestZooPullAndInfo(t *testing.T) {
	content := []byte("not really weights")
	w := mirror(t, content)
	var info zooInfo
	octetCommand(t, "zoo", "info", "x", "--json").must(t).decode(t, &info)
	if info.Path != "" || info.HashPrefix != w.HashPrefix || info.Backend != "fbgemm" || !info.Known {
		t.Errorf("%+v", info)
	}
	octetCommand(t, "zoo", "pull", "x", "--offline").fails(t, exit.Network, w.URL[len("https://download.pytorch.org"):], "place it at", "offline")
	var pulled []zooPulled
	octetCommand(t, "zoo", "pull", "x", "--json").must(t).decode(t, &pulled)
	if b, err := os.ReadFile(pulled[0].Path); err != nil || !bytes.Equal(b, content) || pulled[0].Bytes != int64(len(content)) {
		t.Errorf("%+v: %v", pulled, err)
	}
	octetCommand(t, "zoo", "info", "x", "--json").must(t).decode(t, &info)
	if info.Path != pulled[0].Path {
		t.Errorf("info finds %q, pull %q", info.Path, pulled[0].Path)
	}
	if text := octetCommand(t, "zoo", "info", "x").must(t).out; !strings.Contains(text, pulled[0].Path) || !strings.Contains(text, w.URL) {
		t.Errorf("info prints\n%s", text)
	}
}

func TestZooPullRefusesAnotherFile(t *testing.T) {
	w := mirror(t, []byte("something else"))
	wanted := w
	wanted.HashPrefix = "00000000"
	inputs.GetWeights = func(string) (zoo.Weights, error) { return wanted, nil }
	octetCommand(t, "zoo", "pull", "x").fails(t, exit.Model, "SHA-256 begins with "+w.HashPrefix[:8], "00000000", os.Getenv("OCTET_BASE_URL"))
}

func TestZooList(t *testing.T) {
	var all, some []zooEntry
	octetCommand(t, "zoo", "list", "--json").must(t).decode(t, &all)
	octetCommand(t, "zoo", "list", "resnet50_q", "--json").must(t).decode(t, &some)
	if len(all) != 30 || len(some) != 2 || some[0].Default || !some[1].Default || some[1].Acc1 != 80.282 {
		t.Errorf("%d weights; %+v", len(all), some)
	}
	if text := octetCommand(t, "zoo", "list").must(t).out; !strings.Contains(text, "MobileNet_V2_QuantizedWeights.IMAGENET1K_QNNPACK_V1") {
		t.Errorf("list prints\n%s", text)
	}
}

func TestZooNames(t *testing.T) {
	octetCommand(t, "zoo", "pull", "ResNet50_Weight.DEFAULT").fails(t, exit.Usage, "ResNet50_Weights.DEFAULT", "octet zoo list")
	octetCommand(t, "run", "zoo:resnet19", "x.jpg").fails(t, exit.Usage, "ResNet18_QuantizedWeights.DEFAULT")
	octetCommand(t, "zoo", "pull").fails(t, exit.Usage, "octet zoo pull")
	got := octetCommand(t, "__complete", "run", "zoo:Res").must(t).out
	for _, name := range []string{"zoo:ResNet50_QuantizedWeights.DEFAULT", "zoo:ResNet18_Weights.IMAGENET1K_V1"} {
		if !strings.Contains(got, name+"\n") {
			t.Errorf("completion of zoo:Res does not offer %s:\n%s", name, got)
		}
	}
	if got := octetCommand(t, "__complete", "zoo", "info", "").must(t).out; !strings.Contains(got, "ResNet18_Weights.DEFAULT\n") {
		t.Errorf("completion offers\n%s", got)
	}
}

// stateOf is the state dict of a model.
func stateOf(t testing.TB, m *octet.Model) *torch.StateDict {
	t.Helper()
	sd, err := m.StateDict()
	if err != nil {
		t.Fatal(err)
	}
	return sd
}
