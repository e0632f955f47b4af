package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
)

// quantizeFlags are the flags of `octet quantize`.
type quantizeFlags struct {
	model inputs.ModelFlags
	data  inputs.DataFlags
	shard inputs.ShardFlags

	inputs.RecipeFlags
	corrections inputs.Corrections

	calibration []string
	arrays      inputs.Arrays // arrays that were read
	ports       []onnx.Port   // of the file, once bindMore has read them
	ranges      string
	fix         string
	repairs     bool // without --fix, a model that is not sound
	output      string
	slower      bool
	relu6       bool
	stats       string
	merged      *octet.Calibration // of --stats, where it is merged from shards
	report      string
	eval        string
	evalMap     string
	strictInt8  bool
	dynamic     bool
	smooth      string
	weightOnly  bool
	groupSize   int
}

func newQuantizeCommand(c *console.Console) *cobra.Command {
	f := &quantizeFlags{data: inputs.DataFlags{Spread: true}}
	cmd := &cobra.Command{
		Use:   "quantize FLOAT.{pth,onnx,pt2} --calibration DATA --output INT8.{pth,onnx}",
		Short: "Make an int8 model of a float one",
		Long: `quantize turns a float checkpoint into an int8 model by post-training quantization:
batch norms are folded, the calibration inputs are run through the float model while
observers watch, and weights and activations become 8-bit integers. The result loads
in torchvision's quantized model of the same architecture.

Which recipe to take depends on what runs the file:

` + whichRecipe + `

The default is the one for PyTorch on x86, whose files every tool computes as octet does.

Calibration data is a .npy of float32 [N, C, H, W], a folder of images, a tar archive,
an IDX file or a .npz. A few hundred typical inputs are enough; labels are not used.

A model of any architecture in ONNX, as a program of torch.export.save (.pt2), or as TorchScript,
becomes FILE.onnx in QDQ form, which ONNX Runtime and OpenVINO compute on integers, too; a .pth may be
written so as well. What becomes int8 follows from the operators (docs/ptq.md). The default is
then --qconfig octet, all codes, for an ONNX model with --ranges mse. A model with several
inputs, or one that takes no images, is calibrated on arrays by the names of its inputs,
--calibration NAME=FILE.npy for each; their leading axes count samples.

With --equalize, channels of weights are scaled across layers, where ReLU or nothing stands
in between, before anything is calibrated: the float function stays, weights with one
scale lose less. With --bias-correction, biases make up for the mean error of each layer; with --round
adaptive, weights are rounded so that the sums of a layer come closest. Both are measured
on 32 to 63 samples of the calibration data, layer by layer. docs/ptq.md has figures, and
compare with the same flags measures them.

With --smooth 0.5, each channel behind a LayerNorm is divided by a factor that the weights of the linear
layers behind it are multiplied with (SmoothQuant): the float function stays, and activations with few
large channels, as transformers have them, lose less. The ranges of channels are measured on the
calibration data, which is read once more.

With --dynamic, no calibration data is needed: linear layers get int8 weights, and quantize their
inputs in every run; the rest stays float. That suits transformers. In an .onnx or .pt2 model each
row of an input, a token, has a range of its own, which is closest to the float model; with --backend
onnx the range is that of the whole tensor, as ONNX Runtime has it, and with PyTorch's backends
all is as in its quantize_dynamic (docs/dynamic.md).

With --weight-only, linear layers and embeddings get int8 weights and compute in float32: the file
and the memory of the model shrink to a quarter, and next to nothing is lost. --group-size 128
gives every 128 numbers a scale of their own. That suits models whose activations resist
(docs/weightonly.md).

With --fix 25dB, as few layers stay in float as bring the outputs that close to those of
the float model; the models that were tried are listed with their share of float. Without it,
the same is done to an .onnx, .pt2 or TorchScript model that its default recipe would ruin, one whose
outputs are likely to be below 15 dB on other inputs, and a warning says so; --fix off leaves
all in int8.

A model that PyTorch prepared and did not convert, with observers or in quantization-aware
training, holds its ranges: it takes no --calibration and becomes what PyTorch's convert
makes of it.

With --exclude-slower, every layer is timed in int8, with the Quantize and Dequantize
around it, and in float32 on this machine; the slower ones stay in float and are listed
in the model. Which ones they are depends on the machine and on what else it does.

With --stats, what the observers have seen is kept in a file, also when the run is
interrupted: the same command continues there, and a finished calibration is not run
again. These may change: --backend, --per-tensor, --per-channel, --weight-bits,
--exclude, --bias-correction, --round, --threads, --eval, --class-map, --labels, --report
and --output, so that the same model for another backend is one flag away; and where the data lies and what
it is called, as long as content and order stay. Everything else must be the same:
the content of every sample, the model, --qconfig's observers, --equalize, --smooth, --batch-size,
--limit, and for images --preset, --resize, --crop, --interpolation, --mean, --std, --exif
and --max-pixels.
The files are read to find out, but not decoded; a difference is an error that names it.

With --shard 2/4 one part of the data is calibrated on and its --stats written; octet merge
joins those of all parts, and --stats ALL.json in place of --calibration makes the model, the
same one to the byte however many parts there were. The observers must be of a kind that
merges: --qconfig torchvision, minmax, percentile or mse; docs/cluster.md has more.`,
		Example: `  octet quantize resnet18.pth --arch resnet18 --backend fbgemm --calibration photos/ --output int8.pth
  octet quantize model.pth --calibration calib.npy --qconfig torchvision --output int8.pth --stats calib.json
  octet quantize model.pth --calibration calib.npy --exclude fc --exclude 'layer4.*' --output int8.pth
  octet quantize prepared.pth --output int8.pth
  octet quantize model.onnx --calibration photos/ --output int8.onnx
  octet quantize epoch9.pth --graph-of model.pt2 --calibration photos/ --output int8.onnx
  octet quantize resnet18.pth --arch resnet18 --calibration photos/ --qconfig percentile --shard 2/4 --stats part2.json
  octet quantize bert.onnx --calibration ids=ids.npy --calibration mask=mask.npy --output int8.onnx
  octet quantize bert.onnx --dynamic --output int8.onnx
  octet quantize bert.onnx --weight-only --group-size 128 --output int8.onnx`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(1)(cmd, args); err != nil {
				return err
			}
			f.waive(cmd)
			if f.dynamic || f.weightOnly || len(f.calibration) == 0 && f.holdsRanges(cmd, args[0]) {
				console.Waive(cmd, "calibration")
			}
			return nil
		},
		ValidArgsFunction: inputs.CompleteModel(),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runQuantize(c, cmd, f, args[0])
		}),
	}
	f.model.Register(cmd)
	f.model.Float = true
	f.data.Register(cmd, octet.DefaultBatchSize)
	f.shard.Register(cmd, "stats")
	fl := cmd.Flags()
	fl.Lookup("backend").DefValue, f.model.Backend = string(octet.DefaultBackend), string(octet.DefaultBackend)
	fl.Lookup("batch-size").Usage = "inputs shown to the observers at a time; part of the recipe"
	fl.StringArrayVar(&f.calibration, "calibration", nil, "`DATA` to calibrate on: .npy, folder, tar, IDX or .npz; of an ONNX model with several inputs NAME=FILE.npy for each")
	fl.StringVarP(&f.output, "output", "o", "", "int8 model to write, `FILE`.pth, or FILE.onnx as QDQ; - is standard output")
	fl.BoolVar(&f.dynamic, "dynamic", false, "quantize activations by their own range in every run, without --calibration: for transformers")
	fl.BoolVar(&f.weightOnly, "weight-only", false, "quantize the weights of linear layers and embeddings alone, without --calibration: activations stay float32")
	fl.IntVar(&f.groupSize, "group-size", 0, "of --weight-only: every `N` numbers of an output channel share a scale, such as 128; without it all of them do")
	f.RegisterRecipe(cmd, octet.DefaultQConfig, "observers: default (histogram), octet (histogram, all codes, per channel: for files that octet runs), torchvision (min/max in 0..127), minmax, percentile, mse, or another of PyTorch's names")
	fl.StringVar(&f.ranges, "ranges", "", "how the ranges of activations are found, whatever --qconfig says: "+strings.Join(rangeKinds, ", "))
	console.Complete(cmd, "ranges", rangeKinds...)
	f.corrections.Register(cmd)
	fl.StringVar(&f.smooth, "smooth", "", "of transformers: bring outliers of activations into the weights first; `ALPHA`, such as 0.5, is the share of the ranges that goes there")
	fl.StringVar(&f.fix, "fix", "", "keep as few layers in float as bring the outputs within `DECIBELS` of the float model's, such as 25dB; "+noFix+": none, though outputs are ruined")
	fl.BoolVar(&f.slower, "exclude-slower", false, "keep layers in float whose int8 form measures slower than float32 on this machine")
	fl.BoolVar(&f.relu6, "relu6-ranges", false, "of mobilenet_v2: calibrate with ReLU6 as it was trained, though ReLU is what torchvision's file has")
	fl.StringVar(&f.stats, "stats", "", "keep the calibration statistics in `FILE`.json, and use it if it exists")
	fl.StringVar(&f.report, "report", "", "write the full report as `FILE`.json")
	fl.StringVar(&f.eval, "eval", "", "measure float and int8 accuracy on labelled `DATA`")
	fl.StringVar(&f.evalMap, "class-map", "", "of --eval: `FILE` that maps folders to classes")
	fl.BoolVar(&f.strictInt8, "strict-int8", false, "fail when a layer stays in float that was not excluded")
	console.Require(cmd, "calibration", whyCalibration)
	console.Require(cmd, "output", "")
	return cmd
}

// rangeKinds are the values of --ranges.
var rangeKinds = []string{string(quant.Histogram), string(quant.MinMax), string(quant.Percentile), string(quant.MSE)}

// whyCalibration is said where quantize gets no data.
const whyCalibration = "The ranges of activations are not in the file: they are observed while the float model computes typical images. A few\n" +
	"hundred are enough, 100 to 500, since only the range of each layer's values is wanted, which soon settles; they should look\n" +
	"like those that the model will see, and need no labels. Without any: octet advise --no-data says what can be done."

func runQuantize(c *console.Console, cmd *cobra.Command, f *quantizeFlags, path string) error {
	if err := f.shard.Check(); err != nil {
		return err
	}
	if err := f.checkWeightOnly(cmd); err != nil {
		return err
	}
	if f.shard.Shard != "" {
		return f.calibrateShard(c, cmd, path)
	}
	if err := f.check(path); err != nil {
		return err
	}
	f.model.StateDict = console.IsProgram(path) && !console.IsONNX(f.output)
	if f.merged != nil {
		return f.quantizeMerged(c, cmd, path)
	}
	if console.IsONNX(f.output) && !cmd.Flags().Changed("qconfig") {
		f.QConfig = "octet" // all codes 0..255, since PyTorch does not run the file
		if console.HoldsGraph(f.model.GraphFile(path)) {
			f.QConfig = "" // the default for models with a graph of their own
		}
	}
	f.repairs = f.repairsBy(cmd, path)
	err := f.attempt(c, cmd, path)
	for errors.Is(err, graph.ErrComputed) && f.bindMore(c, path) { // found when it is opened, or run
		err = f.attempt(c, cmd, path)
	}
	return err
}

// attempt runs the command with the inputs that are constants so far.
func (f *quantizeFlags) attempt(c *console.Console, cmd *cobra.Command, path string) error {
	model, err := f.asRead(cmd).Open(c, cmd, path)
	if err != nil {
		return err
	}
	if model.Prepared() {
		return f.convertPrepared(c, cmd, path, model)
	}
	if model.Quantized() {
		return inputs.AlreadyInt8(path)
	}
	if err := c.Expect(console.Planned{Path: f.output, Bytes: console.Int8Bytes(model)}, console.Planned{Path: f.report, Bytes: console.PageSize}); err != nil {
		return err
	}
	if f.weightOnly {
		return f.quantizeWeightOnly(c, cmd, path, model)
	}
	if f.dynamic {
		return f.quantizeDynamic(c, cmd, path, model)
	}
	named, err := f.readNamed(model)
	if err != nil {
		return err
	}
	if named != nil {
		return f.quantizeNamed(cmd.Context(), c, path, model, named)
	}
	data, err := f.data.Open(c, model, f.calibration)
	if err != nil {
		return err
	}
	defer data.Close()
	if data.Preset.Channels > 0 {
		if model, err = model.WithMetadata(func(m *octet.Metadata) { m.Preset = &data.Preset }); err != nil {
			return exit.WithCode(exit.Model, err)
		}
	}
	if model, err = f.smoothed(cmd.Context(), c, model, octet.Named(model, data.Tensors(cmd.Context(), 1)), data.Total()); err != nil {
		return err
	}
	trial, err := inputs.TryTransform(cmd.Context(), c, path, model, data, false)
	if err != nil {
		return err
	}
	int8, report, err := f.quantize(cmd.Context(), c, model, data)
	if err != nil {
		return err
	}
	skipped, damaged := data.Skipped(), data.DamagedImages() // taken now: --fix reads samples again
	fixed, int8, err := f.fixed(cmd.Context(), c, model, int8, report, octet.Named(model, data.Tensors(cmd.Context(), 1)))
	if err != nil {
		return err
	}
	out := f.outputOf(path, model, int8, report)
	out.Fixed = fixed
	out.Skipped, out.Damaged, out.Transform = skipped, damaged, trial
	if f.eval != "" && cmd.Context().Err() == nil {
		if out.Accuracy, err = f.evaluate(cmd.Context(), c, model, int8); err != nil {
			return err
		}
	}
	return f.finish(cmd.Context(), c, int8, out)
}

// outputOf begins the JSON document.
func (f *quantizeFlags) outputOf(path string, model, int8 *octet.Model, report *ptq.Report) *quantizeOutput {
	out := &quantizeOutput{
		Model: path, Output: f.output, Arch: int8.Arch(), Backend: int8.Backend(), QConfig: int8.Metadata().Calibration.QConfigName,
		Assumptions: inputs.Texts(model.Assumptions()), Slower: int8.Metadata().Calibration.Slower, Smoothed: int8.Metadata().Calibration.Smoothed, Report: report,
	}
	if hint := rangeHint(report.Numerics, report.QConfig); hint != "" {
		out.Hints = append(out.Hints, hint)
	}
	return out
}

// finish writes the int8 model and the reports.
func (f *quantizeFlags) finish(ctx context.Context, c *console.Console, int8 *octet.Model, out *quantizeOutput) error {
	if err := f.strictly(out.Report); err != nil {
		return err
	}
	if out.Fixed != nil && ctx.Err() != nil { // --fix was interrupted: the best model so far is written
		ctx = context.WithoutCancel(ctx)
	}
	if err := f.write(ctx, c, int8, out); err != nil {
		return err
	}
	if err := c.Result(*out, out.print); err != nil {
		return err
	}
	c.Next("octet eval %[1]s DATA measures its accuracy, octet run %[1]s IMAGE runs it", f.output)
	return nil
}

// check refuses wrong flags before anything is computed.
func (f *quantizeFlags) check(path string) error {
	if err := inputs.CheckQConfigs([]string{f.QConfig}); err != nil {
		return err
	}
	if err := f.CheckWeightBits(); err != nil {
		return err
	}
	if f.ranges != "" && !slices.Contains(rangeKinds, f.ranges) {
		return exit.Usagef("--ranges %s: one of %s", f.ranges, strings.Join(rangeKinds, ", "))
	}
	if same, _ := sameFile(path, f.output); same {
		return exit.Usagef("--output %s is the float model itself: choose another name", f.output)
	}
	kind, err := f.model.OutputKind(f.output, path)
	if err != nil {
		return err
	}
	if err := f.corrections.Check(); err != nil {
		return err
	}
	if _, _, err := f.alpha(); err != nil {
		return err
	}
	if _, err := f.target(); err != nil {
		return err
	}
	return console.CheckOutputs(console.Output{Flag: "output", Path: f.output, Kind: kind}, console.Output{Flag: "stats", Path: f.stats, Kind: console.JSONOutput}, console.Output{Flag: "report", Path: f.report, Kind: console.JSONOutput})
}

func sameFile(a, b string) (bool, error) {
	x, err := os.Stat(a)
	if err != nil {
		return false, err
	}
	y, err := os.Stat(b)
	if err != nil {
		return false, err
	}
	return os.SameFile(x, y), nil
}
