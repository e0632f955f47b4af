package train

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// Data is a labelled set of samples.
type Data struct {
	Source dataset.Source // images or tensors, one for each sample
	// Preset makes inputs of images; a set of tensors needs none.
	Preset vision.Preset
	// Labels has the class of each sample, as the model's outputs count them.
	Labels []int
	// Classes is the number of the model's outputs; a single one decides between the classes
	// 0 and 1.
	Classes int
}

// check finds what cannot be trained on.
func (d *Data) check() error {
	n := d.Source.Len()
	if len(d.Labels) != n {
		return fmt.Errorf("%d labels for %d samples; every sample needs one", len(d.Labels), n)
	}
	classes := compare.Classes(d.Classes)
	first := -1
	several := false
	for i, l := range d.Labels {
		switch {
		case l < 0:
			return fmt.Errorf("%s has no label; training needs one for every sample: one folder per class, or a file of labels", d.Source.Name(i))
		case l >= classes:
			return fmt.Errorf("%s has the label %d, the model the classes 0 to %d: the data are of another task, or the model needs more outputs", d.Source.Name(i), l, classes-1)
		}
		if i == 0 {
			first = l
		}
		several = several || l != first
	}
	if !several {
		return fmt.Errorf("all %d samples are of class %d; there is nothing to tell apart, so give data of at least two classes", n, first)
	}
	return nil
}

// Batch is the samples of a step.
type Batch struct {
	X      *tensor.Tensor // float32 [N, C, H, W]
	Labels []int          // one for each sample, a class number from 0
	Index  []int          // of the samples, in the data
}

// batches yields the batches of steps from on, without end, read and augmented
// ahead by several workers. What a batch holds depends on its step only.
func (d *Data) batches(ctx context.Context, cfg Config, from int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var group sync.WaitGroup
		defer group.Wait()
		defer cancel()
		jobs := make(chan sampleJob)
		queue := make(chan *pending, 2) // batches ahead of the step
		group.Go(func() {
			defer close(queue)
			defer close(jobs)
			for step := from; ; step++ {
				p := d.order(cfg, step)
				select {
				case queue <- p:
				case <-ctx.Done():
					return
				}
				for i := range p.index {
					select {
					case jobs <- sampleJob{p, i}:
					case <-ctx.Done():
						p.abandon(i, ctx.Err())
						return
					}
				}
			}
		})
		for range runtime.GOMAXPROCS(0) {
			group.Go(func() {
				for j := range jobs {
					j.of.samples[j.at], j.of.errs[j.at] = d.sample(ctx, cfg, j.of.epoch, j.of.index[j.at])
					j.of.left.Done()
				}
			})
		}
		for p := range queue {
			p.left.Wait()
			b, err := d.collect(p)
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// pending is a batch whose samples are being read.
type pending struct {
	epoch   int
	index   []int
	samples []*tensor.Tensor
	errs    []error
	left    sync.WaitGroup
}

type sampleJob struct {
	of *pending
	at int
}

// abandon gives up the samples from i on.
func (p *pending) abandon(i int, err error) {
	for ; i < len(p.index); i++ {
		p.errs[i] = err
		p.left.Done()
	}
}

// perEpoch is the number of steps of an epoch.
func (d *Data) perEpoch(cfg Config) int { return max(1, d.Source.Len()/cfg.BatchSize) }

// order decides the samples of a step.
func (d *Data) order(cfg Config, step int) *pending {
	n, per := d.Source.Len(), d.perEpoch(cfg)
	epoch, at := step/per, step%per*cfg.BatchSize
	perm := rand.New(rand.NewPCG(cfg.Seed, uint64(epoch))).Perm(n)
	index := perm[at:min(at+cfg.BatchSize, n)]
	p := &pending{epoch: epoch, index: index, samples: make([]*tensor.Tensor, len(index)), errs: make([]error, len(index))}
	p.left.Add(len(index))
	return p
}

// sample reads and augments a sample.
func (d *Data) sample(ctx context.Context, cfg Config, epoch, i int) (*tensor.Tensor, error) {
	s, err := d.Source.At(ctx, i)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(cfg.Seed^0x9E3779B97F4A7C15, uint64(epoch)<<32|uint64(i)))
	x := s.Tensor
	if s.Image != nil {
		x, err = cfg.Augment.Apply(d.Preset, s.Image, r)
	} else {
		x, err = cfg.Augment.ApplyTensor(x, r)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	for _, v := range x.Float32s() {
		if v != v || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("%s holds NaN or infinite values, which nothing can be learned from; check how it was made", s.Name)
		}
	}
	return x, nil
}

// collect joins the samples of a batch.
func (d *Data) collect(p *pending) (*Batch, error) {
	for _, err := range p.errs {
		if err != nil {
			return nil, err
		}
	}
	shape := p.samples[0].Shape()
	b := &Batch{X: tensor.New(tensor.Float32, append(tensor.Shape{len(p.index)}, shape...)...), Index: p.index}
	n := shape.Numel()
	for i, x := range p.samples {
		if !x.Shape().Equal(shape) {
			return nil, fmt.Errorf("%s has the shape %v, %s %v; a batch needs one shape, so let the preset crop, or resize to [height, width]",
				d.Source.Name(p.index[i]), x.Shape(), d.Source.Name(p.index[0]), shape)
		}
		copy(b.X.Float32s()[i*n:], x.Float32s())
		b.Labels = append(b.Labels, d.Labels[p.index[i]])
	}
	return b, nil
}
