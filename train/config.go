package train

import (
	"fmt"

	"github.com/octet-ml/octet/vision"
)

// Config is a recipe: with the model and the data it decides every number. It is
// plain data and travels in checkpoints as JSON. Start from Default.
type Config struct {
	// Epochs is how often each sample is seen; Steps, where not 0, ends the training
	// earlier.
	Epochs int `json:"epochs"`
	Steps  int `json:"steps,omitempty"`
	// BatchSize is the number of samples of a step. Samples that do not fill a last
	// batch are left out of their epoch.
	BatchSize int `json:"batch_size"`
	// Seed decides order and augmentation.
	Seed uint64 `json:"seed"`

	Optimizer Optimizer `json:"optimizer"` // how gradients change parameters
	Schedule  Schedule  `json:"schedule"`  // how the learning rate goes over the steps
	// Clip is the largest length that the gradient of all parameters together may
	// have; longer ones are shortened to it. 0 leaves them.
	Clip float64 `json:"clip,omitempty"`
	// EMA is the weight of the past in the average of the parameters over the steps,
	// such as 0.999, which is then what is saved and evaluated; 0 averages nothing.
	EMA float64 `json:"ema,omitempty"`

	// Loss says what is made small; its teacher is given to New.
	Loss Loss `json:"loss"`
	// Augment changes images at random.
	Augment vision.Augment `json:"augment"`

	// LearnScales, in quantization-aware training with learnable fake quantizations,
	// lets the gradient decide scales and zero points from the second step on.
	LearnScales bool `json:"learn_scales,omitempty"`
	// FreezeObservers and FreezeNorms are of quantization-aware training: the share of the
	// steps, 0 to 1, after which the scales of activations and the statistics of batch norms
	// are frozen. 1 freezes nothing.
	FreezeObservers float64 `json:"freeze_observers,omitempty"`
	FreezeNorms     float64 `json:"freeze_norms,omitempty"`
}

// Default is a recipe for training a small network from scratch.
func Default() Config {
	return Config{
		Epochs: 10, BatchSize: 64,
		Optimizer: Optimizer{Kind: SGD, LearningRate: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4},
		Schedule:  Schedule{Kind: Cosine, Warmup: 0.05},
		Loss:      Loss{},
	}
}

// DefaultQAT is a recipe for fine-tuning a trained network with quantization in
// the loop.
func DefaultQAT() Config {
	c := Default()
	c.Epochs = 3
	c.Optimizer.LearningRate, c.Optimizer.WeightDecay = 0.005, 1e-4
	c.FreezeObservers, c.FreezeNorms = 0.4, 0.6
	return c
}

// Validate reports the first thing in c that cannot be meant.
func (c Config) Validate() error {
	switch {
	case c.Epochs < 1:
		return fmt.Errorf("epochs is %d; train at least 1", c.Epochs)
	case c.Steps < 0:
		return fmt.Errorf("steps is %d; it must not be negative", c.Steps)
	case c.BatchSize < 1:
		return fmt.Errorf("batch size is %d; it must be at least 1", c.BatchSize)
	case !(c.Clip >= 0):
		return fmt.Errorf("clip is %v; it must not be negative", c.Clip)
	case !(c.EMA >= 0 && c.EMA < 1):
		return fmt.Errorf("ema is %v; it must be from 0 to below 1", c.EMA)
	case !(c.Loss.Smoothing >= 0 && c.Loss.Smoothing < 1):
		return fmt.Errorf("label smoothing is %v; it must be from 0 to below 1", c.Loss.Smoothing)
	case !(c.Loss.Distill >= 0 && c.Loss.Distill <= 1):
		return fmt.Errorf("distill is %v; it must be from 0 to 1", c.Loss.Distill)
	case !(c.Loss.Temperature >= 0):
		return fmt.Errorf("temperature is %v; it must be positive", c.Loss.Temperature)
	case !(c.FreezeObservers >= 0 && c.FreezeObservers <= 1) || !(c.FreezeNorms >= 0 && c.FreezeNorms <= 1):
		return fmt.Errorf("observers are frozen after %v and batch norms after %v of the training; both must be from 0 to 1", c.FreezeObservers, c.FreezeNorms)
	}
	if err := c.Augment.Validate(); err != nil {
		return err
	}
	if err := c.Schedule.validate(); err != nil {
		return err
	}
	return c.Optimizer.validate()
}
