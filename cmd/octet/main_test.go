package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// result is what a command line did.
type result struct {
	code        int
	out, errOut string
}

// octetCommand runs a command line in this process.
func octetCommand(t *testing.T, args ...string) result {
	t.Helper()
	return octetCommandContext(t, t.Context(), args...)
}

func octetCommandContext(t *testing.T, ctx context.Context, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(ctx, args, strings.NewReader(""), &out, &errOut)
	return result{code, out.String(), errOut.String()}
}

// must fails the test unless the command succeeded.
func (r result) must(t *testing.T) result {
	t.Helper()
	if r.code != exit.OK {
		t.Fatalf("exit code %d\nstdout:\n%s\nstderr:\n%s", r.code, r.out, r.errOut)
	}
	return r
}

// fails checks exit code and message of a failed command.
func (r result) fails(t *testing.T, code int, parts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d; stderr:\n%s", r.code, code, r.errOut)
	}
	for _, p := range parts {
		if !strings.Contains(r.errOut, p) {
			t.Errorf("stderr does not say %q:\n%s", p, r.errOut)
		}
	}
}

// decode reads standard output as one JSON document and nothing else.
func (r result) decode(t *testing.T, into any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(r.out))
	if err := dec.Decode(into); err != nil {
		t.Fatalf("standard output is not JSON: %v\n%s", err, r.out)
	}
	if dec.More() {
		t.Fatalf("more than one JSON document:\n%s", r.out)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestHelp(t *testing.T) {
	help := octetCommand(t, "--help").must(t).out
	for _, name := range []string{"quantize", "qat", "train", "run", "eval", "compare", "inspect", "tensor", "advise", "demo", "zoo", "bench", "cpu", "completion", "version", "exit-codes"} {
		if !strings.Contains(help, "\n  "+name) && !strings.Contains(help, "octet "+name) {
			t.Errorf("help does not list %s:\n%s", name, help)
		}
	}
	if strings.Contains(help, "parity-layers") {
		t.Error("help shows the hidden command")
	}
	for _, cmd := range newRoot(console.New(nil, nil, nil)).Commands() {
		if cmd.Runnable() && cmd.Example == "" && cmd.Name() != "help" && cmd.Name() != "completion" && !cmd.Hidden {
			t.Errorf("%s has no example", cmd.Name())
		}
	}
}

func TestExitCodesAreDocumented(t *testing.T) {
	help := octetCommand(t, "help", "exit-codes").must(t).out
	for _, code := range []string{"0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "8 ", "130 "} {
		if !strings.Contains(help, "\n  "+code) {
			t.Errorf("exit code %s is not documented:\n%s", code, help)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	cases := map[string][]string{
		"unknown command":    {"quantise"},
		"unknown flag":       {"run", model, "--colour"},
		"no model":           {"run"},
		"no input":           {"run", model},
		"two inputs":         {"run", model, "cat.jpg", "--input", "x.npy"},
		"unknown arch":       {"run", model, "x.npy", "--arch", "resnet19"},
		"unknown backend":    {"run", model, "x.npy", "--backend", "cuda"},
		"unknown preset":     {"run", model, "x.npy", "--preset", "cifar"},
		"unknown qconfig":    {"quantize", model, "--calibration", "c.npy", "--output", "o.pth", "--qconfig", "best"},
		"no output":          {"quantize", model, "--calibration", "c.npy"},
		"both granularities": {"quantize", model, "--calibration", "c.npy", "--output", "o.pth", "--per-tensor", "--per-channel"},
		"output is input":    {"quantize", model, "--calibration", "c.npy", "--output", model},
		"batch size":         {"run", model, "x.npy", "--batch-size", "0"},
		"no numbers":         {"tensor", "one", "two"},
		"negative crop":      {"run", model, "x.npy", "--crop", "-28"},
		"mean of 2 channels": {"run", model, "x.npy", "--mean", "0.5,0.5"},
		"unknown resampling": {"run", model, "x.npy", "--interpolation", "lanczos"},
		"model without data": {"advise", model},
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) { octetCommand(t, args...).fails(t, exit.Usage) })
	}
}

func TestFailureIsJSON(t *testing.T) {
	r := octetCommand(t, "inspect", "no-such-file.pth", "--json")
	r.fails(t, exit.Model, "no-such-file.pth")
	var doc struct {
		Error struct {
			Code    int    `json:"exit_code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	r.decode(t, &doc)
	if doc.Error.Code != exit.Model || !strings.Contains(doc.Error.Message, "no-such-file.pth") {
		t.Errorf("the document says %+v", doc)
	}
}

func TestVersion(t *testing.T) {
	var doc map[string]string
	octetCommand(t, "version", "--json").must(t).decode(t, &doc)
	if doc["version"] == "" || doc["go"] == "" {
		t.Errorf("incomplete: %v", doc)
	}
}

func TestCompletion(t *testing.T) {
	for flag, want := range map[string]string{"--arch": "mobilenet_v2", "--backend": "qnnpack", "--qconfig": "torchvision"} {
		out := octetCommand(t, "__complete", "quantize", "model.pth", flag, "").must(t).out
		if !strings.Contains(out, want) {
			t.Errorf("%s does not complete to %s:\n%s", flag, want, out)
		}
	}
}

// holds says which of several claims about a result are wrong.
func holds(t *testing.T, result string, claims map[string]bool) {
	t.Helper()
	for claim, ok := range claims {
		if !ok {
			t.Errorf("not so: %s. %s", claim, result)
		}
	}
}
