package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/train"
	"github.com/octet-ml/octet/vision"
)

// trainingFlags are the flags that train and qat share.
type trainingFlags struct {
	model    inputs.ModelFlags
	data     string
	dataName string // on the page; data without
	truth    string
	names    bool
	evalFlagsOf
	recipe train.Config

	optimizer, schedule string
	plain               bool // momentum without Nesterov's form
	augment             string
	threads, limit      int
	recompute, exif     bool
	maxPixels           int
	output              string
	checkpoint          string
	every               int
	metrics, html       string
}

// checkpointEvery is the default number of steps between two checkpoints.
const checkpointEvery = 200

// evalFlagsOf say how the model is evaluated after every epoch.
type evalFlagsOf struct {
	eval, classMap string
	evalLimit      int // images; 0 uses all
}

func (f *trainingFlags) register(cmd *cobra.Command) {
	f.model.Register(cmd)
	f.model.Float = true
	fl, r := cmd.Flags(), &f.recipe
	fl.StringVar(&f.data, "data", "", "labelled `DATA` to train on: a folder or archive with one folder per class, an IDX file, a .npz")
	fl.StringVar(&f.truth, "truth", "", inputs.TruthUsage)
	fl.BoolVar(&f.names, "truth-from-names", false, inputs.NamesUsage)
	fl.StringVar(&f.eval, "eval", "", "measure the accuracy on labelled `DATA` behind every epoch")
	fl.StringVar(&f.classMap, "class-map", "", "`FILE` that maps folders to classes")
	fl.IntVar(&r.Epochs, "epochs", r.Epochs, "how often each image is seen")
	fl.IntVar(&r.Steps, "steps", 0, "end after N steps, whatever --epochs says; 0 does not")
	fl.IntVar(&r.BatchSize, "batch-size", r.BatchSize, "images of a step")
	fl.Float64Var(&r.Optimizer.LearningRate, "lr", r.Optimizer.LearningRate, "highest learning rate")
	fl.StringVar(&f.optimizer, "optimizer", string(r.Optimizer.Kind), "sgd or adamw")
	fl.Float64Var(&r.Optimizer.Momentum, "momentum", r.Optimizer.Momentum, "of sgd; Nesterov's form, unless --no-nesterov")
	fl.BoolVar(&f.plain, "no-nesterov", false, "of sgd: plain momentum")
	fl.Float64Var(&r.Optimizer.WeightDecay, "weight-decay", r.Optimizer.WeightDecay, "of convolutions and linear layers")
	fl.BoolVar(&r.Optimizer.DecayAll, "decay-all", false, "weight decay of biases and batch norms too")
	fl.StringVar(&f.schedule, "schedule", string(r.Schedule.Kind), "how the rate falls: cosine, step or constant")
	fl.Float64Var(&r.Schedule.Warmup, "warmup", r.Schedule.Warmup, "share of the training in which the rate rises")
	fl.Float64Var(&r.Schedule.Every, "step-every", 0, "of the step schedule: share of the training between two falls (default a third)")
	fl.Float64Var(&r.Schedule.Factor, "step-factor", 0, "of the step schedule: what the rate is multiplied with (default 0.1)")
	fl.Float64Var(&r.Clip, "clip", 0, "shorten gradients that are longer; 0 does not")
	fl.Float64Var(&r.EMA, "ema", 0, "average the parameters over the steps, with this weight of the past, such as 0.999")
	fl.Float64Var(&r.Loss.Smoothing, "label-smoothing", 0, "share of the target that is spread over all classes")
	fl.StringVar(&f.augment, "augment", "auto", "random changes of images: "+strings.Join(augmentNames(), ", "))
	fl.Uint64Var(&r.Seed, "seed", 0, "decides order, augmentation and fresh parameters")
	fl.IntVar(&f.threads, "threads", 0, "CPU threads; 0 uses all; results do not depend on it")
	fl.BoolVar(&f.exif, "exif", false, inputs.ExifUsage)
	fl.IntVar(&f.maxPixels, "max-pixels", vision.DefaultMaxPixels, inputs.MaxPixelsUsage)
	fl.BoolVar(&f.recompute, "recompute", false, "train in less memory and a little more time: results of batch norms are computed again, not kept")
	fl.IntVar(&f.limit, "limit", 0, "train on N images only, some of every class; 0 uses all")
	fl.StringVarP(&f.output, "output", "o", "", "model to write, `FILE`.pth, or FILE.onnx; - is standard output")
	fl.StringVar(&f.checkpoint, "checkpoint", "", "keep the state in `FILE`.pth, and continue from it if it exists (default OUTPUT.training.pth; none, or without it --output -, keeps no state)")
	fl.IntVar(&f.every, "checkpoint-every", checkpointEvery, "save the state every N steps, besides when interrupted; 0 does not")
	fl.StringVar(&f.metrics, "metrics", "", "append a line of JSON for every step to `FILE`.jsonl")
	fl.StringVar(&f.html, "html", "", "write a page with plots of the training, `FILE`.html")
	console.Require(cmd, "data", "")
	console.Require(cmd, "output", "")
	console.Complete(cmd, "optimizer", "sgd", "adamw")
	console.Complete(cmd, "schedule", "cosine", "step", "constant")
	console.Complete(cmd, "augment", augmentNames()...)
}

// computing are the options that do not change results: threads, kernels, recomputation.
func (f *trainingFlags) computing() []octet.TrainingOption {
	opts := []octet.TrainingOption{octet.WithThreads(f.threads)}
	if f.recompute {
		opts = append(opts, octet.WithRecompute())
	}
	return opts
}

// augmentations are the named ways of changing images at random.
var augmentations = map[string]vision.Augment{
	"none":     {},
	"flip":     {Flip: 0.5},
	"small":    {Flip: 0.5, Pad: 2},
	"imagenet": {Flip: 0.5, Scale: []float64{0.08, 1}},
	"color":    {Flip: 0.5, Scale: []float64{0.08, 1}, Brightness: 0.4, Contrast: 0.4, Saturation: 0.4, Hue: 0.1},
}

func augmentNames() []string {
	names := []string{"auto"}
	for name := range augmentations {
		names = append(names, name)
	}
	slices.Sort(names[1:])
	return names
}

// check refuses wrong flags before anything is computed.
func (f *trainingFlags) check(model string) error {
	f.recipe.Optimizer.Kind, f.recipe.Schedule.Kind = train.OptimizerKind(f.optimizer), train.ScheduleKind(f.schedule)
	if f.recipe.Optimizer.Kind == train.AdamW || f.recipe.Optimizer.Momentum == 0 {
		f.recipe.Optimizer.Momentum, f.recipe.Optimizer.Nesterov = 0, false
	}
	if f.plain {
		f.recipe.Optimizer.Nesterov = false
	}
	if _, known := augmentations[f.augment]; !known && f.augment != "auto" {
		return exit.Usagef("--augment %q: use %s", f.augment, strings.Join(augmentNames(), ", "))
	}
	if err := f.recipe.Validate(); err != nil {
		return exit.Usagef("%w", err)
	}
	if f.every < 0 || f.limit < 0 || f.threads < 0 {
		return exit.Usagef("--checkpoint-every, --limit and --threads must not be negative")
	}
	switch f.checkpoint {
	case "":
		if f.output == console.StreamName { // it has no name to derive one from
			break
		}
		f.checkpoint = strings.TrimSuffix(strings.TrimSuffix(f.output, ".pth"), ".onnx") + ".training.pth"
	case "none":
		f.checkpoint = ""
	}
	f.model.StateDict = console.IsProgram(model) && !console.IsONNX(f.output)
	kind, err := f.model.OutputKind(f.output, model)
	if err != nil {
		return err
	}
	return console.CheckOutputs(console.Output{Flag: "output", Path: f.output, Kind: kind}, console.Output{Flag: "checkpoint", Path: f.checkpoint, Kind: console.ModelOutput},
		console.Output{Flag: "metrics", Path: f.metrics, Kind: console.LinesOutput}, console.Output{Flag: "html", Path: f.html, Kind: console.PageOutput})
}

// open opens the data that model is trained on.
func (f *trainingFlags) open(ctx context.Context, c *console.Console, model *octet.Model) (*train.Data, error) {
	flags := inputs.LabelledFlags{Data: inputs.DataFlags{BatchSize: f.recipe.BatchSize, Threads: f.threads, Limit: f.limit, Exif: f.exif, MaxPixels: f.maxPixels, Spread: true}, Truth: f.truth, Names: f.names, ClassMap: f.classMap}
	in, err := flags.Open(c, model, f.data)
	if err != nil {
		return nil, err
	}
	d, err := octet.TrainingData(ctx, model, in.Source)
	if err != nil {
		in.Close()
		return nil, exit.WithCode(exit.Data, err)
	}
	f.recipe.Augment = f.chooseAugment(c, d)
	return d, nil
}

// chooseAugment returns the augmentation of --augment; auto goes by the size of the images.
func (f *trainingFlags) chooseAugment(c *console.Console, d *train.Data) vision.Augment {
	if f.augment != "auto" {
		return augmentations[f.augment]
	}
	name := "small"
	switch {
	case d.Preset.Channels == 0:
		name = "none" // arrays need not be images
	case len(d.Preset.Crop) == 2:
		name = "imagenet"
	}
	c.Note("assumed: images are changed at random as --augment %s says", name)
	return augmentations[name]
}

// classesOf is the number of classes of labelled data, and their names where they
// have any.
func classesOf(path, truth string, fromNames bool) (int, []string, error) {
	opts, err := inputs.LabelOptions(truth, fromNames)
	if err != nil {
		return 0, nil, err
	}
	s, err := dataset.Open(path, opts...)
	if err != nil {
		return 0, nil, err
	}
	defer s.Close()
	if names := s.Classes(); names != nil {
		return len(names), names, nil
	}
	most := -1
	for i := range s.Len() {
		most = max(most, s.Label(i))
	}
	if most < 0 {
		return 0, nil, fmt.Errorf("%s has no labels: training needs one folder per class, an IDX file with labels beside it, a .npz with x and y, or --truth", path)
	}
	return most + 1, nil, nil
}
