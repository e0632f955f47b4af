package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/zoo"
)

// modelFlags say about a model file what it may not say itself.
type modelFlags struct {
	arch, backend, key string
	float              bool // zoo:resnet18 is its float weights
	offline            bool
	labels             string
	preset             presetFlags
}

func (f *modelFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.arch, "arch", "", "architecture, in torchvision's words: "+strings.Join(archNames(), ", "))
	fl.StringVar(&f.backend, "backend", "", "rules and default observers: fbgemm or x86, as PyTorch has them on x86, qnnpack (on ARM), onednn; octet runs them all on any CPU")
	fl.StringVar(&f.key, "key", "", "which state dict of a checkpoint to use, such as model or ema.state_dict, or what its keys begin with, such as student")
	fl.StringVar(&f.labels, "labels", "", "`FILE` with one class name per line, in the order of the outputs")
	f.preset.register(cmd)
	complete(cmd, "arch", archNames()...)
	complete(cmd, "backend", backendNames...)
}

var backendNames = []string{"fbgemm", "qnnpack", "onednn", "x86"}

func archNames() []string {
	var names []string
	for _, a := range zoo.Architectures() {
		names = append(names, a.Name)
	}
	return names
}

func qconfigNames() []string {
	var names []string
	for _, p := range quant.QConfigs() {
		names = append(names, p.Name)
	}
	return names
}

// options turns the flags into options of octet.Open.
func (f *modelFlags) options(cmd *cobra.Command) ([]octet.OpenOption, error) {
	opts := []octet.OpenOption{octet.WithArch(f.arch), octet.WithBackend(f.backend), octet.WithKey(f.key)}
	if f.arch != "" {
		if _, err := zoo.Lookup(f.arch); err != nil {
			return nil, usageError("--arch: %w", err)
		}
	}
	if f.backend != "" {
		if _, err := quant.ParseNumerics(f.backend); err != nil {
			return nil, usageError("--backend: %w", err)
		}
	}
	if f.labels != "" {
		labels, err := readLines(f.labels)
		if err != nil {
			return nil, withCode(exitData, fmt.Errorf("--labels: %w", err))
		}
		opts = append(opts, octet.WithLabels(labels))
	}
	preset, err := f.preset.options(cmd)
	return append(opts, preset...), err
}

// open loads the model, which may be zoo:NAME, and prints what was assumed about
// it.
func (f *modelFlags) open(c *console, cmd *cobra.Command, path string) (*octet.Model, error) {
	model, err := f.load(c, cmd, path)
	if err != nil {
		return nil, err
	}
	noteAssumptions(c, model)
	if text := model.Unsaid(); text != "" && !strings.HasPrefix(path, zooPrefix) {
		c.note("not in the file: %s", text)
	}
	if model.Backend() != model.MadeFor() {
		c.note("octet compare %s --backend %s measures what that costs", path, model.Backend())
	}
	return model, nil
}

func noteAssumptions(c *console, model *octet.Model) {
	for _, a := range model.Assumptions() {
		c.note("assumed: %s", a)
	}
}

// texts are the sentences of assumptions.
func texts(assumed []octet.Assumption) []string {
	var list []string
	for _, a := range assumed {
		list = append(list, a.Text)
	}
	return list
}

// load is open without a word about assumptions.
func (f *modelFlags) load(c *console, cmd *cobra.Command, path string) (*octet.Model, error) {
	path, known, f, err := f.fromZoo(c, cmd, path)
	if err != nil {
		return nil, err
	}
	opts, err := f.options(cmd)
	if err != nil {
		return nil, err
	}
	model, err := octet.Open(path, append(known, opts...)...)
	if errors.Is(err, octet.ErrRecipe) {
		return nil, usageError("%w", err)
	}
	err = adviseModel(err, path, f)
	return model, withCode(exitModel, adviseMissing(err, "give a model file, .pth, .pt or .safetensors, or zoo:NAME of published weights"))
}

// readLines reads a file of names; empty lines at the end are dropped.
func readLines(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []string
	scan := bufio.NewScanner(f)
	for scan.Scan() {
		lines = append(lines, strings.TrimRight(scan.Text(), "\r"))
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s holds no names; one per line is expected", path)
	}
	return lines, nil
}

func kindOf(m *octet.Model) string {
	if m.Quantized() {
		return "int8"
	}
	return "float"
}

func labelsAssumed(labels []string) string {
	return fmt.Sprintf("the classes are ImageNet's, as there are %d; --labels says otherwise", len(labels))
}

// octetQConfig is the recipe whose files are made for octet.
const octetQConfig = "octet"
