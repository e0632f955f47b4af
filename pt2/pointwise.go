package pt2

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// pointwise are functions of one number.
var pointwise = map[string]importer{
	"relu.default":        unary(op.Clamp{Act: quant.ReLU}),
	"relu6.default":       unary(op.Clamp{Act: quant.ReLU6}),
	"sigmoid.default":     unary(op.Sigmoid{}),
	"tanh.default":        unary(op.Tanh{}),
	"silu.default":        unary(op.SiLU{}),
	"hardswish.default":   unary(op.Hardswish{}),
	"hardsigmoid.default": unary(op.Hardsigmoid{}),
	"abs.default":         numeric("abs"),
	"neg.default":         numeric("neg"),
	"sign.default":        numeric("sign"),
	"acos.default":        unary(function("acos")),
	"asin.default":        unary(function("asin")),
	"atan.default":        unary(function("atan")),
	"ceil.default":        unary(function("ceil")),
	"cos.default":         unary(function("cos")),
	"erf.default":         unary(function("erf")),
	"exp.default":         unary(function("exp")),
	"expm1.default":       unary(function("expm1")),
	"floor.default":       unary(function("floor")),
	"log.default":         unary(function("log")),
	"log1p.default":       unary(function("log1p")),
	"log2.default":        unary(function("log2")),
	"mish.default":        unary(function("mish")),
	"reciprocal.default":  unary(function("reciprocal")),
	"round.default":       unary(function("round")),
	"sin.default":         unary(function("sin")),
	"sqrt.default":        unary(function("sqrt")),
	"tan.default":         unary(function("tan")),
	"trunc.default":       unary(function("trunc")),
	"frac.default":        readFrac,
	"rsqrt.default":       chained(function("sqrt"), function("reciprocal")),
	"log_sigmoid.default": chained(function("neg"), function("softplus"), function("neg")),
	"square.default":      readSquare,
	"leaky_relu.default":  readLeakyReLU,
	"elu.default":         readELU,
	"celu.default":        readCELU,
	"selu.default":        unary(op.Shaped{Name: "selu", A: 1.6732632423543772848170429916717, B: 1.0507009873554804934193349852946}),
	"gelu.default":        readGELU,
	"softplus.default":    readSoftplus,
	"hardtanh.default":    readHardtanh,
	"hardshrink.default":  readHardshrink,
	"threshold.default":   readThreshold,
	"clamp.default":       readClamp,
	"clamp_min.default":   readClamp,
	"clamp_max.default":   readClamp,
	"prelu.default":       readPReLU,
	"glu.default":         readGLU,
	"logical_not.default": readNot,
	"bitwise_not.default": readNot,
	"isnan.default":       unary(op.IsNaN{}),
	"isinf.default":       unary(op.IsInf{}),
}

// real32 is an operand as float32: functions of whole numbers are those of floats. The codes of a
// model that torch.ao has converted stay codes.
func (n *node) real32(name string) *graph.Value {
	v := n.tensor(name)
	if n.Err == nil && v.Type.DType.IsQuantized() {
		return v
	}
	return n.As(tensor.Float32, v)
}

// numeric reads a function that whole numbers have, too.
func numeric(name string) importer {
	return func(n *node) ([]*graph.Value, error) { return n.Result(function(name), n.tensor("self")) }
}

// chained reads functions one after another.
func chained(functions ...graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) {
		x, last := n.real32("self"), len(functions)-1
		for _, f := range functions[:last] {
			x = n.Do(f, x)
		}
		return n.Result(functions[last], x)
	}
}

func readSquare(n *node) ([]*graph.Value, error) {
	x := n.tensor("self")
	return n.Result(op.Mul{}, x, x)
}

// readFrac gives what trunc leaves out.
func readFrac(n *node) ([]*graph.Value, error) {
	x := n.real32("self")
	return n.Result(op.Sub{}, x, n.Do(function("trunc"), x))
}

func readLeakyReLU(n *node) ([]*graph.Value, error) {
	return n.Result(op.LeakyReLU{Slope: float32(n.real("negative_slope"))}, n.tensor("self"))
}

func readELU(n *node) ([]*graph.Value, error) {
	if scale, in := n.real("scale"), n.real("input_scale"); scale != 1 || in != 1 {
		n.Refuse("scale %v and input_scale %v are not read", scale, in)
	}
	return n.Result(op.ELU{Alpha: float32(n.real("alpha"))}, n.tensor("self"))
}

func readCELU(n *node) ([]*graph.Value, error) {
	return n.Result(op.Shaped{Name: "celu", A: float32(n.real("alpha"))}, n.tensor("self"))
}

func readGELU(n *node) ([]*graph.Value, error) {
	form := n.text("approximate")
	if form != "none" && form != "tanh" {
		n.Refuse("approximate is %q; none and tanh are read", form)
	}
	return n.Result(op.GELU{Tanh: form == "tanh"}, n.tensor("self"))
}

func readSoftplus(n *node) ([]*graph.Value, error) {
	if beta, from := n.real("beta"), n.real("threshold"); beta != 1 || from != 20 {
		n.Refuse("beta %v and threshold %v; 1 and 20 are read", beta, from)
	}
	return n.Result(function("softplus"), n.tensor("self"))
}

// between is a clamp, which is fused with what is in front of it where it is that of ReLU or ReLU6.
func (n *node) between(lo, hi float64) ([]*graph.Value, error) {
	x := n.tensor("self")
	if n.Err == nil && x.Type.DType == tensor.Float32 && lo == 0 {
		switch {
		case hi == 6:
			return n.Result(op.Clamp{Act: quant.ReLU6}, x)
		case math.IsInf(hi, 1):
			return n.Result(op.Clamp{Act: quant.ReLU}, x)
		}
	}
	var c op.Clip
	if !math.IsInf(lo, -1) {
		c.Lo = &lo
	}
	if !math.IsInf(hi, 1) {
		c.Hi = &hi
	}
	return n.Result(c, x)
}

func readHardtanh(n *node) ([]*graph.Value, error) {
	return n.between(n.real("min_val"), n.real("max_val"))
}

// readClamp reads bounds of which one may be missing.
func readClamp(n *node) ([]*graph.Value, error) {
	lo, hi := math.Inf(-1), math.Inf(1)
	if n.target != "clamp_max.default" && !n.none("min") {
		lo = n.real("min")
	}
	if n.target != "clamp_min.default" && !n.none("max") {
		hi = n.real("max")
	}
	if n.made().DType != n.meta("self").DType {
		n.Refuse("bounds of another type than its operand's are not read")
	}
	return n.between(lo, hi)
}

func readHardshrink(n *node) ([]*graph.Value, error) {
	return n.Result(op.Shaped{Name: "shrink", A: float32(n.real("lambd"))}, n.tensor("self"))
}

// readThreshold gives x above a threshold, otherwise another number.
func readThreshold(n *node) ([]*graph.Value, error) {
	x := n.real32("self")
	above := n.Do(relation("gt"), x, n.Scalar(float32(n.real("threshold"))))
	return n.Result(op.Where{}, above, x, n.Scalar(float32(n.real("value"))))
}

// readPReLU aligns slopes, one for each channel, with the second axis.
func readPReLU(n *node) ([]*graph.Value, error) {
	slopes, rank := n.tensor("weight"), n.rank("self")
	if shape := n.fixed("weight"); n.Err == nil && shape.Numel() > 1 && rank > 2 {
		behind := make([]int, rank-2)
		for i := range behind {
			behind[i] = i + 1
		}
		slopes = n.Do(op.Unsqueeze{Axes: behind}, slopes)
	}
	return n.Result(pairwise("prelu"), n.tensor("self"), slopes)
}

// readGLU multiplies one half with the sigmoid of the other.
func readGLU(n *node) ([]*graph.Value, error) {
	halves := n.Split(op.Split{Axis: n.axis("dim", "self"), Parts: 2}, n.tensor("self"))
	return n.Result(op.Mul{}, halves[0], n.Do(op.Sigmoid{}, halves[1]))
}

func readNot(n *node) ([]*graph.Value, error) {
	x := n.tensor("self")
	if n.target == "logical_not.default" {
		x = n.As(tensor.Bool, x)
	}
	return n.Result(op.Not{}, x)
}
