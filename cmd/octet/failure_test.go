package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

type failureDocument struct {
	Error struct {
		Code      int       `json:"exit_code"`
		Kind      string    `json:"kind"`
		Message   string    `json:"message"`
		Hint      string    `json:"hint"`
		Missing   *[]string `json:"missing"`
		Extra     *[]string `json:"extra"`
		Misshapen *[]struct {
			Key, Problem, Expected, Found string
		} `json:"misshapen"`
		LooksLike *[]string `json:"looks_like"`
	} `json:"error"`
}

// Whatever goes wrong, --json gives one document, wherever it stands.
func TestEveryFailureIsADocument(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	for _, c := range []struct {
		code int
		kind string
		args []string
	}{
		{exit.Usage, "usage", []string{"quantise", "--json"}},
		{exit.Usage, "usage", []string{"--json", "quantise"}},
		{exit.Usage, "usage", []string{"run", model, "x.npy", "--colour", "--json"}},
		{exit.Usage, "usage", []string{"--json=true", "run", model, "x.npy", "--threads", "many"}},
		{exit.Usage, "usage", []string{"run", "--json"}},
		{exit.Usage, "usage", []string{"quantize", model, "--json"}},
		{exit.Usage, "usage", []string{"run", model, "x.npy", "--backend", "cuda", "--json"}},
		{exit.Usage, "usage", []string{"quantize", model, "--calibration", calibration, "--output", "o.pth", "--per-tensor", "--per-channel", "--json"}},
		{exit.Model, "model", []string{"inspect", "no.pth", "--json"}},
		{exit.Data, "data", []string{"run", model, "no.npy", "--json"}},
		{exit.Output, "output", []string{"run", model, "no.npy", "--json", "-o", filepath.Join(folder, "no", "y.npy")}},
		{exit.Network, "network", []string{"zoo", "pull", "ResNet18_Weights.DEFAULT", "--json", "--offline", "--cache", folder}},
	} {
		t.Setenv("TORCH_HOME", folder)
		r := octetCommand(t, c.args...)
		r.fails(t, c.code)
		var doc failureDocument
		r.decode(t, &doc)
		if doc.Error.Code != c.code || doc.Error.Kind != c.kind || doc.Error.Message == "" || !strings.Contains(r.errOut, strings.Split(doc.Error.Message, "\n")[0]) {
			t.Errorf("%v: the document says %+v", c.args, doc.Error)
		}
		if c.kind == "output" && !strings.Contains(doc.Error.Hint, "mkdir -p") {
			t.Errorf("the hint is %q", doc.Error.Hint)
		}
	}
	if out := octetCommand(t, "run", model, "no.npy", "--json=false").out; out != "" {
		t.Errorf("--json=false printed %s", out)
	}
	if console.AsksForJSON([]string{"tensor", "--", "--json"}) {
		t.Error("what follows -- is no flag")
	}
}

func TestMismatchesAreLists(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	var doc failureDocument
	octetCommand(t, "inspect", model, "--arch", "resnet18", "--json").decode(t, &doc)
	e := doc.Error
	holds(t, fmt.Sprintf("%+v", e), map[string]bool{
		"the exit code": e.Code == exit.Model, "missing keys": e.Missing != nil && len(*e.Missing) >= 20,
		"misshapen keys":     e.Misshapen != nil && len(*e.Misshapen) > 0,
		"what it looks like": e.LooksLike != nil && len(*e.LooksLike) > 0 && (*e.LooksLike)[0] == "fashion_resnet8",
	})
	for name, change := range map[string]func(*torch.StateDict){
		"missing": func(sd *torch.StateDict) { sd.Delete("layer2.0.bn1.weight") },
		"extra":   func(sd *torch.StateDict) { sd.SetTensor("layer2.0.bn9.weight", tensor.New(tensor.Float32, 3)) },
		"misshapen": func(sd *torch.StateDict) {
			sd.SetTensor("layer2.0.bn1.weight", tensor.New(tensor.Float32, 3))
		},
	} {
		var doc failureDocument
		octetCommand(t, "inspect", changed(t, model, change), "--arch", "fashion_resnet8", "--json").decode(t, &doc)
		e := doc.Error
		if e.Missing == nil || e.Extra == nil || e.Misshapen == nil || e.LooksLike == nil {
			if name == "extra" && e.Code == exit.OK {
				continue // what a network does not need is dropped, and said
			}
			t.Errorf("%s: a list is null: %+v", name, e)
			continue
		}
		switch {
		case name == "missing" && (len(*e.Missing) != 1 || (*e.Missing)[0] != "layer2.0.bn1.weight"),
			name == "extra" && (len(*e.Extra) != 1 || (*e.Extra)[0] != "layer2.0.bn9.weight"),
			name == "misshapen" && (len(*e.Misshapen) != 1 || (*e.Misshapen)[0].Found != "[3]" || (*e.Misshapen)[0].Key != "layer2.0.bn1.weight"):
			t.Errorf("%s: %+v", name, e)
		}
	}
	octetCommand(t, "inspect", "no.pth", "--json").decode(t, &doc)
	if strings.Contains(octetCommand(t, "inspect", "no.pth", "--json").out, "looks_like") {
		t.Error("a missing file has keys")
	}
}

// fullWriter takes nothing.
type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// What cannot be printed is a failure, also of help and lists.
func TestAFullStandardOutputIsAFailure(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	for _, args := range [][]string{
		{"--help"}, {"quantize", "--help"}, {"help", "run"}, {"help", "exit-codes"}, {}, {"zoo"}, {"--version"}, {"version"}, {"completion", "bash"},
		{"zoo", "list"}, {"zoo", "list", "--json"}, {"inspect", model}, {"tensor", "1", "2"},
	} {
		var errOut bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), fullWriter{}, &errOut); code != exit.Output || !strings.Contains(errOut.String(), "no space left") {
			t.Errorf("%v: exit code %d, %s", args, code, errOut.String())
		}
	}
	if full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0); err == nil {
		defer full.Close()
		var errOut bytes.Buffer
		if code := run(t.Context(), []string{"--help"}, strings.NewReader(""), full, &errOut); code != exit.Output || !strings.Contains(errOut.String(), "The disk is full") {
			t.Errorf("exit code %d, %s", code, errOut.String())
		}
	}
}

func TestMistypedFlagsAndValues(t *testing.T) {
	_, model, calibration, _ := demoFolder(t)
	quantize := func(more ...string) []string {
		return append([]string{"quantize", model, "--calibration", calibration, "--output", filepath.Join(t.TempDir(), "o.pth")}, more...)
	}
	for meant, args := range map[string][]string{
		"did you mean --backend?":                 {"run", model, "x.npy", "--bakend", "fbgemm"},
		"did you mean --calibration?":             {"quantize", model, "--calibraton", calibration},
		"did you mean --output?":                  {"quantize", model, "--ouptut=x.pth"},
		"did you mean --per-channel?":             {"quantize", model, "--perchannel"},
		"did you mean --json?":                    {"inspect", model, "--jsn"},
		"did you mean --batch-size?":              {"qat", model, "--batchsize", "3"},
		"did you mean --backend fbgemm?":          {"run", model, "x.npy", "--backend", "fbgem"},
		"did you mean --arch resnet18?":           {"run", model, "x.npy", "--arch", "resent18"},
		"did you mean --preset fashion-mnist?":    {"run", model, "x.npy", "--preset", "fashion_mnist"},
		"did you mean --qconfig torchvision?":     quantize("--qconfig", "torchvison"),
		"did you mean --backend qnnpack?":         quantize("--backend", "qnpack"),
		"did you mean --interpolation bilinear?":  {"run", model, "x.npy", "--interpolation", "bilinaer"},
		"did you mean --optimizer adamw?":         {"train", "--arch", "resnet18", "--data", "x", "--output", "o.pth", "--optimizer", "adam"},
		"did you mean --schedule cosine?":         {"train", "--arch", "resnet18", "--data", "x", "--output", "o.pth", "--schedule", "cosin"},
		"did you mean --augment imagenet?":        {"train", "--arch", "resnet18", "--data", "x", "--output", "o.pth", "--augment", "imagnet"},
		"did you mean --dtype qint8?":             {"tensor", "1", "--dtype", "qnit8"},
		"did you mean --for pytorch-x86?":         {"advise", "--for", "pytorch-x68"},
		"ResNet50_Weights.DEFAULT":                {"run", "zoo:ResNet50_Wieghts.DEFAULT", "x.jpg"},
		"unknown flag: --colour of octet inspect": {"inspect", model, "--colour"},
	} {
		octetCommand(t, args...).fails(t, exit.Usage, meant)
	}
	for _, args := range [][]string{{"run", model, "x.npy", "--backend", "cuda"}, {"run", model, "--backend", "fbgemm"}} {
		if r := octetCommand(t, args...); strings.Contains(r.errOut, "did you mean") {
			t.Errorf("%v: %s", args, r.errOut)
		}
	}
}
