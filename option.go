package octet

import (
	"slices"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/vision"
)

// OpenOption says about a file what the file does not say itself.
type OpenOption interface{ applyOpen(*openOptions) }

// QuantizeOption is part of the recipe of Quantize.
type QuantizeOption interface{ applyQuantize(*quantizeOptions) }

// CompileOption tunes Compile.
type CompileOption interface{ applyCompile(*compileOptions) }

// TrainOption serves Train and TrainQuantized.
type TrainOption interface {
	QuantizeOption
	training()
}

// QuantizeCompileOption serves these calls, and training.
type QuantizeCompileOption interface {
	TrainOption
	CompileOption
}

// OpenQuantizeOption serves both calls.
type OpenQuantizeOption interface {
	OpenOption
	QuantizeOption
}

type openOptions struct {
	arch, backend, key string
	madeFor            string
	labels             []string
	preset             *vision.Preset
	presetChange       PresetChange
}

type quantizeOptions struct {
	backend     string
	qconfig     string
	granularity granularity
	weightBits  int // 0 leaves the QConfig's
	exclude     []string
	batchSize   int
	limit       int
	threads     int
	resume      *Calibration
	identity    *dataset.Identity
	identified  bool // the calibration says what it was made of
	source      string
	progress    func(done int)
	compatible  bool // training with PyTorch's numbers
	recompute   bool // training in less memory
	relu6       bool // ranges of the model with ReLU6
}

type compileOptions struct {
	threads   int
	cpu       string
	reference bool
	finite    bool // inputs are checked
}

type granularity uint8

const (
	asPreset granularity = iota
	perTensor
	perChannel
)

type (
	openFunc     func(*openOptions)
	quantizeFunc func(*quantizeOptions)
	compileFunc  func(*compileOptions)
)

func (f openFunc) applyOpen(o *openOptions)             { f(o) }
func (f quantizeFunc) applyQuantize(o *quantizeOptions) { f(o) }
func (f compileFunc) applyCompile(o *compileOptions)    { f(o) }

// WithArch names the architecture, as torchvision does: resnet18. Without it,
// the file's own record is used, then what the keys and shapes look like.
func WithArch(name string) OpenOption {
	return openFunc(func(o *openOptions) { o.arch = name })
}

// WithKey picks the state dict of a checkpoint that holds several, as a path:
// model, ema.state_dict.
func WithKey(path string) OpenOption {
	return openFunc(func(o *openOptions) { o.key = path })
}

// WithLabels names the classes, in the order of the model's outputs.
func WithLabels(labels []string) OpenOption {
	labels = slices.Clone(labels)
	return openFunc(func(o *openOptions) { o.labels = labels })
}

// WithPreset says how images become the model's input.
func WithPreset(p vision.Preset) OpenOption {
	return openFunc(func(o *openOptions) { o.preset = &p })
}

type backendOption string

func (b backendOption) applyOpen(o *openOptions)         { o.backend = string(b) }
func (b backendOption) applyQuantize(o *quantizeOptions) { o.backend = string(b) }

// WithBackend names the numeric preset: fbgemm (x86 servers; also called x86),
// qnnpack (ARM devices) or onednn. Any of them runs on any CPU. Open needs it
// only for int8 files of others: without it, per-channel weights mean fbgemm,
// per-tensor ones qnnpack. Quantize's default is fbgemm.
func WithBackend(name string) OpenQuantizeOption { return backendOption(name) }

// WithMadeFor names the backend that a foreign int8 file was made for, which it
// does not say itself; octet's own files do. It is what the file is run by unless
// WithBackend names another, which is then told apart from it.
func WithMadeFor(backend string) OpenOption {
	return openFunc(func(o *openOptions) { o.madeFor = backend })
}

// WithQConfig names the observers: default (PyTorch's get_default_qconfig),
// torchvision (min/max activations), octet (all codes for activations, a scale per
// channel: for files that octet runs), minmax, percentile, mse, or another name that
// quant.QConfigs lists. The default is "default".
func WithQConfig(name string) QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.qconfig = name })
}

// WithPerChannelWeights gives every output channel a scale of its own, whatever
// the QConfig says.
func WithPerChannelWeights() QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.granularity = perChannel })
}

// WithPerTensorWeights gives each weight one scale, whatever the QConfig says.
func WithPerTensorWeights() QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.granularity = perTensor })
}

// WithWeightBits gives weights the codes of so many bits, from 2 to 8, whatever the
// QConfig says. They are stored as int8 all the same.
func WithWeightBits(bits int) QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.weightBits = bits })
}

// WithExclude keeps the layers that match a pattern in float. A pattern is a
// module path with the wildcards of path.Match (fc, layer4.*.conv2); it also
// covers the modules below what it matches.
func WithExclude(patterns ...string) QuantizeOption {
	patterns = slices.Clone(patterns)
	return quantizeFunc(func(o *quantizeOptions) { o.exclude = append(o.exclude, patterns...) })
}

// WithBatchSize says how many samples are shown to the observers at a time. It
// is part of the recipe: histograms and moving averages depend on it. The
// default is 32.
func WithBatchSize(n int) QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.batchSize = n })
}

// WithLimit calibrates on the first n samples only; 0, the default, on all.
func WithLimit(n int) QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.limit = n })
}

// WithResume continues an earlier calibration of the same model on the same data: the
// samples that it has seen are read again, compared and left out. A complete one is
// taken as it is, and the data may be nil then. Other data, or data prepared otherwise,
// is an error that says what differs.
func WithResume(c *Calibration) QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.resume = c })
}

// WithIdentity says what the calibration batches are made of, as dataset.Identify
// finds it, with the images prepared as the batches are. A calibration is then matched
// by the files of the data, so that a complete one is reused without decoding an
// image. Without it, it is matched by the batches, which are then read to the end.
func WithIdentity(data dataset.Identity) QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.identity = &data })
}

// WithSource names the calibration data in the record of the model.
func WithSource(name string) QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.source = name })
}

// WithProgress is called after every batch with the number of samples
// calibrated.
func WithProgress(f func(done int)) QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.progress = f })
}

// WithTorchCompatible makes TrainQuantized compute what PyTorch's prepare_qat
// computes, throughout. Otherwise the forward pass is that of the converted model
// once the statistics of batch norms are frozen.
func WithTorchCompatible() QuantizeOption {
	return quantizeFunc(func(o *quantizeOptions) { o.compatible = true })
}

type recomputeOption struct{}

func (recomputeOption) applyQuantize(o *quantizeOptions) { o.recompute = true }
func (recomputeOption) training()                        {}

// WithRecompute trains in less memory and a little more time: results of batch
// norms are not kept until their gradients are taken, but computed again. The
// numbers do not change.
func WithRecompute() TrainOption { return recomputeOption{} }

type threadsOption int

func (n threadsOption) applyQuantize(o *quantizeOptions) { o.threads = int(n) }
func (n threadsOption) applyCompile(o *compileOptions)   { o.threads = int(n) }
func (threadsOption) training()                          {}

// WithThreads bounds the CPU threads; 0, the default, uses all. Results do not
// depend on it.
func WithThreads(n int) QuantizeCompileOption { return threadsOption(n) }

// WithReference runs the naive operators instead of the kernels: slow, for
// comparisons.
func WithReference() CompileOption {
	return compileFunc(func(o *compileOptions) { o.reference = true })
}

// WithCPU limits the instruction sets to a list such as "avx2+fma" of sets that
// this machine has, or "none" for portable code. Integer results do not depend
// on it.
func WithCPU(features string) CompileOption {
	return compileFunc(func(o *compileOptions) { o.cpu = features })
}
