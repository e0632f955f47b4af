package eager

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Option changes how one call computes.
type Option func(*settings)

type settings struct {
	numerics quant.Numerics
	engine   engine.Options
}

// WithNumerics chooses the preset whose rules integers follow; the default is
// quant.FBGEMM.
func WithNumerics(n quant.Numerics) Option { return func(s *settings) { s.numerics = n } }

// WithThreads limits the threads; the default, 0, is one for each core. Results
// do not depend on it.
func WithThreads(n int) Option { return func(s *settings) { s.engine.Threads = n } }

// apply runs o on operands. Those from the index params on are weights: constants
// of the graph. A nil operand is left out.
func apply(o graph.Op, out graph.Type, operands []*tensor.Tensor, params int, opts []Option) (*tensor.Tensor, error) {
	s := settings{numerics: quant.FBGEMM}
	for _, opt := range opts {
		opt(&s)
	}
	g := graph.New("eager")
	g.Numerics = s.numerics
	var values []*graph.Value
	var inputs []*tensor.Tensor
	for i, t := range operands {
		name := fmt.Sprintf("operand%d", i)
		switch {
		case i >= params && t == nil:
		case t == nil:
			return nil, fmt.Errorf("%s: operand %d is nil", o.Kind(), i)
		case i >= params:
			values = append(values, g.AddConst(name, t))
		default:
			values = append(values, g.AddInput(name, graph.Type{DType: t.DType(), Q: t.QParams()}))
			inputs = append(inputs, t)
		}
	}
	v := g.AddNode("result", o, values...)
	v.Type = out
	g.Outputs = []*graph.Value{v}
	p, err := engine.Compile(g, s.engine)
	if err != nil {
		return nil, err
	}
	results, err := p.NewSession().Run(context.Background(), inputs...)
	if err != nil {
		return nil, err
	}
	return results[0], nil
}

// like is the type of a result that keeps the parameters of x.
func like(x *tensor.Tensor) graph.Type {
	if x == nil {
		return graph.Float32 // apply reports the missing operand
	}
	return graph.Type{DType: x.DType(), Q: x.QParams()}
}

// resultOf is the type of a result quantized by out where x is quantized, of
// float32 elsewhere.
func resultOf(o graph.Op, x *tensor.Tensor, out *tensor.QParams) (graph.Type, error) {
	if x == nil || !x.DType().IsQuantized() {
		if out != nil {
			return graph.Float32, fmt.Errorf("%s: the operands are float32, but the result is to be quantized by %v; quantize the operands first", o.Kind(), out)
		}
		return graph.Float32, nil
	}
	if out == nil {
		return graph.Float32, fmt.Errorf("%s: a quantized result needs a scale and a zero point", o.Kind())
	}
	if err := out.Validate(x.DType(), nil); err != nil {
		return graph.Float32, fmt.Errorf("%s: result: %w", o.Kind(), err)
	}
	return graph.Type{DType: x.DType(), Q: out}, nil
}
