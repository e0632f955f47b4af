package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// writtenNames are operators of ONNX, with the operator sets that they are in since, by the
// names of functions, relations and reductions.
var writtenNames = map[string]struct {
	kind  string
	since int
}{
	"abs": {"Abs", 1}, "acos": {"Acos", 1}, "acosh": {"Acosh", 1}, "asin": {"Asin", 1}, "asinh": {"Asinh", 1},
	"atan": {"Atan", 1}, "atanh": {"Atanh", 1}, "ceil": {"Ceil", 1}, "cos": {"Cos", 1}, "cosh": {"Cosh", 1},
	"erf": {"Erf", 1}, "exp": {"Exp", 1}, "floor": {"Floor", 1}, "log": {"Log", 1}, "mish": {"Mish", 18}, "neg": {"Neg", 1},
	"reciprocal": {"Reciprocal", 1}, "round": {"Round", 1}, "sign": {"Sign", 1}, "sin": {"Sin", 1}, "sinh": {"Sinh", 1},
	"softplus": {"Softplus", 1}, "softsign": {"Softsign", 1}, "sqrt": {"Sqrt", 1}, "tan": {"Tan", 1},

	"maximum": {"Max", 1}, "minimum": {"Min", 1}, "pow": {"Pow", 1},

	"eq": {"Equal", 1}, "gt": {"Greater", 1}, "ge": {"GreaterOrEqual", 1}, "lt": {"Less", 1}, "le": {"LessOrEqual", 1},
	"logical_and": {"And", 1}, "logical_or": {"Or", 1}, "logical_xor": {"Xor", 1},
	"bitwise_and": {"BitwiseAnd", 18}, "bitwise_or": {"BitwiseOr", 18}, "bitwise_xor": {"BitwiseXor", 18},

	"sum": {"ReduceSum", 1}, "amax": {"ReduceMax", 1}, "amin": {"ReduceMin", 1}, "prod": {"ReduceProd", 1}, "l1_norm": {"ReduceL1", 1},
	"l2_norm": {"ReduceL2", 1}, "log_sum": {"ReduceLogSum", 1}, "logsumexp": {"ReduceLogSumExp", 1}, "sum_square": {"ReduceSumSquare", 1},
}

// writeFunction is the part of the table with functions of elements and reductions.
func (e *emission) writeFunction() error {
	switch o := e.node.Op.(type) {
	case op.Function:
		return e.named(o.Name)
	case op.Pairwise:
		return e.pairwise(o)
	case op.Relation:
		if o.Name == "ne" {
			return e.result("Not", []string{e.step("Equal", e.in)})
		}
		return e.named(o.Name)
	case op.Not:
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
		w := writtenNames[o.Name]
		if w.kind == "" {
			return errNotWritten
		}
		return e.reduce(w.kind, o.Axes, o.KeepDim)
	}
	return errNotWritten
}

var errNotWritten = fmt.Errorf("it is not written to ONNX files")

// named writes an operator of the table of names.
func (e *emission) named(name string) error {
	w := writtenNames[name]
	if w.kind == "" {
		return errNotWritten
	}
	if err := e.since(w.since, w.kind); err != nil {
		return err
	}
	return e.result(w.kind, e.in)
}

// pairwise writes the remainder of numbers, which ONNX has of whole ones, as
// a - floor(a/b)*b.
func (e *emission) pairwise(o op.Pairwise) error {
	switch o.Name {
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

// cast writes one more cast where x goes through a type that graphs do not compute with.
func (e *emission) cast(o op.Cast) error {
	in := e.in
	if o.Via != tensor.Invalid {
		via, err := elementCode(o.Via)
		if err != nil {
			return err
		}
		in = []string{e.step("Cast", in, intAttr("to", int(via)))}
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
	pooled, err := e.coded(e.step("GlobalAveragePool", e.in))
	if err != nil {
		return err
	}
	return e.result("Flatten", []string{pooled}, intAttr("axis", 1))
}

// reduce gives the axes, as an operand since operator set 18, of sums before; without axes it
// reduces all.
func (e *emission) reduce(kind string, axes []int, keep bool) error {
	attrs := []*onnxpb.AttributeProto{boolAttr("keepdims", keep)}
	in := e.in[:1:1]
	switch {
	case len(axes) == 0:
	case e.export.Opset >= 18 || kind == "ReduceSum":
		in = append(in, e.list("axes", int64s(axes)...))
	default:
		attrs = append(attrs, intsAttr("axes", axes...))
	}
	return e.result(kind, in, attrs...)
}

// interpolate gives what the graph has as attributes as operands.
func (e *emission) interpolate(o op.Interpolate) error {
	in := []string{e.in[0], e.given(1), e.given(2), e.given(3)}
	if in[2] == "" && o.Scales != nil {
		in[2] = constant(e.writer, e.node.Name+"/scales", o.Scales, len(o.Scales))
	}
	if in[3] == "" && o.Sizes != nil {
		in[3] = e.list("sizes", int64s(o.Sizes)...)
	}
	attrs := []*onnxpb.AttributeProto{textAttr("mode", o.Mode), boolAttr("exclude_outside", o.Exclude), floatAttr("extrapolation_value", o.Extrapolation)}
	for _, a := range []struct{ name, value string }{
		{"coordinate_transformation_mode", o.Coordinates}, {"nearest_mode", o.Rounding}, {"keep_aspect_ratio_policy", o.Policy},
	} {
		if a.value != "" {
			attrs = append(attrs, textAttr(a.name, a.value))
		}
	}
	if o.CubicA != 0 {
		attrs = append(attrs, floatAttr("cubic_coeff_a", o.CubicA))
	}
	if o.Antialias {
		attrs = append(attrs, intAttr("antialias", 1))
	}
	if o.Axes != nil {
		attrs = append(attrs, intsAttr("axes", o.Axes...))
	}
	if o.Antialias || o.Axes != nil || o.Policy != "" {
		if err := e.since(18, "Resize of some axes, or with antialias or a policy"); err != nil {
			return err
		}
	}
	return e.result("Resize", trimmed(in), attrs...)
}
