package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/vision"
	"github.com/octet-ml/octet/zoo"
)

// modelFlags say about a model file what it may not say itself.
type modelFlags struct {
	arch, backend, key string
	labels             string
	preset             presetFlags
}

func (f *modelFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.arch, "arch", "", "architecture, in torchvision's words: "+strings.Join(archNames(), ", "))
	fl.StringVar(&f.backend, "backend", "", "numeric preset: fbgemm (x86 servers), qnnpack (ARM), onednn, x86 (as fbgemm)")
	fl.StringVar(&f.key, "key", "", "which state dict of a checkpoint to use, such as model or ema.state_dict")
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
	preset, err := f.preset.preset(cmd)
	if err != nil {
		return nil, err
	}
	if preset != nil {
		opts = append(opts, octet.WithPreset(*preset))
	}
	return opts, nil
}

// open loads the model, which may be zoo:NAME, and prints what was assumed about
// it.
func (f *modelFlags) open(c *console, cmd *cobra.Command, path string) (*octet.Model, error) {
	model, err := f.load(c, cmd, path)
	if err != nil {
		return nil, err
	}
	for _, a := range model.Assumptions() {
		c.note("assumed: %s", a)
	}
	if model.Backend() != model.MadeFor() {
		c.note("octet compare %s --backend %s measures what that costs", path, model.Backend())
	}
	return model, nil
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

// presetFlags say how an image becomes the model's input.
type presetFlags struct {
	name          string
	resize, crop  []int
	mean, std     []float64
	interpolation string
}

func (f *presetFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.name, "preset", "", "preprocessing of images: "+strings.Join(octet.PresetNames(), ", "))
	fl.IntSliceVar(&f.resize, "resize", nil, "resize images: shorter `EDGE`, or height,width")
	fl.IntSliceVar(&f.crop, "crop", nil, "crop the middle of images: `EDGE`, or height,width")
	fl.Float64SliceVar(&f.mean, "mean", nil, "per-channel mean to subtract, of values in 0..1, as `R,G,B`")
	fl.Float64SliceVar(&f.std, "std", nil, "per-channel standard deviation to divide by, as `R,G,B`")
	fl.Lookup("mean").DefValue, fl.Lookup("std").DefValue = "", ""
	fl.StringVar(&f.interpolation, "interpolation", "", "of --resize: bilinear, bicubic or nearest")
	complete(cmd, "preset", octet.PresetNames()...)
	complete(cmd, "interpolation", "bilinear", "bicubic", "nearest")
}

// preset combines the flags: single ones replace parts of the named preset.
// nil means that no flag was given.
func (f *presetFlags) preset(cmd *cobra.Command) (*vision.Preset, error) {
	given := func(flag string) bool { return cmd.Flags().Changed(flag) }
	if !given("preset") && !given("resize") && !given("crop") && !given("mean") && !given("std") && !given("interpolation") {
		return nil, nil
	}
	p := vision.Preset{Channels: max(1, len(f.mean))}
	if f.name != "" {
		var err error
		if p, err = octet.Preset(f.name); err != nil {
			return nil, usageError("--preset: %w", err)
		}
	} else if len(f.mean) == 0 {
		return nil, usageError("give --preset, or --mean and --std: without them the number of channels and the range of values are unknown")
	}
	if given("resize") {
		p.Resize, p.Input = f.resize, nil
	}
	if given("crop") {
		p.Crop, p.Input = f.crop, nil
		if len(f.crop) == 1 {
			p.Crop = []int{f.crop[0], f.crop[0]}
		}
	}
	if given("mean") {
		p.Mean = f.mean
	}
	if given("std") {
		p.Std = f.std
	}
	if given("interpolation") {
		p.Interpolation = vision.Interpolation(f.interpolation)
	}
	if err := p.Validate(); err != nil {
		return nil, usageError("%w", err)
	}
	return &p, nil
}
