package onnx

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// writtenNames are operators of ONNX by the names of functions, relations and reductions.
var writtenNames = map[string]string{
	"abs": "Abs", "acos": "Acos", "acosh": "Acosh", "asin": "Asin", "asinh": "Asinh",
	"atan": "Atan", "atanh": "Atanh", "ceil": "Ceil", "cos": "Cos", "cosh": "Cosh",
	"erf": "Erf", "exp": "Exp", "floor": "Floor", "log": "Log", "mish": "Mish", "neg": "Neg",
	"reciprocal": "Reciprocal", "round": "Round", "sign": "Sign", "sin": "Sin", "sinh": "Sinh",
	"softplus": "Softplus", "softsign": "Softsign", "sqrt": "Sqrt", "tan": "Tan",

	"maximum": "Max", "minimum": "Min", "pow": "Pow",

	"eq": "Equal", "gt": "Greater", "ge": "GreaterOrEqual", "lt": "Less", "le": "LessOrEqual",
	"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor",
	"bitwise_and": "BitwiseAnd", "bitwise_or": "BitwiseOr", "bitwise_xor": "BitwiseXor",

	"sum": "ReduceSum", "amax": "ReduceMax", "amin": "ReduceMin", "prod": "ReduceProd", "l1_norm": "ReduceL1",
	"l2_norm": "ReduceL2", "log_sum": "ReduceLogSum", "logsumexp": "ReduceLogSumExp", "sum_square": "ReduceSumSquare",
}

// writeFunction is the part of the table with functions of elements and reductions.
func (e *emission) writeFunction() error {
	switch o := e.node.Op.(type) {
	case op.Function:
		return e.function(o.Name)
	case op.Pairwise:
		return e.pairwise(o)
	case op.Relation:
		return e.relation(o)
	case op.Not:
		if e.node.Inputs[0].Type.DType == tensor.Int64 {
			return e.result("BitwiseNot", e.in)
		}
		return e.result("Not", e.in)
	case op.IsNaN:
		return e.result("IsNaN", e.in)
	case op.IsInf:
		return e.result("IsInf", e.in, boolAttr("detect_positive", !o.NoPositive), boolAttr("detect_negative", !o.NoNegative))
	case op.Where:
		return e.result("Where", e.in)
	case op.Cast:
		return e.cast(o)
	case op.ARange:
		return e.arange()
	case op.Expand:
		return e.result("Expand", e.in)
	case op.Tile:
		return e.result("Tile", e.in)
	case op.Reduce:
		kind := writtenNames[o.Name]
		if kind == "" {
			return errNotWritten
		}
		return e.reduce(kind, o.Axes, o.KeepDim)
	}
	return e.writeLayer()
}

var errNotWritten = fmt.Errorf("it is not written to ONNX files")

// named writes an operator of the table of names.
func (e *emission) named(name string) error {
	kind := writtenNames[name]
	if kind == "" {
		return errNotWritten
	}
	return e.result(kind, e.in)
}

// function writes one of a number, in several operators where ONNX has none.
func (e *emission) function(name string) error {
	one := func() string { return e.number(1) }
	switch name {
	case "log1p":
		return e.result("Log", []string{e.step("Add", []string{e.in[0], one()})})
	case "expm1":
		return e.result("Sub", []string{e.step("Exp", e.in), one()})
	case "log2":
		return e.result("Mul", []string{e.step("Log", e.in), e.number(1 / math.Ln2)})
	case "trunc":
		return e.result("Mul", []string{e.step("Sign", e.in), e.step("Floor", []string{e.step("Abs", e.in)})})
	}
	return e.named(name)
}

// pairwise writes the remainder of numbers, which ONNX has of whole ones, as
// a - floor(a/b)*b.
func (e *emission) pairwise(o op.Pairwise) error {
	switch o.Name {
	case "prelu":
		return e.result("PRelu", e.in)
	case "fmod":
		return e.result("Mod", e.in, intAttr("fmod", 1))
	case "remainder":
		if e.node.Output().Type.DType != tensor.Float32 {
			return e.result("Mod", e.in)
		}
		whole := e.step("Floor", []string{e.step("Div", e.in)})
		return e.result("Sub", []string{e.in[0], e.step("Mul", []string{whole, e.in[1]})})
	}
	return e.named(o.Name)
}

// castSince are the operator sets that brought element types; others were always there.
var castSince = map[tensor.DType]int{
	tensor.BFloat16: 13, tensor.Float8E4M3: 19, tensor.Float8E4M3FNUZ: 19, tensor.Float8E5M2: 19, tensor.Float8E5M2FNUZ: 19,
	tensor.Int4: 21, tensor.UInt4: 21, tensor.Float4E2M1: 23, tensor.Float8E8M0: 24, tensor.Int2: 25, tensor.UInt2: 25,
}

// cast writes one more cast where x goes through a type that graphs do not compute with.
func (e *emission) cast(o op.Cast) error {
	in := e.in
	if o.Via != tensor.Invalid {
		via, err := elementCode(o.Via)
		if err != nil {
			return err
		}
		if err := e.since(castSince[o.Via], "a cast to "+o.Via.String()); err != nil {
			return err
		}
		attrs := []*onnxpb.AttributeProto{intAttr("to", int(via))}
		if o.Overflow {
			attrs = append(attrs, intAttr("saturate", 0))
		}
		in = []string{e.step("Cast", in, attrs...)}
	}
	to, err := elementCode(o.To)
	if err != nil {
		return err
	}
	return e.result("Cast", in, intAttr("to", int(to)))
}

// arange takes numbers without axes, as ONNX's Range does.
func (e *emission) arange() error {
	var in []string
	for i, name := range e.in {
		if e.rank(e.node.Inputs[i]) != 0 {
			name = e.step("Reshape", []string{name, e.list("scalar")})
		}
		in = append(in, name)
	}
	return e.result("Range", in)
}

// mean writes the mean over height and width, for which runtimes have integer kernels, as a
// pool.
func (e *emission) mean(o op.Mean) error {
	if e.rank(e.node.Inputs[0]) != 4 || !o.OverImage() {
		return e.reduce("ReduceMean", o.Axes, o.KeepDim)
	}
	if o.KeepDim {
		return e.result("GlobalAveragePool", e.in)
	}
	pooled, err := e.between(e.step("GlobalAveragePool", e.in))
	if err != nil {
		return err
	}
	return e.result("Flatten", []string{pooled}, intAttr("axis", 1))
}

// reduce gives the axes, as an operand since operator set 18, of sums since 13; without axes
// it reduces all.
func (e *emission) reduce(kind string, axes []int, keep bool) error {
	attrs := []*onnxpb.AttributeProto{boolAttr("keepdims", keep)}
	in := e.in[:1:1]
	switch {
	case len(axes) == 0:
	case e.export.Opset >= 18 || kind == "ReduceSum" && e.export.Opset >= 13:
		in = append(in, e.list("axes", int64s(axes)...))
	default:
		attrs = append(attrs, intsAttr("axes", axes...))
	}
	return e.result(kind, in, attrs...)
}
