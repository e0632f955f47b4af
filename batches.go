package octet

import (
	"fmt"
	"iter"

	"github.com/octet-ml/octet/tensor"
)

// Batches is a stream of model inputs, float32 [N, C, H, W] with any N; of a model whose file
// declares uint8 or [N, H, W, C], that. An error ends it. A tensor belongs to the receiver: who
// gave it must not change it any more.
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

// form is what samples of a model are.
type form struct {
	dtype    tensor.DType
	channels int
	axis     int // of the channels, in batches
}

// form returns what calibration data of m must be.
func (m *Model) form() form {
	f := form{tensor.Float32, m.Channels(), 1}
	in, ok := m.image()
	if ok && in.pixels() {
		f.dtype = tensor.UInt8
	}
	if ok && in.channelsLast {
		f.axis = 3
	}
	return f
}

// String writes the form of batches.
func (f form) String() string {
	if f.axis == 3 {
		return fmt.Sprintf("%v [N, H, W, %d]", f.dtype, f.channels)
	}
	return fmt.Sprintf("%v [N, %d, H, W]", f.dtype, f.channels)
}

// regroup cuts a stream into batches of the recipe's size, the last one possibly
// smaller, and ends it after the recipe's limit. All samples need one shape, of the
// model's form. Batches that fit already are passed on as they are.
// Nothing, nil, stays nothing.
func regroup(in Batches, f form, o quantizeOptions) Batches {
	if in == nil {
		return nil
	}
	return func(yield func(*tensor.Tensor, error) bool) {
		g := grouper{size: o.batchSize, left: o.limit, bounded: o.limit > 0, form: f}
		for x, err := range in {
			if err == nil {
				x, err = g.taken(x)
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
		if len(g.rows) > 0 {
			yield(g.take(), nil)
		}
	}
}

// grouper collects samples of one shape.
type grouper struct {
	size, left int
	bounded    bool
	form       form
	shape      tensor.Shape // of a sample
	rows       []*tensor.Tensor
	seen       int
}

// taken returns a batch in the model's form, or what is wrong with it.
func (g *grouper) taken(x *tensor.Tensor) (*tensor.Tensor, error) {
	x, err := asPixels(g.form.dtype, x)
	if err != nil {
		return nil, fmt.Errorf("calibration data: sample %d %w", g.seen, err)
	}
	if x == nil || x.DType() != g.form.dtype || len(x.Shape()) != 4 || x.Dim(g.form.axis) != g.form.channels {
		return nil, fmt.Errorf("calibration data: sample %d comes as %v; the model takes %v", g.seen, x, g.form)
	}
	if g.shape == nil {
		g.shape = x.Shape()[1:].Clone()
	}
	if !g.shape.Equal(x.Shape()[1:]) {
		return nil, fmt.Errorf("calibration data: sample %d has shape %v, the ones before it %v; all need one shape, so resize or crop them", g.seen, x.Shape()[1:], g.shape)
	}
	return x, nil
}

// fits reports whether x is a batch of the recipe as it is.
func (g *grouper) fits(x *tensor.Tensor) bool {
	n := x.Dim(0)
	return len(g.rows) == 0 && n == g.size && (!g.bounded || n <= g.left)
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
	g.rows = append(g.rows, x.Rows(row, row+1))
	g.left--
	g.seen++
}

func (g *grouper) full() bool  { return len(g.rows) == g.size }
func (g *grouper) ended() bool { return g.bounded && g.left <= 0 }

// take joins the samples to a batch.
func (g *grouper) take() *tensor.Tensor {
	x := tensor.JoinRows(g.rows...)
	g.rows = nil
	return x
}
