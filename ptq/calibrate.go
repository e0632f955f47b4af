package ptq

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"sync"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/tensor"
)

// CalibrateOptions of Calibrate; the zero value is good.
type CalibrateOptions struct {
	// Threads is how many forwards run at a time; 0 means one per CPU. The statistics do not
	// depend on it.
	Threads int
	// Progress is called with the number of images done so far, rising, from
	// one goroutine at a time.
	Progress func(images int)
	// Resume continues from statistics of the same model and recipe: the images
	// they count are taken from batches again, and skipped.
	Resume *Stats
	// CPU limits the instruction sets to a list such as "avx2+fma"; empty is all that this
	// machine has. The last bits of what is observed depend on them.
	CPU string
	// Shard says that the batches are a part of the data, which other parts are merged with:
	// none at all is no error, nor are images of one constant, and how samples are cut into
	// batches is not recorded. The observers must be of a kind that merges.
	Shard bool
}

// ErrNoImages: the calibration data held no image.
var ErrNoImages = errors.New("the calibration data is empty: give at least one image")

// Calibrate runs batches, float32 [N, C, H, W] each, through the prepared graph
// and feeds every observer in the order of the batches. How the images are cut
// into batches is part of the recipe, because some observers average batches.
//
// When ctx ends or batches yields an error, the forwards under way are
// finished, and Calibrate returns the statistics so far together with the
// error. NaN or infinities, in the images or in any observed value, give an
// error that names batch and node; images that are all one constant give an
// error too.
func Calibrate(ctx context.Context, p *Prepared, batches iter.Seq2[*tensor.Tensor, error], opts CalibrateOptions) (*Stats, error) {
	return CalibrateInputs(ctx, p, func(yield func([]*tensor.Tensor, error) bool) {
		i := 0
		for x, err := range batches {
			if err == nil && (x == nil || x.DType() != tensor.Float32 || len(x.Shape()) != 4) {
				err = fmt.Errorf("calibration batch %d is %v; expected float32 [N, C, H, W] with at least one image", i, x)
			}
			if !yield([]*tensor.Tensor{x}, err) {
				return
			}
			i++
		}
	}, opts)
}

// CalibrateInputs is Calibrate for a graph with any inputs; a batch holds a tensor for each, in
// their order. With one input its first axis counts samples; with several a batch is one
// sample.
func CalibrateInputs(ctx context.Context, p *Prepared, batches iter.Seq2[[]*tensor.Tensor, error], opts CalibrateOptions) (*Stats, error) {
	c, err := newCalibration(p, opts)
	if err != nil {
		return nil, err
	}
	stopped := c.run(ctx, batches)
	if err := c.turns.error(); err != nil {
		return nil, err
	}
	if stopped == nil && c.stats.Images == 0 && !opts.Shard {
		return nil, ErrNoImages
	}
	if math.IsInf(float64(c.stats.InputMin), 1) { // no input is of floats
		c.stats.InputMin, c.stats.InputMax = 0, 0
	} else if stopped == nil && !opts.Shard && c.stats.constant() && p.oneFloat() {
		return nil, errConstant(c.stats)
	}
	if opts.Shard {
		c.stats.settle()
	}
	for k, o := range c.observers {
		c.stats.add(observed{value: p.Observed[k], live: o})
	}
	return c.stats, stopped
}

type calibration struct {
	p         *Prepared
	opts      CalibrateOptions
	forward   forward
	observers []observe.Observer
	turns     *turns
	stats     *Stats
	skip      int // batches that Resume has counted

	mu   sync.Mutex // guards done
	done int        // images whose forward is complete
}

func newCalibration(p *Prepared, opts CalibrateOptions) (*calibration, error) {
	if opts.Shard {
		if err := Mergeable(p.QConfig); err != nil {
			return nil, err
		}
	}
	if opts.Threads <= 0 {
		opts.Threads = cpu.Threads()
	}
	// Compiling and fingerprinting each read all weights; side by side they take half as long.
	var run forward
	var notCompiled error
	var compiling sync.WaitGroup
	compiling.Go(func() { run, notCompiled = newForward(p, engine.Options{Threads: opts.Threads, CPU: opts.CPU}) })
	model, err := p.model()
	compiling.Wait()
	if err := errors.Join(err, notCompiled); err != nil {
		return nil, err
	}
	c := &calibration{p: p, opts: opts, forward: run, turns: newTurns(len(p.Observed)), stats: &Stats{
		Format: statsFormat, Architecture: p.Graph.Name, Model: model, QConfig: p.QConfig,
		InputMin: float32(math.Inf(1)), InputMax: float32(math.Inf(-1)),
	}}
	begin := func(string) (observe.Observer, error) { return observe.NewStrict(p.QConfig.Activation) }
	if r := opts.Resume; r != nil {
		if err := r.check(p); err != nil {
			return nil, err
		}
		begin = func(name string) (observe.Observer, error) { return r.observer(name, p.QConfig.Activation) }
		resumed := *r
		resumed.observers, resumed.at = nil, nil
		c.stats, c.skip, c.done = &resumed, r.Batches, r.Images
	}
	for _, name := range p.Observed {
		o, err := begin(name)
		if err != nil {
			return nil, fmt.Errorf("observer of %q: %w", name, err)
		}
		c.observers = append(c.observers, o)
	}
	return c, nil
}

// run feeds all batches and returns why it stopped early, if it did.
func (c *calibration) run(ctx context.Context, batches iter.Seq2[[]*tensor.Tensor, error]) (stopped error) {
	slots := make(chan struct{}, c.opts.Threads)
	var running sync.WaitGroup
	defer running.Wait()
	i := 0
	for in, err := range batches {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.turns.error() != nil {
			return nil
		}
		if c.skip > 0 {
			c.skip--
			continue
		}
		if err := c.count(in); err != nil {
			c.turns.fail(i, err)
			return nil
		}
		slots <- struct{}{}
		running.Add(1)
		go func(i int) {
			defer running.Done()
			defer func() { <-slots }()
			if err := c.one(i, in); err != nil {
				c.turns.fail(i, err)
				return
			}
			c.progress(samplesOf(in))
		}(i)
		i++
	}
	return ctx.Err()
}

// oneFloat reports whether the graph has one input, of float32.
func (p *Prepared) oneFloat() bool {
	in := p.Calibrated.Inputs
	return len(in) == 1 && in[0].Type.DType == tensor.Float32
}

// samplesOf is the number of samples in a batch.
func samplesOf(in []*tensor.Tensor) int {
	if len(in) != 1 || len(in[0].Shape()) == 0 {
		return 1
	}
	return in[0].Dim(0)
}

// count checks a batch and adds it to the statistics.
func (c *calibration) count(in []*tensor.Tensor) error {
	s, n := c.stats, samplesOf(in)
	for i, x := range in {
		if x.Numel() == 0 {
			return fmt.Errorf("calibration batch %d is empty: %v", s.Batches, x)
		}
		if x.DType() != tensor.Float32 {
			continue
		}
		lo, hi, err := extremes(x.Float32s())
		if err != nil && len(in) > 1 {
			return fmt.Errorf("calibration sample %d: input %s: %w", s.Images, c.p.Calibrated.Inputs[i].Name, err)
		}
		if err != nil {
			return fmt.Errorf("calibration batch %d (images %d to %d): %w; check how the images are read and normalised",
				s.Batches, s.Images, s.Images+n-1, err)
		}
		s.InputMin, s.InputMax = min(s.InputMin, lo), max(s.InputMax, hi)
	}
	if s.Batches == 0 {
		s.BatchSize = n
		for _, x := range in {
			s.InputShapes = append(s.InputShapes, x.Shape().Clone())
		}
	}
	s.Batches++
	s.Images += n
	return nil
}

// one runs batch i and feeds the observers.
func (c *calibration) one(i int, in []*tensor.Tensor) error {
	// Cancelling stops the stream of batches; those under way are finished, so
	// that the statistics stay those of whole batches.
	return c.forward(context.Background(), in, func(k int, data []float32, shape tensor.Shape) error {
		if !c.turns.wait(k, i) {
			return errors.New("an earlier batch failed")
		}
		defer c.turns.pass(k)
		if err := c.observers[k].Observe(data, shape); err != nil {
			return fmt.Errorf("calibration batch %d: node %q: %w", i, c.p.Observed[k], err)
		}
		return nil
	})
}

func (c *calibration) progress(images int) {
	if c.opts.Progress == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += images
	c.opts.Progress(c.done)
}

// extremes returns the smallest and largest value, or an error for NaN and
// infinities.
func extremes(x []float32) (lo, hi float32, err error) {
	lo, hi, finite := observe.Range(x)
	if !finite {
		return 0, 0, errors.New("NaN or infinite values")
	}
	return lo, hi, nil
}
