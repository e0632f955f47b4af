package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/report"
)

// adviseFlags are the flags of `octet advise`.
type adviseFlags struct {
	model       inputs.ModelFlags
	data        inputs.DataFlags
	purpose     string // --for
	device      string // older name of --for
	noData      bool
	canTrain    bool
	maxDrop     float64
	calibration string
	eval        string
	classMap    string
	train       string
	output      string
}

func newAdviseCommand(c *console.Console) *cobra.Command {
	f := &adviseFlags{data: inputs.DataFlags{Spread: true}}
	cmd := &cobra.Command{
		Use:   "advise [FLOAT.{pth,onnx,pt2} --calibration DATA]",
		Short: "Recommend a way of quantizing, from answers or from measurements",
		Long: `advise walks the decision that every quantization begins with:

  calibration data, no time to train     post-training quantization
  the loss of accuracy is too high       quantization-aware training, or some
                                         layers left in float

and which recipe to take, by what the file is for (--for):

` + whichRecipe + `

Without a model it answers from --for, --no-data, --can-train and --max-drop, and says
what it cannot know. With a float model and calibration data it measures instead: it
quantizes by octet's own recipe and for every backend, with min/max and histogram
observers, per channel and per tensor, compares each result with the float model, and
recommends one with the command that makes it. With --eval it measures accuracy on
labelled data; otherwise how often the int8 model agrees with the float one on the
calibration data. It says how sure that is: where the inputs are too few to tell
whether the loss is within --max-drop, the advice says so, and how many would do.

With --train there is labelled data to train on: where post-training quantization
loses too much, the advice is octet qat, and with --output it is followed at once: the
recommended model is written, trained where that is needed.`,
		Example: `  octet advise --for pytorch-arm --can-train
  octet advise resnet18.pth --arch resnet18 --calibration photos/ --limit 200
  octet advise model.pth --calibration calib.npy --eval val/ --max-drop 0.5
  octet advise model.pth --train train/ --eval val/ --max-drop 0.5 --output int8.pth`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: inputs.CompleteModel(),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runAdvise(c, cmd, f, args)
		}),
	}
	f.model.Register(cmd)
	f.model.Float = true
	f.data.Register(cmd, octet.DefaultBatchSize)
	fl := cmd.Flags()
	fl.StringVar(&f.purpose, "for", report.ForOctet, "what will run the file: "+strings.Join(report.Purposes(), ", "))
	fl.StringVar(&f.device, "device", "", "x86 or arm: as --for pytorch-x86 and pytorch-arm")
	fl.MarkHidden("device")
	console.Complete(cmd, "device", "x86", "arm")
	fl.BoolVar(&f.noData, "no-data", false, "there are no images to calibrate on")
	fl.BoolVar(&f.canTrain, "can-train", false, "there are training data and time for some epochs")
	fl.Float64Var(&f.maxDrop, "max-drop", 1, "acceptable loss of top-1 accuracy, in points")
	fl.StringVar(&f.calibration, "calibration", "", "`DATA` to calibrate on, as for quantize")
	fl.StringVar(&f.eval, "eval", "", "labelled `DATA` to measure accuracy on")
	fl.StringVar(&f.train, "train", "", "labelled `DATA` to train on, as for qat; without --calibration also to calibrate on")
	fl.StringVarP(&f.output, "output", "o", "", "follow the advice, and write the int8 model to `FILE`.pth, of an ONNX model FILE.onnx")
	fl.StringVar(&f.classMap, "class-map", "", "of --eval: `FILE` that maps folders to classes")
	console.Exclusive(cmd, "for", "device")
	console.Complete(cmd, "for", report.Purposes()...)
	return cmd
}

// adviseOutput is the JSON document of `octet advise`.
type adviseOutput struct {
	Advice   advice    `json:"advice"`
	Measured *measured `json:"measured,omitempty"`
	// Written is the model of --output; QAT how it was trained, where it was.
	Written string     `json:"written,omitempty"`
	QAT     *qatOutput `json:"qat,omitempty"`
}

func runAdvise(c *console.Console, cmd *cobra.Command, f *adviseFlags, args []string) error {
	if f.device != "" {
		if f.device != "x86" && f.device != "arm" {
			return exit.Usagef("--device %q: use x86 or arm, or better --for, which says what runs the file", f.device)
		}
		f.purpose = "pytorch-" + f.device
	}
	if !slices.Contains(report.Purposes(), f.purpose) {
		return exit.Usagef("--for %s: use one of %s", f.purpose, strings.Join(report.Purposes(), ", "))
	}
	s := situation{purpose: f.purpose, noData: f.noData, canTrain: f.canTrain || f.train != "", maxDrop: f.maxDrop}
	calibration := "--calibration"
	if f.calibration == "" && f.train != "" {
		f.calibration, calibration = f.train, "--train"
	}
	kind := console.ModelOutput
	if len(args) == 1 && f.output != "" && console.HoldsGraph(f.model.GraphFile(args[0])) {
		var err error
		f.model.StateDict = console.IsProgram(args[0]) && !console.IsONNX(f.output)
		if kind, err = f.model.OutputKind(f.output, args[0]); err != nil {
			return err
		}
	}
	if err := console.CheckOutputs(console.Output{Flag: "output", Path: f.output, Kind: kind}); err != nil {
		return err
	}
	var out adviseOutput
	switch {
	case len(args) == 0 && (f.calibration != "" || f.eval != "" || f.output != ""):
		return exit.Usagef("--calibration, --train, --eval and --output belong to a measurement: name the float model too")
	case len(args) == 1 && f.calibration == "":
		return exit.Usagef("a model alone tells nothing: add --calibration with images or a .npy, or --train, or leave the model out")
	case len(args) == 1 && f.noData:
		return exit.Usagef("--no-data and %s contradict each other", calibration)
	case len(args) == 1:
		m, err := f.measure(c, cmd, args[0])
		if err != nil {
			return err
		}
		out.Measured = m
		if out.Advice, err = m.advise(s, f, args[0]); err != nil {
			return err
		}
		if f.output != "" {
			if err := f.follow(cmd.Context(), c, args[0], &out); err != nil {
				return err
			}
		}
	default:
		out.Advice = s.decide()
	}
	return c.Result(out, func(w io.Writer) {
		if out.Measured != nil {
			out.Measured.print(w)
			fmt.Fprintln(w)
		}
		out.Advice.print(w)
		out.printWritten(w)
	})
}
