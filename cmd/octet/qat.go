package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/train"
)

// qatFlags are the flags of `octet qat`.
type qatFlags struct {
	trainingFlags
	inputs.RecipeFlags
	compatible  bool
	calibration int
	prepared    string

	calibrated *octet.Model // the int8 model by calibration alone
}

func newQATCommand(c *console.Console) *cobra.Command {
	f := &qatFlags{trainingFlags: trainingFlags{recipe: train.DefaultQAT()}}
	cmd := &cobra.Command{
		Use:   "qat FLOAT.{pth,onnx,pt2} --data DATA --output INT8.{pth,onnx}",
		Short: "Train a model with quantization in the loop, and convert it to int8",
		Long: `qat fine-tunes a float checkpoint so that its int8 form loses less accuracy than
post-training quantization does. It starts from the ranges of a short calibration,
learns with weights and activations rounded, freezes the scales of activations, then
the statistics of batch norms, and writes the int8 model.

Once batch norms are frozen, the forward pass of training is that of the int8 model
itself, operator by operator: what is trained is what runs. With --torch-compatible
everything is computed as PyTorch's prepare_qat does instead. Either way --prepared
writes the model in training as PyTorch's state dict, and such a file is a starting
point, too. An ONNX model becomes an int8 FILE.onnx.

An interrupted training, also a killed one, is continued by the same command, and
ends with the same bytes as if nothing had happened.` + mayChange,
		Example: `  octet qat resnet18.pth --arch resnet18 --data imagenet/train --eval imagenet/val --epochs 1 --output int8.pth
  octet qat mobilenet_v2.pth --backend qnnpack --data photos/ --distill 0.5 --output int8.pth
  octet qat model.pth --data train/ --torch-compatible --prepared prepared.pth --output int8.pth`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: console.CompleteFiles("pth", "pt", "onnx", "pt2"),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			out, err := f.run(c, cmd, args[0])
			if err != nil {
				return err
			}
			if err := c.Result(out, out.print); err != nil {
				return err
			}
			c.Next("octet eval %[1]s DATA measures its accuracy, octet run %[1]s IMAGE runs it", f.output)
			return nil
		}),
	}
	f.register(cmd)
	fl, r := cmd.Flags(), &f.recipe
	fl.Lookup("backend").DefValue, f.model.Backend = string(octet.DefaultBackend), string(octet.DefaultBackend)
	f.RegisterRecipe(cmd, "", "fake quantizations (default octet_qat; default_qat with --torch-compatible)")
	fl.BoolVar(&f.compatible, "torch-compatible", false, "train with PyTorch's numbers throughout")
	fl.IntVar(&f.calibration, "calibrate", 256, "start from the ranges of N training images; 0 starts from the first batch")
	fl.Float64Var(&r.Loss.Distill, "distill", 0, "weight, from 0 to 1, of learning from the float model instead of the labels")
	fl.Float64Var(&r.Loss.Temperature, "temperature", 0, "of --distill (default 4)")
	fl.Float64Var(&r.FreezeObservers, "freeze-observers", r.FreezeObservers, "share of the training after which activations keep their scales; 1 never")
	fl.Float64Var(&r.FreezeNorms, "freeze-norms", r.FreezeNorms, "share of the training after which batch norms keep their statistics; 1 never")
	fl.BoolVar(&r.LearnScales, "learn-scales", false, "let the gradient decide scales and zero points, too (LSQ)")
	fl.Float64Var(&r.Optimizer.ScaleRate, "scale-rate", 0, "of --learn-scales: their learning rate as a share of --lr (default 0.01)")
	fl.StringVar(&f.prepared, "prepared", "", "also write the state dict of the model in training, `FILE`.pth")
	return cmd
}

// qatOutput is the JSON document of `octet qat`.
type qatOutput struct {
	Model    string       `json:"model"`
	Output   string       `json:"output"`
	Prepared string       `json:"prepared,omitempty"`
	HTML     string       `json:"html,omitempty"`
	Arch     string       `json:"arch"`
	Backend  string       `json:"backend"`
	QConfig  string       `json:"qconfig"`
	Recipe   train.Config `json:"recipe"`
	// ReLU6 compares the float model that is trained with the one of the file.
	ReLU6    *ptq.ClampEffect `json:"relu6_to_relu,omitempty"`
	Accuracy *qatScores       `json:"accuracy,omitempty"`
	Bytes    int64            `json:"bytes"`
	Report   *ptq.Report      `json:"report"`
	trainingResult
}

// qatScores are the accuracies on the data of --eval.
type qatScores struct {
	Float float64 `json:"float_top1_percent"`
	// PTQ is that of post-training quantization alone; nil where nothing was
	// calibrated.
	PTQ *float64 `json:"ptq_top1_percent,omitempty"`
	QAT float64  `json:"qat_top1_percent"`
}

// run trains the model in a file and writes the result.
func (f *qatFlags) run(c *console.Console, cmd *cobra.Command, path string) (*qatOutput, error) {
	if err := f.checkQAT(path); err != nil {
		return nil, err
	}
	model, err := f.model.Open(c, cmd, path)
	if err != nil {
		return nil, err
	}
	return f.trainModel(cmd.Context(), c, model, path)
}

// trainModel is run without opening the file.
func (f *qatFlags) trainModel(ctx context.Context, c *console.Console, model *octet.Model, path string) (*qatOutput, error) {
	inTraining := model.InTraining()
	if model.Quantized() && !inTraining {
		return nil, exit.WithCode(exit.Model, fmt.Errorf("%s is an int8 model; train the float model it was made from", path))
	}
	if !inTraining {
		if err := f.checkRanges(); err != nil {
			return nil, err
		}
	}
	if err := f.expect(c, model, console.Int8Bytes(model), console.Planned{Path: f.prepared, Bytes: console.ParameterBytes(model)}); err != nil {
		return nil, err
	}
	data, err := f.open(ctx, c, model)
	if err != nil {
		return nil, err
	}
	defer data.Source.Close()
	if data.Preset.Channels > 0 {
		if model, err = model.WithMetadata(func(m *octet.Metadata) { m.Preset = &data.Preset }); err != nil {
			return nil, exit.WithCode(exit.Model, err)
		}
	}
	t, err := octet.TrainQuantized(model, data, f.recipe, f.options()...)
	switch {
	case errors.Is(err, octet.ErrTraining):
		return nil, exit.WithCode(exit.Data, err)
	case err != nil:
		return nil, exit.WithCode(exit.Model, err)
	}
	scores := &qatScores{}
	t.Settings.Set("calibrate", f.calibration)
	if f.calibration > 0 && !inTraining {
		if err := f.calibrate(ctx, c, t, data, scores); err != nil {
			return nil, err
		}
	}
	if err := f.checkClamp(ctx, c, t, model, data); err != nil {
		return nil, err
	}
	if err := f.resume(ctx, c, t, len(data.Labels)); err != nil {
		return nil, err
	}
	r, err := f.runTraining(ctx, c, t, "qat", func() (*octet.Model, error) {
		m, _, err := t.Int8()
		return m, err
	})
	if err != nil {
		return nil, err
	}
	out := &qatOutput{Model: path, Output: f.output, Prepared: f.prepared, HTML: f.html, Backend: f.model.Backend, Recipe: f.recipe, ReLU6: t.ReLU6, trainingResult: *r}
	if f.eval != "" {
		out.Accuracy = scores
	}
	return out, f.finish(context.WithoutCancel(ctx), c, model, t, len(data.Labels), out)
}

func (f *qatFlags) options() []octet.QATOption {
	opts := []octet.QATOption{f.Recipe(f.model.Backend), octet.WithSource(filepath.Base(filepath.Clean(f.data)))}
	for _, o := range f.computing() {
		opts = append(opts, o)
	}
	if f.compatible {
		opts = append(opts, octet.WithTorchCompatible())
	}
	return opts
}

// calibrate observes the first ranges on some training images, and measures the int8 model that
// they give.
func (f *qatFlags) calibrate(ctx context.Context, c *console.Console, t *octet.Training, data *train.Data, scores *qatScores) error {
	few := &inputs.Data{Source: dataset.Draw(data.Source, f.calibration, 0), Preset: data.Preset, Flags: &inputs.DataFlags{Threads: f.threads, Strict: true}, Console: c}
	c.Note("calibrating on %d of the training images", few.Total())
	int8, err := t.Calibrate(ctx, few.Tensors(ctx, octet.DefaultBatchSize))
	if err != nil {
		return exit.WithCode(exit.Data, err)
	}
	if f.calibrated = int8; f.eval == "" {
		return nil
	}
	s, err := f.measure(ctx, c, int8)
	if err != nil {
		return err
	}
	scores.PTQ = &s.Top1Percent
	c.Note("int8 by calibration alone: %.2f %% on --eval", s.Top1Percent)
	return nil
}

// finish writes the model and measures it.
func (f *qatFlags) finish(ctx context.Context, c *console.Console, float *octet.Model, t *octet.Training, images int, out *qatOutput) error {
	int8, report, err := t.Int8()
	if err != nil {
		return exit.WithCode(exit.Model, err)
	}
	if out.Bytes, err = c.Save(ctx, int8, f.output); err != nil {
		return err
	}
	if f.prepared != "" {
		sd, err := t.Prepared()
		if err == nil {
			err = torch.Save(f.prepared, sd)
		}
		if err != nil {
			return exit.WithCode(exit.Output, err)
		}
	}
	f.written()
	out.Arch, out.Report, out.Images = int8.Arch(), report, images
	out.QConfig = int8.Metadata().Training.QConfigName
	if out.Accuracy != nil {
		s, err := f.measure(ctx, c, float)
		if err != nil {
			return err
		}
		out.Accuracy.Float = s.Top1Percent
		if s, err = f.measure(ctx, c, int8); err != nil {
			return err
		}
		out.Accuracy.QAT = s.Top1Percent
	}
	return f.report(ctx, float, int8, out)
}

func (o *qatOutput) print(w io.Writer) {
	o.curve(w)
	fmt.Fprintf(w, "wrote      %s: %s int8, backend %s, qconfig %s, %s\n", o.Output, archText(o.Arch), o.Backend, o.QConfig, report.Size(o.Bytes))
	if o.Prepared != "" {
		fmt.Fprintf(w, "           %s: PyTorch's state dict of the model in training\n", o.Prepared)
	}
	if o.HTML != "" {
		fmt.Fprintf(w, "           %s: a page with plots\n", o.HTML)
	}
	o.summary(w)
	if a := o.Accuracy; a != nil {
		fmt.Fprintf(w, "float      %.2f %%\n", a.Float)
		if a.PTQ != nil {
			fmt.Fprintf(w, "int8 PTQ   %.2f %% (%+.2f points)\n", *a.PTQ, *a.PTQ-a.Float)
		}
		fmt.Fprintf(w, "int8 QAT   %.2f %% (%+.2f points)\n", a.QAT, a.QAT-a.Float)
	}
}
