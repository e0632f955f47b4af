package octet

import (
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/internal/qat"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/train"
	"github.com/octet-ml/octet/zoo"
)

// Training is the training of a model: in float, or with quantization in the loop.
// Set what its Trainer offers, such as Checkpoint and OnStep, and Run it.
type Training struct {
	*train.Trainer
	// ReLU6 compares the float model that is trained, with ReLU, with the one that
	// training begins from; Calibrate sets it where the two differ.
	ReLU6     *ptq.ClampEffect
	model     *Model
	data      *train.Data
	float     *train.Float
	quantized *qat.Model // nil in float
	numerics  quant.Numerics
	opts      quantizeOptions
}

// New returns a float model with fresh random parameters, for training from
// scratch: with so many classes, for images of so many channels; 0 means
// torchvision's.
func New(arch string, classes, channels int, seed uint64) (*Model, error) {
	g, err := zoo.New(arch, classes, channels, seed, zoo.Plain)
	if err != nil {
		return nil, err
	}
	m := &Model{meta: Metadata{Arch: arch}}
	m.setGraph(g)
	return m, nil
}

// LabelledData opens labelled samples for the training of m: a folder with one
// folder of images per class, an archive of one, an IDX file with its labels
// beside it, a .npz of x and y. Folders become classes as MatchClasses says, images are
// prepared as m.Preset says. The caller closes the Source.
func LabelledData(ctx context.Context, m *Model, path string, opts ...dataset.Option) (*train.Data, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	source, err := dataset.Open(path, opts...)
	if err != nil {
		return nil, err
	}
	matched, _, err := m.MatchClasses(source)
	if err != nil {
		source.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d, err := TrainingData(ctx, m, matched)
	if err != nil {
		source.Close()
	}
	return d, err
}

// TrainingData makes training data for m of a source whose labels are the model's
// classes.
func TrainingData(ctx context.Context, m *Model, source dataset.Source) (*train.Data, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if source == nil {
		return nil, errNil("source", "dataset.Open returns one")
	}
	d := &train.Data{Source: source, Classes: m.Classes()}
	for i := range source.Len() {
		d.Labels = append(d.Labels, source.Label(i))
	}
	var err error
	if source.Kind() == dataset.KindTensors {
		err = m.checkSample(ctx, source)
	} else {
		d.Preset, _, err = m.Preset()
		if err == nil && d.Preset.Channels != m.Channels() {
			err = fmt.Errorf("images are prepared with %d channels, %s takes %d", d.Preset.Channels, m.name(), m.Channels())
		}
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// checkSample reads the first tensor, to see whether the model takes such.
func (m *Model) checkSample(ctx context.Context, source dataset.Source) error {
	sample, err := source.At(ctx, 0)
	if err != nil {
		return err
	}
	if s := sample.Tensor.Shape(); len(s) != 3 || s[0] != m.Channels() {
		return fmt.Errorf("%s has the shape %v; %s takes [%d, H, W]", sample.Name, s, m.name(), m.Channels())
	}
	return nil
}

// Train prepares the training of a float model. m is not changed.
func Train(m *Model, data *train.Data, recipe train.Config, opts ...TrainOption) (*Training, error) {
	if err := m.checkTraining(data); err != nil {
		return nil, err
	}
	t := &Training{model: m, data: data}
	for _, o := range opts {
		o.applyQuantize(&t.opts)
	}
	if m.quantized {
		return nil, classed{fmt.Errorf("%s is an int8 model, which has no gradients: train the float model it was made from", m.name()), ErrRecipe}
	}
	var err error
	if t.float, err = train.NewFloat(m.graph, autodiff.Options{Threads: t.opts.threads, Recompute: t.opts.recompute}); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name(), err)
	}
	t.Trainer, err = train.New(t.float, data, recipe, t.teacher(recipe))
	return t, t.ready(err, m.Arch())
}

// TrainQuantized prepares quantization-aware training of a float model, or goes on
// with a model in it that PyTorch or octet has saved. WithTorchCompatible trains with
// PyTorch's numbers. Where the recipe distills, the float model is the teacher. m is not
// changed.
func TrainQuantized(m *Model, data *train.Data, recipe train.Config, opts ...QATOption) (*Training, error) {
	if err := m.checkTraining(data); err != nil {
		return nil, err
	}
	t := &Training{model: m, data: data, opts: quantizeRecipe(opts)}
	prepared := m.InTraining()
	g, err := m.trainable(prepared)
	if err != nil {
		return nil, err
	}
	if t.opts.qconfig == "" {
		t.opts.qconfig = "octet_qat"
		if t.opts.compatible {
			t.opts.qconfig = "default_qat"
		}
	}
	numerics, config, err := t.opts.recipe()
	if err != nil {
		return nil, classed{err, ErrRecipe}
	}
	if recipe.LearnScales {
		config = config.Learnable()
	}
	t.numerics = numerics
	t.quantized, err = qat.Prepare(g, qat.Options{
		Numerics: numerics, QConfig: config, Compatible: t.opts.compatible, Exclude: t.opts.exclude, Rules: m.declared != nil, CodedOutputs: quant.PyTorchQConfig(t.opts.qconfig), Threads: t.opts.threads, Recompute: t.opts.recompute,
	})
	if err != nil {
		return nil, classed{err, ErrRecipe}
	}
	if prepared {
		if err := t.quantized.Load(m.origin.state); err != nil {
			return nil, err
		}
	}
	t.Trainer, err = train.New(t.quantized, data, recipe, t.teacher(recipe))
	return t, t.ready(err, m.Arch()+" "+string(t.opts.backend)+" "+t.opts.qconfig)
}

// ready says what is trained, or gives an error of New its class.
func (t *Training) ready(err error, label string) error {
	if err != nil {
		return classed{err, ErrTraining}
	}
	t.Label = label
	t.Settings, err = t.made()
	return err
}

// ErrTraining: the recipe or the data of a training cannot be used.
var ErrTraining = errors.New("training")

// trainable returns the unfused graph of the quantizable variant.
func (m *Model) trainable(prepared bool) (*graph.Graph, error) {
	if !prepared {
		return m.quantizable()
	}
	g, err := zoo.Build(m.meta.Arch, statedict.ShapesOf(m.origin.state), zoo.Quantizable)
	if err != nil {
		return nil, err
	}
	for _, p := range g.Params { // the state dict will set them
		p.Data = tensor.New(tensor.Float32, p.Type.Shape...)
		for i := range p.Data.Float32s() {
			p.Data.Float32s()[i] = 1
		}
	}
	return g, nil
}

// teacher runs the float model, where the recipe asks for one.
func (t *Training) teacher(recipe train.Config) train.Teacher {
	if recipe.Loss.Distill == 0 || t.model.quantized {
		return nil
	}
	var session *Session
	return func(ctx context.Context, x *tensor.Tensor) ([]float32, error) {
		if session == nil {
			m, err := t.model.Quantizable()
			if err == nil {
				session, err = m.Compile(WithThreads(t.opts.threads))
			}
			if err != nil {
				return nil, err
			}
		}
		y, err := session.Run(ctx, x)
		if err != nil {
			return nil, err
		}
		return y.Float32s(), nil
	}
}

// Calibrate starts quantization-aware training from the ranges that post-training
// quantization finds on a few samples, and returns the int8 model that this alone
// gives. A model with ReLU6 is calibrated with it, although ReLU takes its place in
// training: without its clamp a network may compute numbers that no gradient
// survives, and codes do not leave the calibrated range.
func (t *Training) Calibrate(ctx context.Context, samples Batches) (*Model, error) {
	o := t.opts
	o.placedAs, o.qconfig, o.relu6 = o.qconfig, DefaultQConfig, true
	prepared, numerics, err := t.model.prepare(o)
	if err != nil {
		return nil, err
	}
	c, err := t.model.calibrate(ctx, prepared, samples, o)
	if err != nil {
		return nil, err
	}
	t.ReLU6 = c.relu6
	if err := t.quantized.StartFrom(prepared, c.stats); err != nil {
		return nil, err
	}
	converted, _, err := ptq.Convert(prepared, c.stats, numerics)
	if err != nil {
		return nil, err
	}
	return t.model.converted(converted, prepared)
}

// Float returns the float model as it is now, with averaged parameters where the
// recipe averages.
func (t *Training) Float() (*Model, error) {
	var m *Model
	err := t.Averaged(func() error {
		m = &Model{meta: t.model.meta.clone(), declared: t.model.declared}
		m.setGraph(t.graph())
		m.meta.Training = t.record()
		return nil
	})
	return m, err
}

func (t *Training) graph() *graph.Graph {
	if t.quantized != nil {
		return t.quantized.Graph()
	}
	return t.float.Graph()
}

// Int8 returns the int8 model of quantization-aware training as it is now, with
// averaged parameters where the recipe averages.
func (t *Training) Int8() (*Model, *ptq.Report, error) {
	var m *Model
	var report *ptq.Report
	err := t.Averaged(func() error {
		converted, r, err := t.quantized.Convert()
		if err != nil {
			return err
		}
		report = r
		m, err = t.model.converted(converted, t.quantized.Prepared())
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	m.meta.Training = t.record()
	return m, report, nil
}

// Prepared returns the state dict of PyTorch's model in quantization-aware
// training, as it is now.
func (t *Training) Prepared() (*torch.StateDict, error) {
	var sd *torch.StateDict
	err := t.Averaged(func() (err error) {
		sd, err = t.quantized.StateDict()
		return err
	})
	return sd, err
}

func (t *Training) record() *TrainingRecord {
	r := &TrainingRecord{Recipe: t.Config(), Source: t.opts.source, Samples: len(t.data.Labels), Steps: t.Step()}
	if t.quantized != nil {
		config := t.quantized.Prepared().QConfig
		r.QConfigName, r.QConfig, r.TorchCompatible, r.Excluded = t.opts.qconfig, &config, t.opts.compatible, t.opts.exclude
	}
	return r
}
