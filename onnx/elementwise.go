package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// elementwise are functions of one and two elements that have the same meaning here.
var elementwise = func() map[string]importer {
	table := map[string]importer{
		"Where":           simple(op.Where{}, 3),
		"Range":           simple(op.ARange{}, 3),
		"Expand":          simple(op.Expand{}, 2),
		"Tile":            simple(op.Tile{}, 2),
		"ConstantOfShape": readConstantOfShape,
		"Not":             simple(op.Not{}, 1),
		"BitwiseNot":      simple(op.Not{}, 1),
		"IsNaN":           simple(op.IsNaN{}, 1),
		"IsInf":           readIsInf,
		"Size":            readSize,
		"Mod":             readMod,
		"Max":             folded(op.Pairwise{Name: "maximum"}),
		"Min":             folded(op.Pairwise{Name: "minimum"}),
		"Mean":            readMeanOfInputs,
		"Pow":             readPow,
		"BitShift":        readBitShift,
	}
	for name, function := range map[string]string{
		"Abs": "abs", "Acos": "acos", "Acosh": "acosh", "Asin": "asin", "Asinh": "asinh", "Atan": "atan", "Atanh": "atanh",
		"Ceil": "ceil", "Cos": "cos", "Cosh": "cosh", "Erf": "erf", "Exp": "exp", "Floor": "floor", "Log": "log", "Mish": "mish",
		"Neg": "neg", "Reciprocal": "reciprocal", "Round": "round", "Sign": "sign", "Sin": "sin", "Sinh": "sinh",
		"Softplus": "softplus", "Softsign": "softsign", "Sqrt": "sqrt", "Tan": "tan",
	} {
		table[name] = simple(op.Function{Name: function}, 1)
	}
	for name, relation := range map[string]string{
		"Equal": "eq", "Greater": "gt", "GreaterOrEqual": "ge", "Less": "lt", "LessOrEqual": "le",
		"And": "logical_and", "Or": "logical_or", "Xor": "logical_xor",
		"BitwiseAnd": "bitwise_and", "BitwiseOr": "bitwise_or", "BitwiseXor": "bitwise_xor",
	} {
		table[name] = simple(op.Relation{Name: relation}, 2)
	}
	return table
}()

// folded reads a function of two elements that is applied to any number of inputs, one
// after another.
func folded(o graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) {
		if len(n.in) < 2 {
			return n.in, n.need(1)
		}
		last := len(n.in) - 1
		before, err := n.joined(o, last)
		if err != nil {
			return nil, err
		}
		return n.result(o, before, n.in[last])
	}
}

// joined applies o to the first inputs, so many, one after another.
func (n *node) joined(o graph.Op, count int) (*graph.Value, error) {
	if err := n.need(len(n.in)); err != nil {
		return nil, err
	}
	v := n.in[0]
	for _, w := range n.in[1:count] {
		var err error
		if v, err = n.step(o, v, w); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func readMeanOfInputs(n *node) ([]*graph.Value, error) {
	if len(n.in) < 2 {
		return n.in, n.need(1)
	}
	sum, err := n.joined(op.Add{}, len(n.in))
	if err != nil {
		return nil, err
	}
	return n.result(op.Div{}, sum, n.scalar(float32(len(n.in))))
}

// readPow: the exponent may be of another type than the base, whose type the result has.
func readPow(n *node) ([]*graph.Value, error) {
	f := n.formula(2)
	if f.Err != nil {
		return nil, f.Err
	}
	x, y, pow := n.in[0], n.in[1], op.Pairwise{Name: "pow"}
	if x.Type.DType == tensor.Int64 && y.Type.DType == tensor.Float32 {
		return f.Result(op.Cast{To: tensor.Int64}, f.Do(pow, f.As(tensor.Float32, x), y))
	}
	return f.Result(pow, x, f.As(x.Type.DType, y))
}

func readConstantOfShape(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	value := tensor.New(tensor.Float32, 1)
	stored := value
	if a := n.attrs["value"]; a != nil {
		var err error
		if stored, err = n.file.decode(a.GetT()); err != nil {
			return nil, err
		}
		if value, err = Held(stored); err != nil {
			return nil, err
		}
	}
	if value.Numel() != 1 {
		return nil, fmt.Errorf("value %v; one element is expected", value)
	}
	out, err := n.result(op.Expand{}, n.constant(value.Reshape()), n.in[0])
	if err == nil {
		n.storeAs(stored.DType(), out[0])
	}
	return out, err
}

// readSize is the product of the extents.
func readSize(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	shape, err := n.step(op.Shape{}, n.in[0])
	if err != nil {
		return nil, err
	}
	return n.result(op.Reduce{Name: "prod", Axes: []int{0}}, shape)
}

func readMod(n *node) ([]*graph.Value, error) {
	truncated, err := n.flag("fmod", false)
	if err != nil {
		return nil, err
	}
	name := "remainder"
	if truncated {
		name = "fmod"
	}
	return simple(op.Pairwise{Name: name}, 2)(n)
}

func readBitShift(n *node) ([]*graph.Value, error) {
	direction, err := n.text("direction", "")
	if err != nil {
		return nil, err
	}
	switch direction {
	case "LEFT":
		return simple(op.Relation{Name: "bitwise_left_shift"}, 2)(n)
	case "RIGHT":
		return simple(op.Relation{Name: "bitwise_right_shift"}, 2)(n)
	}
	return nil, fmt.Errorf("direction %q; LEFT and RIGHT are read", direction)
}

func readIsInf(n *node) ([]*graph.Value, error) {
	positive, err := n.flag("detect_positive", true)
	if err != nil {
		return nil, err
	}
	negative, err := n.flag("detect_negative", true)
	if err != nil {
		return nil, err
	}
	return simple(op.IsInf{NoPositive: !positive, NoNegative: !negative}, 1)(n)
}
