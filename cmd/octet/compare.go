package main

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/cmd/octet/internal/variants"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/quant"
)

func newCompareCommand(c *console.Console) *cobra.Command {
	f := &variants.Options{Version: version(), Data: inputs.DataFlags{Spread: true}}
	cmd := &cobra.Command{
		Use:   "compare MODEL.{pth,onnx,pt2}... [--calibration DATA] [--eval DATA]",
		Short: "Show variants of a model side by side, and which layers lose",
		Long: `compare puts variants of one model side by side: the float model, int8 models made of
it here, and int8 files. It shows accuracy, agreement with the reference, the ratio of
signal to noise of the logits and of every layer, size and time; names the layers that
lose most; and finds out by trying which of them to keep in float.

The reference is the first float model, or else the first file. With --calibration, int8
variants are made of the float model: by --qconfig octet, and for every backend, per
channel and per tensor, unless --backend, --per-channel, --per-tensor and --qconfig say
otherwise. --dynamic makes one that is quantized dynamically, without data, or one for
every --backend. --keep writes them as files. With --equalize, --bias-correction or
--round adaptive, every variant is made without and with each of them, and with all.

It answers which one to take, by what the file is for:

` + whichRecipe + `

An int8 file is run by the rules of the backend that it was made for. With --backend it
is also run by those of another, which shows what that costs; with a float model and
--calibration beside it, a variant quantized for that backend shows what it would not.

Compared are the images of --eval, with their classes; or those of --inputs, without; or
the calibration data; or random numbers. Models that take no images, such as token ids,
are compared on arrays, --input NAME=FILE.npy for each input, or on random ones, by the
cosine of their outputs; --calibration takes arrays so, too. docs/compare.md explains
every figure and the JSON document. --html writes a page with plots that needs nothing
else.`,
		Example: `  octet compare resnet18.pth --arch resnet18 --calibration photos/ --eval val/ --html report.html
  octet compare float.pth int8.pth --inputs photos/ --markdown report.md
  octet compare int8.pth --backend qnnpack --inputs photos/
  octet compare zoo:ResNet18_Weights.DEFAULT zoo:ResNet18_QuantizedWeights.DEFAULT --eval val/
  octet compare model.pth --calibration calib.npy --backend fbgemm --per-channel --qconfig default,mse,percentile
  octet compare minilm.onnx minilm.int8.onnx --input input_ids=ids.npy --input attention_mask=mask.npy
  octet compare minilm.onnx --dynamic`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: inputs.CompleteModels(),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runCompare(c, cmd, f, args)
		}),
	}
	registerCompare(cmd, f)
	return cmd
}

func registerCompare(cmd *cobra.Command, f *variants.Options) {
	f.Model.Register(cmd)
	f.Data.Register(cmd, octet.DefaultBatchSize)
	fl := cmd.Flags()
	fl.Lookup("backend").Usage = "make int8 variants for these backends, and run files by their rules; with commas"
	fl.StringArrayVar(&f.Calibration, "calibration", nil, "make int8 variants of the float model, calibrated on `DATA`; NAME=FILE.npy for each input of a model that takes no images")
	fl.BoolVar(&f.Dynamic, "dynamic", false, "make an int8 variant of the float model that is quantized dynamically, or one for every --backend")
	fl.IntVar(&f.CalibrationLimit, "calibration-limit", 0, "calibrate on N inputs only; 0 uses all")
	fl.StringSliceVar(&f.QConfigs, "qconfig", []string{octet.DefaultQConfig}, "observers of the variants, as of quantize; with commas")
	fl.BoolVar(&f.PerTensor, "per-tensor", false, "make variants with one scale per weight only")
	fl.BoolVar(&f.PerChannel, "per-channel", false, "make variants with one scale per output channel only")
	fl.StringArrayVar(&f.Exclude, "exclude", nil, "keep layers of the variants that match `PATTERN` in float; may be repeated")
	fl.StringVar(&f.Keep, "keep", "", "write the variants into this `FOLDER`")
	fl.StringVar(&f.Eval, "eval", "", "compare on labelled `DATA`, and measure accuracy")
	fl.StringVar(&f.Inputs, "inputs", "", "compare on `DATA` without labels")
	fl.StringArrayVar(&f.Named, "input", nil, "compare on the array `NAME=FILE.npy` of an input; once for each")
	fl.StringVar(&f.Truth, "truth", "", "of --eval: "+inputs.TruthUsage)
	fl.BoolVar(&f.Names, "truth-from-names", false, "of --eval: "+inputs.NamesUsage)
	fl.StringVar(&f.ClassMap, "class-map", "", "of --eval: `FILE` that maps folders to classes")
	fl.IntVar(&f.LayerInputs, "layer-inputs", 16, "compare every layer on N inputs; 0 leaves the layers out")
	fl.DurationVar(&f.Duration, "duration", time.Second, "how long to time each variant, in turns; 0 does not")
	fl.StringVar(&f.Markdown, "markdown", "", "write the report as `FILE`.md; - is standard output")
	fl.StringVar(&f.HTML, "html", "", "write the report as a page with plots, `FILE`.html; - is standard output")
	f.Corrections.Register(cmd)
	fl.Lookup("equalize").Usage = "make every variant with weights equalized across layers, too"
	fl.Lookup("bias-correction").Usage = "make every variant with corrected biases, too"
	fl.Lookup("round").Usage = "adaptive: make every variant with weights rounded with regard to each other, too; or `WAY` nearest"
	console.Exclusive(cmd, "per-tensor", "per-channel")
	console.Exclusive(cmd, "eval", "inputs")
	console.Exclusive(cmd, "eval", "input")
	console.Exclusive(cmd, "inputs", "input")
	console.Complete(cmd, "qconfig", inputs.QConfigNames()...)
}

func runCompare(c *console.Console, cmd *cobra.Command, f *variants.Options, paths []string) error {
	if err := checkCompare(cmd, f, paths); err != nil {
		return err
	}
	if err := c.Expect(console.Planned{Path: f.Markdown, Bytes: console.PageSize}, console.Planned{Path: f.HTML, Bytes: console.PageSize}); err != nil {
		return err
	}
	doc, err := variants.Compare(c, cmd, f, paths)
	if err != nil {
		return err
	}
	if err := writeComparison(c, f, doc); err != nil {
		return err
	}
	return c.Result(doc, doc.Text)
}

// checkCompare refuses wrong flags before anything is computed.
func checkCompare(cmd *cobra.Command, f *variants.Options, paths []string) error {
	var err error
	if f.Backends, err = backendList(f.Model.Backend); err != nil {
		return err
	}
	f.Model.Float = len(f.Calibration) > 0 || f.Dynamic
	f.Model.Backend = "" // files are opened by their own
	f.Octets = !cmd.Flags().Changed("qconfig")
	if err := inputs.CheckQConfigs(f.QConfigs); err != nil {
		return err
	}
	if err := f.Corrections.Check(); err != nil {
		return err
	}
	static := len(f.Corrections.Flags()) > 0 || cmd.Flags().Changed("qconfig")
	made := f.PerTensor || f.PerChannel || f.Keep != "" || len(f.Exclude) > 0
	switch {
	case f.LayerInputs < 0:
		return exit.Usagef("--layer-inputs %d: 0 or more", f.LayerInputs)
	case f.CalibrationLimit < 0:
		return exit.Usagef("--calibration-limit %d: 0 or more", f.CalibrationLimit)
	case f.Duration < 0:
		return exit.Usagef("--duration %v: 0 or more", f.Duration)
	case f.Eval == "" && (f.Truth != "" || f.Names || f.ClassMap != ""):
		return exit.Usagef("--truth, --truth-from-names and --class-map belong to --eval")
	case len(f.Calibration) == 0 && (static || made && !f.Dynamic):
		return exit.Usagef("--qconfig, --per-tensor, --per-channel, --exclude, --keep, --equalize, --bias-correction and --round belong to variants that are made here: add --calibration; --per-tensor, --per-channel, --exclude and --keep go with --dynamic, too")
	}
	for _, name := range []string{f.Markdown, f.HTML} {
		for _, path := range paths {
			if same, _ := sameFile(path, name); same {
				return exit.Usagef("%s is a model: choose another name for the report", name)
			}
		}
	}
	if err := console.CheckOutputs(console.Output{Flag: "markdown", Path: f.Markdown, Kind: console.MarkdownStream}, console.Output{Flag: "html", Path: f.HTML, Kind: console.PageStream}); err != nil {
		return err
	}
	if err := console.WritableFolder(f.Keep); err != nil {
		return err
	}
	if f.Markdown != "" && f.Markdown == f.HTML {
		return exit.Usagef("--markdown and --html both name %s", f.HTML)
	}
	return f.Data.Check()
}

// writeComparison writes the files of the report.
func writeComparison(c *console.Console, f *variants.Options, doc *report.Comparison) error {
	for path, render := range map[string]func(io.Writer) error{f.Markdown: doc.Markdown, f.HTML: doc.HTML} {
		if path == "" {
			continue
		}
		if _, err := c.Write(path, render); err != nil {
			return err
		}
	}
	return nil
}

// backendList reads names with commas between them.
func backendList(text string) ([]octet.Backend, error) {
	var list []octet.Backend
	for _, name := range strings.Split(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		n, err := quant.ParseNumerics(name)
		if err != nil {
			return nil, exit.Usagef("--backend: %w", err)
		}
		if b := octet.Backend(n.String()); !slices.Contains(list, b) {
			list = append(list, b)
		}
	}
	return list, nil
}
