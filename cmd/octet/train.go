package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/train"
)

func newTrainCommand(c *console.Console) *cobra.Command {
	f := &trainingFlags{recipe: train.Default()}
	var classes int
	cmd := &cobra.Command{
		Use:   "train [FLOAT.{pth,onnx,pt2}] --data DATA --output OUT.{pth,onnx}",
		Short: "Train a float model, from scratch or from a checkpoint",
		Long: `train trains a model of one of the architectures on labelled images: from fresh
random parameters, or from those of a float checkpoint. What it writes is a float
checkpoint that torchvision loads, and that quantize and qat take. An ONNX model of any
architecture whose operators have gradients is trained, too, and written as FILE.onnx.

The number of classes is that of the data. A model with one output is trained on two
classes with the binary cross-entropy of its logit (BCEWithLogitsLoss). An interrupted training, also a killed
one, is continued by the same command, and ends with the same bytes as if nothing
had happened. Results do not depend on the number of threads.` + mayChange,
		Example: `  octet train --arch resnet18 --data pets/train --eval pets/val --epochs 30 --output pets.pth
  octet train --arch mobilenet_v2 --preset fashion-mnist --data train-images-idx3-ubyte.gz -o fashion.pth
  octet train resnet18.pth --data more/ --epochs 5 --lr 0.01 --output tuned.pth --metrics tuned.jsonl`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: console.CompleteFiles("pth", "pt", "onnx", "pt2"),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runTrain(c, cmd, f, classes, args)
		}),
	}
	f.register(cmd)
	cmd.Flags().IntVar(&classes, "classes", 0, "outputs of a fresh model; 0 means the classes of the data, 1 a single logit that tells two classes apart")
	return cmd
}

// trainOutput is the JSON document of `octet train`.
type trainOutput struct {
	Output string       `json:"output"`
	HTML   string       `json:"html,omitempty"`
	Arch   string       `json:"arch"`
	Bytes  int64        `json:"bytes"`
	Recipe train.Config `json:"recipe"`
	trainingResult
}

func runTrain(c *console.Console, cmd *cobra.Command, f *trainingFlags, classes int, args []string) error {
	from := ""
	if len(args) > 0 {
		from = args[0]
	}
	if err := f.check(from); err != nil {
		return err
	}
	model, err := f.startFrom(c, cmd, classes, args)
	if err != nil {
		return err
	}
	if err := f.expect(c, model, console.ParameterBytes(model)); err != nil {
		return err
	}
	data, err := f.open(cmd.Context(), c, model)
	if err != nil {
		return err
	}
	defer data.Source.Close()
	if data.Preset.Channels > 0 {
		if model, err = model.WithMetadata(func(m *octet.Metadata) { m.Preset = &data.Preset }); err != nil {
			return exit.WithCode(exit.Model, err)
		}
	}
	var opts []octet.TrainOption
	for _, o := range f.computing() {
		opts = append(opts, o)
	}
	t, err := octet.Train(model, data, f.recipe, opts...)
	if err != nil {
		return exit.WithCode(exit.Data, err)
	}
	if err := f.resume(cmd.Context(), c, t, len(data.Labels)); err != nil {
		return err
	}
	r, err := f.runTraining(cmd.Context(), c, t, "train", t.Float)
	if err != nil {
		return err
	}
	trained, err := t.Float()
	if err != nil {
		return exit.WithCode(exit.Model, err)
	}
	bytes, err := c.Save(context.WithoutCancel(cmd.Context()), trained, f.output)
	if err != nil {
		return err
	}
	f.written()
	r.Images = len(data.Labels)
	doc := f.describe(trained.Arch(), "training", r)
	doc.Results = []report.Result{{Name: "float", Kind: report.Float, Top1: r.lastEval(), Bytes: bytes}}
	if err := f.writePage(doc); err != nil {
		return err
	}
	out := trainOutput{f.output, f.html, trained.Arch(), bytes, f.recipe, *r}
	if err := c.Result(out, out.print); err != nil {
		return err
	}
	c.Next("octet quantize %s --calibration DATA --output INT8"+cmp.Or(filepath.Ext(f.output), ".pth")+" makes an int8 model of it", f.output)
	return nil
}

// startFrom opens the checkpoint, or makes a fresh model.
func (f *trainingFlags) startFrom(c *console.Console, cmd *cobra.Command, classes int, args []string) (*octet.Model, error) {
	if len(args) == 1 {
		if classes != 0 {
			return nil, exit.Usagef("--classes goes with a fresh model; %s has its own", args[0])
		}
		return f.model.Open(c, cmd, args[0])
	}
	if f.model.Arch == "" {
		return nil, exit.Usagef("name an --arch for a fresh model, or a checkpoint to start from")
	}
	preset, change, err := f.model.Preset.Given(cmd)
	if err != nil {
		return nil, err
	}
	found, names, err := classesOf(f.data, f.truth, f.names)
	if err != nil {
		return nil, exit.WithCode(exit.Data, err)
	}
	if classes == 0 {
		classes = found
	}
	channels := len(change.Mean)
	if preset != nil {
		channels = preset.Channels
	}
	model, err := octet.New(f.model.Arch, classes, channels, f.recipe.Seed)
	if err != nil {
		return nil, exit.Usagef("--arch: %w", err)
	}
	model, err = model.WithMetadata(func(m *octet.Metadata) {
		m.Preset = preset
		if len(names) == compare.Classes(classes) {
			m.Labels = names
		}
	})
	if err == nil {
		model, err = model.ChangePreset(change)
	}
	if err != nil {
		return nil, exit.Usagef("%w", err)
	}
	inputs.NoteAssumptions(c, model)
	return model, nil
}

func (o trainOutput) print(w io.Writer) {
	o.curve(w)
	fmt.Fprintf(w, "wrote      %s: %s, %s\n", o.Output, archText(o.Arch), report.Size(o.Bytes))
	o.summary(w)
}

// archText names an architecture in a report; a model from ONNX has none.
func archText(arch string) string { return cmp.Or(arch, "a graph of its own,") }

// lastEval is the accuracy on --eval after the last epoch; nil without.
func (r *trainingResult) lastEval() *float64 {
	if len(r.Epochs) == 0 {
		return nil
	}
	return r.Epochs[len(r.Epochs)-1].Eval
}

// summary is the last epoch in words.
func (r *trainingResult) summary(w io.Writer) {
	fmt.Fprintf(w, "trained    %d steps on %d images in %.1f s\n", r.Steps, r.Images, r.Seconds)
	if len(r.Epochs) == 0 {
		return
	}
	last := r.Epochs[len(r.Epochs)-1]
	fmt.Fprintf(w, "last epoch loss %.4f, accuracy %.2f %%\n", last.Loss, last.Accuracy)
	if last.Eval != nil {
		fmt.Fprintf(w, "on --eval  %.2f %%\n", *last.Eval)
	}
}
