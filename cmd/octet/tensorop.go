package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// tensorOps are the operations of `octet tensor --op`.
var tensorOps = []struct {
	name     string
	op       graph.Op
	operands int
}{
	{"add", op.Add{}, 2},
	{"add-relu", op.Add{Act: quant.ReLU}, 2},
	{"mul", op.Mul{}, 2},
	{"matmul", op.MatMul{}, 2},
	{"cat", op.Cat{Axis: 0}, 2},
	{"relu", op.Clamp{Act: quant.ReLU}, 1},
	{"relu6", op.Clamp{Act: quant.ReLU6}, 1},
}

func tensorOpNames() []string {
	var names []string
	for _, o := range tensorOps {
		names = append(names, o.name)
	}
	return names
}

func joinOps() string { return strings.Join(tensorOpNames(), ", ") }

// operation is a step on quantized tensors beside the same step on real ones.
type operation struct {
	name     string
	numerics quant.Numerics
	operands []*steps
	want     *tensor.Tensor // of the real operands
	got      *tensor.Tensor // codes
	restored *tensor.Tensor
	err      errorFigures
}

// operate applies --op to the quantized operands. The result gets scale and
// zero point from the range of the real result, as calibration would do.
func (f *tensorFlags) operate(r recipe, first *steps) (*operation, error) {
	o := &operation{name: f.op, operands: []*steps{first}}
	kernel, err := f.operator()
	if err != nil {
		return nil, err
	}
	if r.scheme.IsPerChannel() || r.dtype == tensor.QInt32 {
		return nil, usageError("operations on codes take quint8 or qint8 tensors quantized per tensor; got %v, %v", r.dtype, r.scheme)
	}
	if o.numerics, err = quant.ParseNumerics(f.backend); err != nil {
		return nil, usageError("--backend: %w", err)
	}
	if len(f.other.args) > 0 {
		x, err := f.other.load()
		if err != nil {
			return nil, err
		}
		second, err := r.apply(x)
		if err != nil {
			return nil, withCode(exitData, fmt.Errorf("second operand: %w", err))
		}
		o.operands = append(o.operands, second)
	}
	return o, withCode(exitData, o.run(kernel, r))
}

func (f *tensorFlags) operator() (graph.Op, error) {
	for _, o := range tensorOps {
		if o.name != f.op {
			continue
		}
		if given := 1 + min(1, len(f.other.args)); given != o.operands {
			return nil, usageError("--op %s takes %d operands, got %d; --with gives the second one", o.name, o.operands, given)
		}
		return o.op, nil
	}
	return nil, usageError("unknown --op %q: use one of %s", f.op, joinOps())
}

func (o *operation) run(kernel graph.Op, r recipe) error {
	var reals, codes []*tensor.Tensor
	for _, s := range o.operands {
		reals, codes = append(reals, s.real), append(codes, s.quantized)
	}
	ctx := graph.Context{Numerics: o.numerics}
	var err error
	if o.want, err = evaluate(ctx, kernel, reals, graph.Float32); err != nil {
		return err
	}
	out := graph.Type{DType: r.dtype, Q: o.operands[0].quantized.QParams()}
	if !keepsParameters(kernel) {
		reference := &steps{recipe: r, real: o.want}
		if out.Q, err = reference.qparams(); err != nil {
			return fmt.Errorf("result: %w", err)
		}
	}
	if o.got, err = evaluate(ctx, kernel, codes, out); err != nil {
		return err
	}
	if o.restored, err = quant.Dequantize(o.got); err != nil {
		return err
	}
	o.err = measureError(o.want.Float32s(), o.restored.Float32s())
	return nil
}

// evaluate infers the shape of the result and computes it.
func evaluate(ctx graph.Context, kernel graph.Op, in []*tensor.Tensor, out graph.Type) (*tensor.Tensor, error) {
	types := make([]graph.Type, len(in))
	for i, t := range in {
		types[i] = graph.TypeOf(t)
	}
	shape, err := kernel.Infer(types)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kernel.Kind(), err)
	}
	out.Shape = shape
	for _, s := range kernel.Signatures() {
		if s.Matches(types, out) {
			return kernel.Eval(ctx, in, out)
		}
	}
	return nil, errors.New(kernel.Kind() + ": no rule for these types")
}

func keepsParameters(kernel graph.Op) bool {
	for _, s := range kernel.Signatures() {
		if s.Out.IsQuantized() && s.SameQ {
			return true
		}
	}
	return false
}

func (o *operation) document() any {
	var operands []stepsDocument
	for _, s := range o.operands {
		operands = append(operands, s.document())
	}
	type result struct {
		Shape       []int        `json:"shape"`
		Scale       float64      `json:"scale"`
		ZeroPoint   int64        `json:"zero_point"`
		Codes       []int32      `json:"codes"`
		Dequantized []float32    `json:"dequantized"`
		Real        []float32    `json:"real"`
		Error       errorFigures `json:"error"`
	}
	return struct {
		Op       string          `json:"op"`
		Backend  string          `json:"backend"`
		Operands []stepsDocument `json:"operands"`
		Result   result          `json:"result"`
	}{o.name, o.numerics.String(), operands, result{
		o.got.Shape(), o.got.QParams().Scale(), o.got.QParams().ZeroPoint(),
		codesOf(o.got), o.restored.Float32s(), o.want.Float32s(), o.err,
	}}
}

func (o *operation) printer(rows int) func(io.Writer) {
	return func(w io.Writer) {
		for i, s := range o.operands {
			fmt.Fprintf(w, "operand %d: ", i+1)
			q := s.quantized.QParams()
			fmt.Fprintf(w, "%v%v, scale %.9g, zero point %d, error %v\n", s.recipe.dtype, s.real.Shape(), q.Scale(), q.ZeroPoint(), s.err)
		}
		q := o.got.QParams()
		fmt.Fprintf(w, "%-10s %v%v, scale %.9g, zero point %d (%v rules)\n\n", o.name+":", o.got.DType(), o.got.Shape(), q.Scale(), q.ZeroPoint(), o.numerics)
		printElements(w, rows, o.got.Shape(), codesOf(o.got), o.want.Float32s(), o.restored.Float32s())
		fmt.Fprintf(w, "\nerror      %v\n", o.err)
	}
}
