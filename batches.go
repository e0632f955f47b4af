package octet

import (
	"fmt"
	"iter"

	"github.com/octet-ml/octet/tensor"
)

// Batches is a stream of model inputs, float32 [N, C, H, W] with any N. An error
// ends it. A tensor belongs to the receiver: who gave it must not change it any more.
type Batches = iter.Seq2[*tensor.Tensor, error]

// FromTensor streams the samples of one tensor [N, C, H, W].
func FromTensor(x *tensor.Tensor) Batches {
	return func(yield func(*tensor.Tensor, error) bool) {
		if x == nil {
			yield(nil, errNil("tensor", "octet.FromTensor takes float32 [N, C, H, W]"))
			return
		}
		yield(x, nil)
	}
}

// regroup cuts a stream into batches of the recipe's size, the last one possibly
// smaller, and ends it after the recipe's limit. All samples need one shape with
// the model's number of channels. Batches that fit already are passed on as they are.
// Nothing, nil, stays nothing.
func regroup(in Batches, channels int, o quantizeOptions) Batches {
	if in == nil {
		return nil
	}
	return func(yield func(*tensor.Tensor, error) bool) {
		g := grouper{size: o.batchSize, left: o.limit, bounded: o.limit > 0, channels: channels}
		for x, err := range in {
			if err == nil {
				err = g.check(x)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if g.fits(x) {
				if !yield(g.pass(x), nil) || g.ended() {
					return
				}
				continue
			}
			for row := range x.Dim(0) {
				if g.add(x, row); !g.full() {
					continue
				}
				if !yield(g.take(), nil) || g.ended() {
					return
				}
			}
			if g.ended() {
				break
			}
		}
		if len(g.data) > 0 {
			yield(g.take(), nil)
		}
	}
}

// grouper collects samples of one shape.
type grouper struct {
	size, left int
	bounded    bool
	channels   int
	shape      tensor.Shape // of a sample
	data       []float32
	seen       int
}

func (g *grouper) check(x *tensor.Tensor) error {
	if x == nil || x.DType() != tensor.Float32 || len(x.Shape()) != 4 {
		return fmt.Errorf("calibration data: sample %d comes as %v; float32 [N, C, H, W] is needed", g.seen, x)
	}
	if x.Dim(1) != g.channels {
		return fmt.Errorf("calibration data: sample %d has shape %v; the model takes [%d, H, W]", g.seen, x.Shape()[1:], g.channels)
	}
	if g.shape == nil {
		g.shape = x.Shape()[1:].Clone()
	}
	if !g.shape.Equal(x.Shape()[1:]) {
		return fmt.Errorf("calibration data: sample %d has shape %v, the ones before it %v; all need one shape, so resize or crop them", g.seen, x.Shape()[1:], g.shape)
	}
	return nil
}

// fits reports whether x is a batch of the recipe as it is.
func (g *grouper) fits(x *tensor.Tensor) bool {
	n := x.Dim(0)
	return len(g.data) == 0 && n == g.size && (!g.bounded || n <= g.left)
}

// pass counts a batch that fits.
func (g *grouper) pass(x *tensor.Tensor) *tensor.Tensor {
	g.left -= x.Dim(0)
	g.seen += x.Dim(0)
	return x
}

func (g *grouper) add(x *tensor.Tensor, row int) {
	if g.ended() {
		return
	}
	n := g.shape.Numel()
	if g.data == nil {
		g.data = make([]float32, 0, g.room(x.Dim(0)-row)*n)
	}
	g.data = append(g.data, x.Float32s()[row*n:(row+1)*n]...)
	g.left--
	g.seen++
}

// room is how many samples the next batch will hold where so many are at hand: all of
// the recipe's, or what the limit leaves. The size is the caller's to choose, so that a
// huge one is not taken on trust.
func (g *grouper) room(atHand int) int {
	n := min(g.size, max(atHand, DefaultBatchSize))
	if g.bounded {
		n = min(n, g.left)
	}
	return n
}

func (g *grouper) count() int  { return len(g.data) / max(1, g.shape.Numel()) }
func (g *grouper) full() bool  { return g.count() == g.size }
func (g *grouper) ended() bool { return g.bounded && g.left <= 0 }

func (g *grouper) take() *tensor.Tensor {
	x := tensor.Of(g.data, append(tensor.Shape{g.count()}, g.shape...)...)
	g.data = nil
	return x
}
