package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/eager"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// tensorOp is an operation of `octet tensor --op`, on float or on quantized
// tensors. out is nil for floats and for operations that keep the parameters of
// their operand.
type tensorOp struct {
	name     string
	operands int
	keeps    bool // the result has the scale and zero point of the operand
	weight   bool // the second operand is a weight: qint8, symmetric
	apply    func(x []*tensor.Tensor, out *tensor.QParams, opt eager.Option) (*tensor.Tensor, error)
}

var tensorOps = []tensorOp{
	{name: "add", operands: 2, apply: func(x []*tensor.Tensor, out *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.Add(x[0], x[1], out, opt)
	}},
	{name: "add-relu", operands: 2, apply: func(x []*tensor.Tensor, out *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.AddReLU(x[0], x[1], out, opt)
	}},
	{name: "mul", operands: 2, apply: func(x []*tensor.Tensor, out *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.Mul(x[0], x[1], out, opt)
	}},
	{name: "matmul", operands: 2, apply: func(x []*tensor.Tensor, out *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.MatMul(x[0], x[1], out, opt)
	}},
	{name: "cat", operands: 2, apply: func(x []*tensor.Tensor, out *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.Cat(0, x, out, opt)
	}},
	{name: "linear", operands: 2, weight: true, apply: func(x []*tensor.Tensor, out *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.Linear(x[0], x[1], nil, op.Linear{}, out, opt)
	}},
	{name: "conv2d", operands: 2, weight: true, apply: func(x []*tensor.Tensor, out *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.Conv2D(x[0], x[1], nil, op.Conv2D{}, out, opt)
	}},
	{name: "relu", operands: 1, keeps: true, apply: func(x []*tensor.Tensor, _ *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.ReLU(x[0], opt)
	}},
	{name: "relu6", operands: 1, keeps: true, apply: func(x []*tensor.Tensor, _ *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.ReLU6(x[0], opt)
	}},
	{name: "max-pool2d", operands: 1, keeps: true, apply: func(x []*tensor.Tensor, _ *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.MaxPool2D(x[0], op.MaxPool2D{Kernel: [2]int{2, 2}}, opt)
	}},
	{name: "avg-pool2d", operands: 1, keeps: true, apply: func(x []*tensor.Tensor, _ *tensor.QParams, opt eager.Option) (*tensor.Tensor, error) {
		return eager.AvgPool2D(x[0], op.AvgPool2D{Kernel: [2]int{2, 2}}, opt)
	}},
}

func tensorOpNames() []string {
	var names []string
	for _, o := range tensorOps {
		names = append(names, o.name)
	}
	return names
}

func joinOps() string { return strings.Join(tensorOpNames(), ", ") }

// operation is an operation on quantized tensors beside the same one in float32.
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
func (f *tensorFlags) operate(stdin io.Reader, r recipe, first *steps) (*operation, error) {
	o := &operation{name: f.op, operands: []*steps{first}}
	kernel, err := f.operation()
	if err != nil {
		return nil, err
	}
	if r.scheme.IsPerChannel() || r.dtype == tensor.QInt32 {
		return nil, exit.Usagef("operations on codes take quint8 or qint8 tensors quantized per tensor; got %v, %v", r.dtype, r.scheme)
	}
	if o.numerics, err = quant.ParseNumerics(f.backend); err != nil {
		return nil, exit.Usagef("--backend: %w", err)
	}
	if len(f.other.args) > 0 {
		x, err := f.other.load(stdin)
		if err != nil {
			return nil, err
		}
		second, err := kernel.second(r).apply(x)
		if err != nil {
			return nil, exit.WithCode(exit.Data, fmt.Errorf("second operand: %w", err))
		}
		o.operands = append(o.operands, second)
	}
	return o, exit.WithCode(exit.Data, o.run(kernel, r))
}

func (f *tensorFlags) operation() (tensorOp, error) {
	for _, o := range tensorOps {
		if o.name != f.op {
			continue
		}
		if given := 1 + min(1, len(f.other.args)); given != o.operands {
			return o, exit.Usagef("--op %s takes %d operands, got %d; --with gives the second one", o.name, o.operands, given)
		}
		return o, nil
	}
	return tensorOp{}, exit.Usagef("unknown --op %q: use one of %s", f.op, joinOps())
}

// second is how the second operand is quantized: as the first, or as a weight.
func (o tensorOp) second(r recipe) recipe {
	if !o.weight {
		return r
	}
	lo, hi := tensor.QInt8.CodeRange()
	return recipe{dtype: tensor.QInt8, scheme: quant.PerTensorSymmetric, codes: quant.CodeRange{Min: lo, Max: hi}}
}

func (o *operation) run(kernel tensorOp, r recipe) error {
	var reals, codes []*tensor.Tensor
	for _, s := range o.operands {
		reals, codes = append(reals, s.real), append(codes, s.quantized)
	}
	rules := eager.WithNumerics(o.numerics)
	var err error
	if o.want, err = kernel.apply(reals, nil, rules); err != nil {
		return err
	}
	var out *tensor.QParams
	if !kernel.keeps {
		r.given = nil // --scale is the operands'
		result := &steps{recipe: r, real: o.want}
		if out, err = result.qparams(); err != nil {
			return fmt.Errorf("result: %w", err)
		}
	}
	if o.got, err = kernel.apply(codes, out, rules); err != nil {
		return err
	}
	if o.restored, err = quant.Dequantize(o.got); err != nil {
		return err
	}
	o.err = measureError(o.want.Float32s(), o.restored.Float32s())
	return nil
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
