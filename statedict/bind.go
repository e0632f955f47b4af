package statedict

import (
	"fmt"
	"math"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// IsQuantized reports whether a state dict is that of a converted model: it has
// a tensor of codes.
func IsQuantized(sd *torch.StateDict) bool {
	for t := range sd.Tensors() {
		if t.DType().IsQuantized() {
			return true
		}
	}
	return false
}

// Bind returns a copy of g whose parameters hold the tensors of a float state
// dict, as float32: half, bfloat16 and float64 are converted. Keys and shapes
// must agree exactly, save that the num_batches_tracked of batch norms, which
// evaluation does not need, may be there or not. Parameters must be finite and
// variances not negative. The error is a *MismatchError that lists every key
// that does not fit.
//
// g is as built, with its batch norms: PyTorch's float files are not fused.
func Bind(g *graph.Graph, sd *torch.StateDict) (*graph.Graph, error) {
	if IsQuantized(sd) {
		return nil, &torch.Error{File: sd.Source, Err: fmt.Errorf("the file holds a converted (int8) model; expected a float one"),
			Remedy: "run it as it is, or quantize from the float checkpoint it was made of"}
	}
	out := g.Clone()
	b := newBinder(out, sd)
	for _, p := range out.Params {
		b.float(p, p.Name)
	}
	for _, k := range sd.Keys() {
		if prefix, ok := strings.CutSuffix(k, ".num_batches_tracked"); ok {
			if _, known := out.Param(prefix + ".running_mean"); known {
				b.use(k)
			}
		}
	}
	if err := b.finish(); err != nil {
		return nil, err
	}
	return out, out.Validate()
}

// binder takes values out of a state dict and collects what does not fit.
type binder struct {
	sd   *torch.StateDict
	used map[string]bool
	err  MismatchError
}

func newBinder(g *graph.Graph, sd *torch.StateDict) *binder {
	return &binder{sd: sd, used: map[string]bool{}, err: MismatchError{File: sd.Source, Model: g.Name}}
}

func (b *binder) use(key string) { b.used[key] = true }

func (b *binder) differ(key string, p Problem, expected, found string) {
	b.err.Differences = append(b.err.Differences, Difference{key, p, expected, found})
}

// finish adds the keys that nothing used and returns the report, if any.
func (b *binder) finish() error {
	for _, k := range b.sd.Keys() {
		if !b.used[k] {
			v, _ := b.sd.Entry(k)
			b.differ(k, Extra, "", torch.Describe(v))
		}
	}
	if len(b.err.Differences) > 0 {
		return &b.err
	}
	return nil
}

// float binds a float32 parameter to the tensor at key.
func (b *binder) float(p *graph.Value, key string) {
	v, ok := b.sd.Entry(key)
	if !ok {
		b.differ(key, Missing, p.Type.String(), "")
		return
	}
	b.use(key)
	t, ok := v.(*torch.Tensor)
	if !ok {
		b.differ(key, WrongType, p.Type.String(), torch.Describe(v))
		return
	}
	b.floatTensor(p, key, t.Data)
}

// floatTensor binds a float32 parameter to a tensor that was found at key.
func (b *binder) floatTensor(p *graph.Value, key string, t *tensor.Tensor) {
	if !t.Shape().Equal(p.Type.Shape) {
		b.differ(key, WrongShape, p.Type.Shape.String(), t.Shape().String())
		return
	}
	f, err := t.ToFloat32()
	if err != nil {
		b.differ(key, WrongType, p.Type.String(), t.String())
		return
	}
	if found := badValues(f.Float32s(), strings.HasSuffix(key, ".running_var")); found != "" {
		b.differ(key, BadValue, "", found)
		return
	}
	p.Data = f
}

// badValues describes values that no trained model has; "" when there are none.
func badValues(x []float32, variance bool) string {
	nan, inf, negative := 0, 0, 0
	for _, v := range x {
		switch {
		case v != v:
			nan++
		case math.IsInf(float64(v), 0):
			inf++
		case variance && v < 0:
			negative++
		}
	}
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{{nan, "NaN"}, {inf, "infinite"}, {negative, "negative variances"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d values %s", c.n, len(x), c.what))
		}
	}
	return strings.Join(parts, ", ")
}
