package octet

import (
	"maps"
	"slices"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/correct"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/vision"
)

// Options say by their type which calls they fit; any other combination does not
// compile.
type (
	// OpenOption says about a file what the file does not say itself.
	OpenOption interface{ applyOpen(*openOptions) }
	// CompileOption tunes Compile.
	CompileOption interface{ applyCompile(*compileOptions) }
	// QuantizeOption is for Quantize and Calibrate: the recipe, and how the data is read.
	QuantizeOption interface {
		recipeChange
		forQuantize()
	}
	// ConvertOption is for Convert: what of the recipe decides behind the calibration.
	ConvertOption interface {
		recipeChange
		forConvert()
	}
	// ExcludeSlowerOption is for ExcludeSlower.
	ExcludeSlowerOption interface {
		recipeChange
		forExcludeSlower()
	}
	// TrainOption is for Train.
	TrainOption interface {
		recipeChange
		forTrain()
	}
	// QATOption is for TrainQuantized.
	QATOption interface {
		recipeChange
		forQAT()
	}
)

// Options that fit several calls.
type (
	// CalibrationOption is for the calls that read calibration data: Quantize, Calibrate
	// and ExcludeSlower.
	CalibrationOption interface {
		QuantizeOption
		ExcludeSlowerOption
	}
	// ConversionOption is for these and for Convert.
	ConversionOption interface {
		CalibrationOption
		ConvertOption
	}
	// RecipeOption is for these and for TrainQuantized.
	RecipeOption interface {
		ConversionOption
		QATOption
	}
	// LayerOption is for these, QuantizeDynamic and QuantizeWeightOnly: which layers, and how their
	// weights.
	LayerOption interface {
		RecipeOption
		DynamicOption
		WeightOnlyOption
	}
	// BackendOption is for these, and for Open.
	BackendOption interface {
		LayerOption
		OpenOption
	}
	// TrainingOption is for both kinds of training.
	TrainingOption interface {
		TrainOption
		QATOption
	}
	// CPUOption is for the calls that compute in float, or may.
	CPUOption interface {
		CalibrationOption
		CompileOption
	}
	// ThreadsOption is for all calls that compute.
	ThreadsOption interface {
		ConversionOption
		TrainingOption
		CompileOption
	}
)

// recipeChange is what options of quantizing and training do.
type recipeChange interface{ applyQuantize(*quantizeOptions) }

type openOptions struct {
	arch, key        string
	backend, madeFor Backend
	labels           []string
	preset           *vision.Preset
	presetChange     PresetChange
	given            onnx.Given // of a model with a graph of its own
	stateDict        bool       // of a program, its state dict alone
	graphOf          string     // the file whose graph a state dict has
	// over makes the model of that graph. Who takes no other graph does not link it.
	over func(m *Model, dicts []stateDict, fill func(*torch.StateDict) error, o openOptions) (*Model, error)
}

type quantizeOptions struct {
	backend     Backend
	qconfig     string
	placedAs    string // the QConfig whose places of codes hold; empty is qconfig
	granularity granularity
	weightBits  int                // 0 leaves the QConfig's
	groupSize   *int               // of weights alone
	ranges      quant.ObserverKind // of activations; empty leaves the QConfig's
	exclude     []string
	batchSize   int
	limit       int
	threads     int
	cpu         string // instruction sets of calibration
	resume      *Calibration
	identity    *dataset.Identity
	identified  bool // the calibration says what it was made of
	source      string
	progress    func(done int)
	compatible  bool // training with PyTorch's numbers
	recompute   bool // training in less memory
	relu6       bool // ranges of the model with ReLU6
	equalize    bool // of weights, across layers
	correct     correct.Options
	slower      func(names []string)
	scaleOf     func(row []float32) (float64, bool) // of weights that were quantized already
}

type compileOptions struct {
	threads int
	cpu     string
	finite  bool // inputs are checked
	// total and progress tell how far Fix is.
	total, progress func(n int)
	// sound is the ratio of a model that Fix leaves as it is; 0 is its target.
	sound float64
	// engine is what computes; nil are the kernels. Who does not ask for the reference
	// does not link it.
	engine func(*graph.Graph, engine.Options) (engine.Engine, error)
}

type granularity uint8

const (
	asPreset granularity = iota
	perTensor
	perChannel
)

// WithArch names the architecture, as torchvision does: resnet18. Without it,
// the file's own record is used, then what the keys and shapes look like.
func WithArch(name string) OpenOption {
	return openFunc(func(o *openOptions) { o.arch = name })
}

// AsStateDict reads of a .pt2 file, a program of torch.export.save, the state dict alone, as Open
// does where WithArch names an architecture. The architecture is found as that of a .pth file is,
// and the int8 model can be saved as one.
func AsStateDict() OpenOption { return openFunc(func(o *openOptions) { o.stateDict = true }) }

// WithGraphOf gives a float state dict, .pth or .safetensors, or a .pth of PyTorch's quantize_dynamic, the graph of the .pt2 or .onnx file of the
// same model: checkpoints of a training need not be exported each. Keys and shapes must agree exactly,
// and what the file computed of its weights is computed again; the error is a *GraphMismatchError. A
// .pt2 file keeps all names; an .onnx file keeps those that PyTorch's exporter did not replace.
func WithGraphOf(path string) OpenOption {
	return openFunc(func(o *openOptions) { o.graphOf, o.over = path, (*Model).overGraph })
}

// WithInput makes an input of an ONNX model or a program a constant, which Run does not take any more:
// one on which shapes depend, such as the sizes of a Resize, or a setting, such as a
// sample rate.
func WithInput(name string, t *tensor.Tensor) OpenOption {
	return openFunc(func(o *openOptions) {
		o.given.Inputs = maps.Clone(o.given.Inputs)
		if o.given.Inputs == nil {
			o.given.Inputs = map[string]*tensor.Tensor{}
		}
		o.given.Inputs[name] = t
	})
}

// WithShape fixes the extents of an input of an ONNX model or a program of which the file leaves some
// free, or one extent of all inputs by the name that the file gives it: WithShape("batch", 4).
// What depends on them, such as which branch of an If is taken, is then known.
func WithShape(name string, shape ...int) OpenOption {
	return openFunc(func(o *openOptions) {
		o.given.Shapes = maps.Clone(o.given.Shapes)
		if o.given.Shapes == nil {
			o.given.Shapes = map[string]tensor.Shape{}
		}
		o.given.Shapes[name] = shape
	})
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

// WithBackend names the numeric preset. Open needs it only for int8 files of others:
// without it, per-channel weights mean FBGEMM, per-tensor ones QNNPACK. An ONNX file says
// itself how it is computed: for one it is an error. Quantize's default is FBGEMM, that of
// QuantizeDynamic ONNX for a model with a graph of its own.
func WithBackend(b Backend) BackendOption {
	return backendOption{layers(func(o *quantizeOptions) { o.backend = b }), b}
}

// WithMadeFor names the backend that a foreign int8 file was made for, which it
// does not say itself; octet's own files do. The file runs with that backend's rules
// unless WithBackend names another: Model.MadeFor and Model.Backend then differ.
func WithMadeFor(backend Backend) OpenOption {
	return openFunc(func(o *openOptions) { o.madeFor = backend })
}

// Recipe is several options as one, for recipes that are given to several calls:
// Calibrate and Convert, say.
func Recipe(opts ...RecipeOption) RecipeOption {
	opts = slices.Clone(opts)
	return recipe(func(o *quantizeOptions) {
		for _, opt := range opts {
			opt.applyQuantize(o)
		}
	})
}

// Layers is several options as one, like Recipe: which layers are quantized, and how.
func Layers(opts ...LayerOption) LayerOption {
	opts = slices.Clone(opts)
	return layers(func(o *quantizeOptions) {
		for _, opt := range opts {
			opt.applyQuantize(o)
		}
	})
}

// Conversion is several options as one, like Recipe, for recipes of which training knows
// nothing.
func Conversion(opts ...ConversionOption) ConversionOption {
	opts = slices.Clone(opts)
	return converting(func(o *quantizeOptions) {
		for _, opt := range opts {
			opt.applyQuantize(o)
		}
	})
}

// Reading is several options as one, like Recipe: how calibration data is read.
func Reading(opts ...CalibrationOption) CalibrationOption {
	opts = slices.Clone(opts)
	return calibrating(func(o *quantizeOptions) {
		for _, opt := range opts {
			opt.applyQuantize(o)
		}
	})
}

// WithQConfig names the observers: default (PyTorch's get_default_qconfig),
// torchvision (min/max activations), octet (all codes for activations, a scale per
// channel: for files that octet runs), minmax, percentile, mse, or another name that
// quant.QConfigs lists. The default is "default", for ONNX models "octet" with the ranges of
// least squared error, WithRanges(quant.MSE).
func WithQConfig(name string) RecipeOption {
	return recipe(func(o *quantizeOptions) { o.qconfig = name })
}

// WithPerChannelWeights gives every output channel a scale of its own, whatever
// the QConfig says.
func WithPerChannelWeights() LayerOption {
	return layers(func(o *quantizeOptions) { o.granularity = perChannel })
}

// WithPerTensorWeights gives each weight one scale, whatever the QConfig says.
func WithPerTensorWeights() LayerOption {
	return layers(func(o *quantizeOptions) { o.granularity = perTensor })
}

// WithWeightBits gives weights the codes of so many bits, from 2 to 8, whatever the
// QConfig says. They are stored as int8 all the same.
func WithWeightBits(bits int) LayerOption {
	return layers(func(o *quantizeOptions) { o.weightBits = bits })
}

// WithRanges says how the ranges of activations are found, whatever the QConfig says:
// quant.MinMax, quant.Histogram, quant.Percentile or quant.MSE.
func WithRanges(kind quant.ObserverKind) RecipeOption {
	return recipe(func(o *quantizeOptions) { o.ranges = kind })
}

// WithExclude keeps the layers that match a pattern in float. A pattern is a
// module path with the wildcards of path.Match (fc, layer4.*.conv2); it also
// covers the modules below what it matches.
func WithExclude(patterns ...string) LayerOption {
	patterns = slices.Clone(patterns)
	return layers(func(o *quantizeOptions) { o.exclude = append(o.exclude, patterns...) })
}

// WithBatchSize says how many samples are shown to the observers at a time. It
// is part of the recipe: histograms and moving averages depend on it. The
// default is 32.
func WithBatchSize(n int) CalibrationOption {
	return calibrating(func(o *quantizeOptions) { o.batchSize = n })
}

// WithLimit calibrates on the first n samples only; 0, the default, on all.
func WithLimit(n int) CalibrationOption {
	return calibrating(func(o *quantizeOptions) { o.limit = n })
}

// WithResume continues an earlier calibration of the same model on the same data: the
// samples that it has seen are read again, compared and left out. A complete one is
// taken as it is, and the data may be nil then. Other data, or data prepared otherwise,
// is an error that says what differs.
func WithResume(c *Calibration) QuantizeOption {
	return calibrating(func(o *quantizeOptions) { o.resume = c })
}

// WithIdentity says what the calibration batches are made of, as dataset.Identify
// finds it, with the images prepared as the batches are. A calibration is then matched
// by the files of the data, so that a complete one is reused without decoding an
// image. Without it, it is matched by the batches, which are then read to the end.
func WithIdentity(data dataset.Identity) CalibrationOption {
	return calibrating(func(o *quantizeOptions) { o.identity = &data })
}

// WithSource names the calibration data in the record of the model.
func WithSource(name string) RecipeOption {
	return recipe(func(o *quantizeOptions) { o.source = name })
}

// WithProgress is called after every batch with the number of samples
// calibrated.
func WithProgress(f func(done int)) CalibrationOption {
	return calibrating(func(o *quantizeOptions) { o.progress = f })
}

// WithTorchCompatible makes TrainQuantized compute what PyTorch's prepare_qat
// computes, throughout. Otherwise the forward pass is that of the converted model
// once the statistics of batch norms are frozen.
func WithTorchCompatible() QATOption {
	return qatOption{quantizeFunc: func(o *quantizeOptions) { o.compatible = true }}
}

// WithSlowerLayers is called by ExcludeSlower with the layers that it has found, before
// it quantizes again without them.
func WithSlowerLayers(f func(names []string)) ExcludeSlowerOption {
	return excludeSlowerOption{quantizeFunc: func(o *quantizeOptions) { o.slower = f }}
}

// WithRecompute trains in less memory and a little more time: results of batch
// norms are not kept until their gradients are taken, but computed again. The
// numbers do not change.
func WithRecompute() TrainingOption {
	return trainingOption{qatOption: qatOption{quantizeFunc: func(o *quantizeOptions) { o.recompute = true }}}
}

// WithThreads bounds the CPU threads; 0, the default, uses one for each core, or for each
// large one where Linux or Android says that cores differ (big.LITTLE). Results do not
// depend on it.
func WithThreads(n int) ThreadsOption {
	return threadsOption{
		quantizeFunc: func(o *quantizeOptions) { o.threads = n },
		compileFunc:  func(o *compileOptions) { o.threads = n },
	}
}

// WithReference runs the naive operators instead of the kernels: slow, for
// comparisons.
func WithReference() CompileOption {
	return compileFunc(func(o *compileOptions) {
		o.engine = func(g *graph.Graph, _ engine.Options) (engine.Engine, error) { return engine.Reference(g) }
	})
}

// WithCPU limits the instruction sets to a list such as "avx2+fma" of sets that
// this machine has, or "none" for portable code. Integer results do not depend
// on it; the last bits of float ones do, and so do statistics of calibration.
func WithCPU(features string) CPUOption {
	return cpuOption{
		calibrationOption: calibrating(func(o *quantizeOptions) { o.cpu = features }),
		compileFunc:       func(o *compileOptions) { o.cpu = features },
	}
}
