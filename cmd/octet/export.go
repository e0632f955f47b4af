package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/onnx"
)

// exportFlags are the flags of `octet export`.
type exportFlags struct {
	model  inputs.ModelFlags
	output string
	format string
	opset  int

	inputType, inputLayout string
}

func newExportCommand(c *console.Console) *cobra.Command {
	f := &exportFlags{}
	cmd := &cobra.Command{
		Use:   "export MODEL --output FILE.onnx",
		Short: "Write a model, float or int8, as an ONNX file",
		Long: `export writes a model for ONNX Runtime, OpenVINO and what else reads ONNX. An int8
model becomes QDQ: float nodes between QuantizeLinear and DequantizeLinear, which
runtimes compute on integers. With --format qoperator it becomes operators on codes, some
of ONNX Runtime's own domain, which OpenVINO refuses; what has none stays QDQ. An int8
ONNX file of either form is written as the other one so. Batches may have any size; images
have that of the preset (--crop gives another). Labels, preprocessing and recipe go into
the file's metadata_props.

With --input-type uint8 the file takes images as they are decoded, from 0 to 255, and
normalises them itself, with the mean and the standard deviation of the preset; with
--input-layout nhwc it takes them as [N, height, width, channel]. octet run feeds such a
file with images as any other.

The file is read back before it appears: it must have the same inputs and outputs, and
give the same results on random inputs, but for roundings.`,
		Example: `  octet export resnet18_int8.pth --output resnet18_int8.onnx
  octet export resnet18.pth --arch resnet18 --output resnet18.onnx --opset 20
  octet export resnet18_qdq.onnx --format qoperator --opset 10 -o resnet18_qoperator.onnx
  octet export resnet18_int8.pth --input-type uint8 --input-layout nhwc -o resnet18_pixels.onnx
  octet export zoo:MobileNet_V2_QuantizedWeights.DEFAULT -o mobilenet_v2.onnx`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: inputs.CompleteModel(),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runExport(c, cmd, f, args[0])
		}),
	}
	f.model.Register(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.output, "output", "o", "", "write `FILE`.onnx")
	fl.StringVar(&f.format, "format", "qdq", "how an int8 model is written: qdq or qoperator")
	fl.IntVar(&f.opset, "opset", 0, fmt.Sprintf("operator set, from %d to %d (default %d, or the first that has all operators of weights in codes)", onnx.MinExportOpset, onnx.MaxExportOpset, onnx.DefaultExportOpset))
	fl.StringVar(&f.inputType, "input-type", inputTypes[0], "what images the file takes: float32, normalised, or uint8, which it normalises itself")
	fl.StringVar(&f.inputLayout, "input-layout", inputLayouts[0], "axes of an image: nchw or nhwc")
	console.Require(cmd, "output", "name the .onnx file to write")
	console.Complete(cmd, "format", onnx.Formats()...)
	console.Complete(cmd, "input-type", inputTypes...)
	console.Complete(cmd, "input-layout", inputLayouts...)
	return cmd
}

// inputTypes and inputLayouts are the values of the flags, the defaults first.
var inputTypes, inputLayouts = []string{"float32", "uint8"}, []string{"nchw", "nhwc"}

// options are those of SaveONNX.
func (f *exportFlags) options() ([]octet.ExportOption, error) {
	format, err := onnx.ParseFormat(f.format)
	if err != nil {
		return nil, exit.Usagef("--format %s: it is qdq or qoperator", f.format)
	}
	if f.opset != 0 && (f.opset < onnx.MinExportOpset || f.opset > onnx.MaxExportOpset) {
		return nil, exit.Usagef("--opset %d: from %d to %d", f.opset, onnx.MinExportOpset, onnx.MaxExportOpset)
	}
	if !slices.Contains(inputTypes, f.inputType) {
		return nil, exit.Usagef("--input-type %s: it is float32 or uint8", f.inputType)
	}
	if !slices.Contains(inputLayouts, f.inputLayout) {
		return nil, exit.Usagef("--input-layout %s: it is nchw or nhwc", f.inputLayout)
	}
	opts := []octet.ExportOption{octet.WithOpset(f.opset), octet.WithFormat(format)}
	if f.inputType == "uint8" {
		opts = append(opts, octet.WithPixels())
	}
	if f.inputLayout == "nhwc" {
		opts = append(opts, octet.WithChannelsLast())
	}
	return opts, nil
}

// exportOutput is the JSON document of `octet export`.
type exportOutput struct {
	Model  string `json:"model"`
	Output string `json:"output"`
	*octet.Exported
}

func runExport(c *console.Console, cmd *cobra.Command, f *exportFlags, path string) error {
	opts, err := f.options()
	if err != nil {
		return err
	}
	if err := console.CheckOutputs(console.Output{Flag: "output", Path: f.output, Kind: console.ONNXOutput}); err != nil {
		return err
	}
	model, err := f.model.Open(c, cmd, path)
	if err != nil {
		return err
	}
	if err := c.Expect(console.Planned{Path: f.output, Bytes: console.ParameterBytes(model)}); err != nil {
		return err
	}
	if preset, assumed, err := model.Preset(); f.inputType == "uint8" && err == nil && assumed {
		c.Note("assumed: %s", inputs.PresetAssumed(preset))
	}
	written, err := model.SaveONNX(cmd.Context(), f.output, opts...)
	if err != nil {
		if errors.Is(err, cmd.Context().Err()) {
			return err
		}
		return exit.WithCode(exit.Model, err)
	}
	return c.Result(exportOutput{path, f.output, written}, func(w io.Writer) { printExported(w, f.output, written) })
}

func printExported(w io.Writer, path string, e *octet.Exported) {
	fmt.Fprintf(w, "%s: ONNX, operator set %d, %s\n", path, e.Opset, report.Size(e.Bytes))
	for _, p := range e.Inputs {
		fmt.Fprintf(w, "  input   %v\n", p)
	}
	for _, p := range e.Outputs {
		fmt.Fprintf(w, "  output  %v\n", p)
	}
	if e.Difference.IsZero() {
		fmt.Fprintln(w, "  read back; not run, since the model gives no finite outputs on random inputs")
		return
	}
	fmt.Fprintf(w, "  read back and run on random inputs: outputs differ by %.2g of the largest\n", float64(e.Difference))
}
