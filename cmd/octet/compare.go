package main

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/quant"
)

func newCompareCommand(c *console) *cobra.Command {
	f := &compareFlags{version: version(), data: dataFlags{spread: true}}
	cmd := &cobra.Command{
		Use:   "compare MODEL.pth... [--calibration DATA] [--eval DATA]",
		Short: "Show variants of a model side by side, and which layers lose",
		Long: `compare puts variants of one model side by side: the float model, int8 models made of
it here, and int8 files. It shows accuracy, agreement with the reference, the ratio of
signal to noise of the logits and of every layer, size and time; names the layers that
lose most; and finds out by trying which of them to keep in float.

The reference is the first float model, or else the first file. With --calibration, int8
variants are made of the float model: by --qconfig octet, and for every backend, per
channel and per tensor, unless --backend, --per-channel, --per-tensor and --qconfig say
otherwise. --keep writes them as files.

It answers which one to take, by what the file is for:

` + whichRecipe + `

An int8 file is run by the rules of the backend that it was made for. With --backend it
is also run by those of another, which shows what that costs; with a float model and
--calibration beside it, a variant quantized for that backend shows what it would not.

Compared are the images of --eval, with their classes; or those of --inputs, without; or
the calibration data; or random numbers. docs/compare.md explains every figure and the
JSON document. --html writes a page with plots that needs nothing else.`,
		Example: `  octet compare resnet18.pth --arch resnet18 --calibration photos/ --eval val/ --html report.html
  octet compare float.pth int8.pth --inputs photos/ --markdown report.md
  octet compare int8.pth --backend qnnpack --inputs photos/
  octet compare zoo:ResNet18_Weights.DEFAULT zoo:ResNet18_QuantizedWeights.DEFAULT --eval val/
  octet compare model.pth --calibration calib.npy --backend fbgemm --per-channel --qconfig default,mse,percentile`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeModels("pth", "pt"),
		RunE: c.command(func(cmd *cobra.Command, args []string) error {
			return runCompare(c, cmd, f, args)
		}),
	}
	registerCompare(cmd, f)
	return cmd
}

func registerCompare(cmd *cobra.Command, f *compareFlags) {
	f.model.register(cmd)
	f.data.register(cmd, octet.DefaultBatchSize)
	fl := cmd.Flags()
	fl.Lookup("backend").Usage = "make int8 variants for these backends, and run files by their rules; with commas"
	fl.StringVar(&f.calibration, "calibration", "", "make int8 variants of the float model, calibrated on `DATA`")
	fl.IntVar(&f.calibrationLimit, "calibration-limit", 0, "calibrate on N inputs only; 0 uses all")
	fl.StringSliceVar(&f.qconfigs, "qconfig", []string{octet.DefaultQConfig}, "observers of the variants, as of quantize; with commas")
	fl.BoolVar(&f.perTensor, "per-tensor", false, "make variants with one scale per weight only")
	fl.BoolVar(&f.perChannel, "per-channel", false, "make variants with one scale per output channel only")
	fl.StringArrayVar(&f.exclude, "exclude", nil, "keep layers of the variants that match `PATTERN` in float; may be repeated")
	fl.StringVar(&f.keep, "keep", "", "write the variants into this `FOLDER`")
	fl.StringVar(&f.eval, "eval", "", "compare on labelled `DATA`, and measure accuracy")
	fl.StringVar(&f.inputs, "inputs", "", "compare on `DATA` without labels")
	fl.StringVar(&f.truth, "truth", "", "of --eval: "+truthUsage)
	fl.BoolVar(&f.names, "truth-from-names", false, "of --eval: "+namesUsage)
	fl.StringVar(&f.classMap, "class-map", "", "of --eval: `FILE` that maps folders to classes")
	fl.IntVar(&f.layerInputs, "layer-inputs", 16, "compare every layer on N inputs; 0 leaves the layers out")
	fl.DurationVar(&f.duration, "duration", time.Second, "how long to time each variant, in turns; 0 does not")
	fl.StringVar(&f.markdown, "markdown", "", "write the report as `FILE`.md; - is standard output")
	fl.StringVar(&f.html, "html", "", "write the report as a page with plots, `FILE`.html; - is standard output")
	cmd.MarkFlagsMutuallyExclusive("per-tensor", "per-channel")
	cmd.MarkFlagsMutuallyExclusive("eval", "inputs")
	complete(cmd, "qconfig", qconfigNames()...)
}

func runCompare(c *console, cmd *cobra.Command, f *compareFlags, paths []string) error {
	if err := checkCompare(cmd, f, paths); err != nil {
		return err
	}
	if err := c.expect(planned{f.markdown, pageSize}, planned{f.html, pageSize}); err != nil {
		return err
	}
	doc, err := compareVariants(c, cmd, f, paths)
	if err != nil {
		return err
	}
	if err := writeComparison(c, f, doc); err != nil {
		return err
	}
	return c.result(doc, doc.Text)
}

// check finds what can be said before anything is computed.
func checkCompare(cmd *cobra.Command, f *compareFlags, paths []string) error {
	var err error
	if f.backends, err = backendList(f.model.backend); err != nil {
		return err
	}
	f.model.float = f.calibration != ""
	f.model.backend = "" // files are opened by their own
	f.octets = !cmd.Flags().Changed("qconfig")
	if err := checkQConfigs(f.qconfigs); err != nil {
		return err
	}
	switch made := f.calibration != ""; {
	case f.layerInputs < 0:
		return usageError("--layer-inputs %d: 0 or more", f.layerInputs)
	case f.calibrationLimit < 0:
		return usageError("--calibration-limit %d: 0 or more", f.calibrationLimit)
	case f.duration < 0:
		return usageError("--duration %v: 0 or more", f.duration)
	case f.eval == "" && (f.truth != "" || f.names || f.classMap != ""):
		return usageError("--truth, --truth-from-names and --class-map belong to --eval")
	case !made && (f.perTensor || f.perChannel || f.keep != "" || len(f.exclude) > 0 || cmd.Flags().Changed("qconfig")):
		return usageError("--qconfig, --per-tensor, --per-channel, --exclude and --keep belong to variants that are made here: add --calibration")
	}
	for _, name := range []string{f.markdown, f.html} {
		for _, path := range paths {
			if same, _ := sameFile(path, name); same {
				return usageError("%s is a model: choose another name for the report", name)
			}
		}
	}
	if err := checkOutputs(output{"markdown", f.markdown, markdownStream}, output{"html", f.html, pageStream}); err != nil {
		return err
	}
	if err := writableFolder(f.keep); err != nil {
		return err
	}
	if f.markdown != "" && f.markdown == f.html {
		return usageError("--markdown and --html both name %s", f.html)
	}
	return f.data.check()
}

// write writes the files of the report.
func writeComparison(c *console, f *compareFlags, doc *report.Comparison) error {
	for path, render := range map[string]func(io.Writer) error{f.markdown: doc.Markdown, f.html: doc.HTML} {
		if path == "" {
			continue
		}
		if _, err := c.write(path, render); err != nil {
			return err
		}
	}
	return nil
}

// backendList reads names with commas between them.
func backendList(text string) ([]string, error) {
	var list []string
	for _, name := range strings.Split(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		n, err := quant.ParseNumerics(name)
		if err != nil {
			return nil, usageError("--backend: %w", err)
		}
		if !slices.Contains(list, n.String()) {
			list = append(list, n.String())
		}
	}
	return list, nil
}
