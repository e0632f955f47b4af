package pt2

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// arithmetic are functions of two numbers, which broadcast.
var arithmetic = map[string]importer{
	"add.Tensor":           scaled(op.Add{}, false),
	"add.Scalar":           scaled(op.Add{}, false),
	"sub.Tensor":           scaled(op.Sub{}, false),
	"sub.Scalar":           scaled(op.Sub{}, false),
	"rsub.Scalar":          scaled(op.Sub{}, true),
	"rsub.Tensor":          scaled(op.Sub{}, true),
	"mul.Tensor":           paired(op.Mul{}),
	"mul.Scalar":           paired(op.Mul{}),
	"div.Tensor":           paired(op.Div{}),
	"div.Scalar":           paired(op.Div{}),
	"div.Tensor_mode":      readDivMode,
	"floor_divide.default": readFloorDivide,
	"remainder.Scalar":     paired(pairwise("remainder")),
	"remainder.Tensor":     paired(pairwise("remainder")),
	"fmod.Scalar":          paired(pairwise("fmod")),
	"fmod.Tensor":          paired(pairwise("fmod")),
	"maximum.default":      paired(pairwise("maximum")),
	"minimum.default":      paired(pairwise("minimum")),
	"max.other":            paired(pairwise("maximum")),
	"min.other":            paired(pairwise("minimum")),
	"pow.Tensor_Scalar":    readPow,
	"pow.Tensor_Tensor":    readPow,
	"pow.Scalar":           readPow,
	"addcmul.default":      added(op.Mul{}),
	"addcdiv.default":      added(op.Div{}),
	"lerp.Scalar":          readLerp,
	"clamp.Tensor":         readClampTensor,
}

// operand is a tensor or a number.
func (n *node) operand(name string) *graph.Value {
	switch a := n.arg(name); a.kind {
	case "as_tensor", "as_optional_tensor":
		return n.tensor(name)
	case "as_sym_int", "as_int":
		return n.wholeOperand(name, a)
	case "as_bool":
		t := tensor.New(tensor.Bool)
		if n.flag(name) {
			t.Uint8s()[0] = 1
		}
		return n.Constant(t)
	}
	return n.Scalar(float32(n.real(name)))
}

// wholeOperand is a number of any size, known or computed.
func (n *node) wholeOperand(name string, a argument) *graph.Value {
	var number json.Number
	if a.kind == "as_sym_int" {
		var named struct {
			Name string       `json:"as_name"`
			Int  *json.Number `json:"as_int"`
		}
		switch {
		case json.Unmarshal(a.data, &named) != nil:
			n.mistaken(name, "a number", a)
		case named.Int != nil:
			number = *named.Int
		default:
			e := n.values[named.Name]
			if e == nil || e.value == nil {
				n.Refuse("the number %q is computed by no node", named.Name)
				return nil
			}
			return e.value
		}
	} else if json.Unmarshal(a.data, &number) != nil {
		n.mistaken(name, "a whole number", a)
	}
	return n.Constant(tensor.Of([]int64{n.number(name, number)}))
}

// kind is the element type that a graph has for the first result.
func (n *node) kind() tensor.DType {
	d, err := n.made().dtype()
	if err == nil {
		d, err = onnx.HeldType(d)
	}
	if err != nil && n.Err == nil {
		n.Err = err
	}
	return d
}

// common is the element type that two operands are compared in.
func common(a, b *graph.Value) tensor.DType {
	if a == nil || b == nil {
		return tensor.Float32
	}
	for _, d := range []tensor.DType{tensor.Float32, tensor.Int64} {
		if a.Type.DType == d || b.Type.DType == d {
			return d
		}
	}
	return tensor.Bool
}

// operands are two of one type.
func (n *node) operands(first, second string, of tensor.DType) (a, b *graph.Value) {
	return n.As(of, n.operand(first)), n.As(of, n.operand(second))
}

// paired reads an operator of self and other in the type of its result.
func paired(o graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) {
		a, b := n.operands("self", "other", n.kind())
		return n.Result(o, a, b)
	}
}

// scaled reads self and alpha times other, or other and alpha times self.
func scaled(o graph.Op, turned bool) importer {
	return func(n *node) ([]*graph.Value, error) {
		a, b := n.operands("self", "other", n.kind())
		if turned {
			a, b = b, a
		}
		if alpha := n.real("alpha"); alpha != 1 {
			b = n.Do(op.Mul{}, b, n.As(n.kind(), n.operand("alpha")))
		}
		return n.Result(o, a, b)
	}
}

// readDivMode reads a division that is rounded.
func readDivMode(n *node) ([]*graph.Value, error) {
	if n.none("rounding_mode") {
		return paired(op.Div{})(n)
	}
	switch mode := n.text("rounding_mode"); mode {
	case "floor":
		return readFloorDivide(n)
	case "trunc":
		a, b := n.operands("self", "other", n.kind())
		if n.kind() == tensor.Int64 {
			return n.Result(op.Div{}, a, b)
		}
		y := n.Do(op.Div{}, a, b)
		return n.Result(op.Mul{}, n.Do(function("sign"), y), n.Do(function("floor"), n.Do(function("abs"), y)))
	default:
		n.Refuse("rounding_mode %q; floor and trunc are read", mode)
	}
	return nil, n.Err
}

func readFloorDivide(n *node) ([]*graph.Value, error) {
	a, b := n.operands("self", "other", n.kind())
	return n.floorDivided(a, b)
}

// floorDivided is the quotient, rounded down. That of whole numbers is exact: it is one without
// remainder.
func (n *node) floorDivided(a, b *graph.Value) ([]*graph.Value, error) {
	if n.Err == nil && a.Type.DType == tensor.Int64 {
		return n.Result(op.Div{}, n.Do(op.Sub{}, a, n.Do(pairwise("remainder"), a, b)), b)
	}
	return n.Result(function("floor"), n.Do(op.Div{}, a, b))
}

func readPow(n *node) ([]*graph.Value, error) {
	if n.target == "pow.Tensor_Scalar" && n.kind() == tensor.Float32 {
		switch x, e := n.real32("self"), n.real("exponent"); e {
		case 2:
			return n.Result(op.Mul{}, x, x)
		case 0.5:
			return n.Result(function("sqrt"), x)
		case -1:
			return n.Result(function("reciprocal"), x)
		}
	}
	a, b := n.operands("self", "exponent", n.kind())
	return n.Result(pairwise("pow"), a, b)
}

// added reads self + value * o(tensor1, tensor2).
func added(o graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) {
		a, b := n.operands("tensor1", "tensor2", n.kind())
		y := n.Do(o, a, b)
		if n.real("value") != 1 {
			y = n.Do(op.Mul{}, y, n.As(n.kind(), n.operand("value")))
		}
		return n.Result(op.Add{}, n.As(n.kind(), n.tensor("self")), y)
	}
}

// readLerp goes from self to end by a weight.
func readLerp(n *node) ([]*graph.Value, error) {
	from := n.tensor("self")
	way := n.Do(op.Sub{}, n.tensor("end"), from)
	return n.Result(op.Add{}, from, n.Do(op.Mul{}, way, n.Scalar(float32(n.real("weight")))))
}

func readClampTensor(n *node) ([]*graph.Value, error) {
	x, lo, hi := n.As(n.kind(), n.tensor("self")), n.optional("min"), n.optional("max")
	switch {
	case lo == nil && hi == nil:
		n.Refuse("it has no bounds")
	case lo == nil:
		return n.Result(pairwise("minimum"), x, n.As(n.kind(), hi))
	case hi == nil:
		return n.Result(pairwise("maximum"), x, n.As(n.kind(), lo))
	}
	if n.Err != nil {
		return nil, n.Err
	}
	return n.Result(pairwise("minimum"), n.Do(pairwise("maximum"), x, n.As(n.kind(), lo)), n.As(n.kind(), hi))
}

// comparisons give truth values; with them is what chooses by these.
var comparisons = func() map[string]importer {
	table := map[string]importer{
		"where.self":         readWhere,
		"where.ScalarSelf":   readWhere,
		"where.ScalarOther":  readWhere,
		"where.Scalar":       readWhere,
		"masked_fill.Scalar": readMaskedFill,
		"masked_fill.Tensor": readMaskedFill,
	}
	for _, name := range []string{"eq", "ne", "lt", "le", "gt", "ge"} {
		table[name+".Scalar"], table[name+".Tensor"] = compared(name), compared(name)
	}
	for _, name := range []string{"and", "or", "xor"} {
		table["logical_"+name+".default"] = logical(name)
		table["bitwise_"+name+".Tensor"] = logical(name)
		table["__"+name+"__.Tensor"] = logical(name)
	}
	return table
}()

func compared(name string) importer {
	return func(n *node) ([]*graph.Value, error) {
		a, b := n.operand("self"), n.operand("other")
		of := common(a, b)
		if of == tensor.Bool && name != "eq" && name != "ne" {
			of = tensor.Int64
		}
		return n.Result(relation(name), n.As(of, a), n.As(of, b))
	}
}

// logical reads a function of truth values, or of the bits of whole numbers.
func logical(name string) importer {
	return func(n *node) ([]*graph.Value, error) {
		full := "logical_" + name
		if n.kind() == tensor.Int64 {
			full = "bitwise_" + name
		}
		a, b := n.operands("self", "other", n.kind())
		return n.Result(relation(full), a, b)
	}
}

func readWhere(n *node) ([]*graph.Value, error) {
	a, b := n.operands("self", "other", n.kind())
	return n.Result(op.Where{}, n.As(tensor.Bool, n.tensor("condition")), a, b)
}

func readMaskedFill(n *node) ([]*graph.Value, error) {
	value := n.operand("value")
	if a := n.arg("value"); n.Err == nil && strings.HasPrefix(a.kind, "as_float") && math.IsInf(n.real("value"), 0) && n.kind() == tensor.Int64 {
		n.Refuse("infinity among whole numbers")
	}
	return n.Result(op.Where{}, n.As(tensor.Bool, n.tensor("mask")), n.As(n.kind(), value), n.tensor("self"))
}
