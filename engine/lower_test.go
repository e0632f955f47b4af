package engine

import (
	"testing"

	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
)

// rare is the reason of operators whose time does not count in any known model.
const rare = "it is rare, and has little to do where it occurs"
const onWholes = "functions of int64 may fail, and models have them on few numbers"

const onlyParts = "in models it is part of a dynamic layer, which has kernels"

// withoutKernel says why the engine leaves an operator to its own evaluation.
var withoutKernel = map[string]string{
	"fake_quantize": "it is computed in training alone, which has kernels of its own",
	"shape":         "its result is known with the shapes",

	"local_response_norm": rare,
	"lp_norm":             rare,
	"einsum":              "a reader of files writes the usual equations as matmul",
	"grid_sample":         rare,
	"roi_align":           rare,
	"group_norm":          "no model at hand has it",
	"conv_nd":             "it is for other numbers of axes than two",
	"pool_nd":             "it is for other numbers of axes than two, and for rare modes",

	"gather_nd":        rare,
	"gather_elements":  rare,
	"scatter_nd":       rare,
	"scatter_elements": rare,
	"reverse_sequence": rare,
	"arange":           "its result is known with the shapes",
	"bitwise_and":      onWholes, "bitwise_left_shift": onWholes, "bitwise_or": onWholes, "bitwise_right_shift": onWholes, "bitwise_xor": onWholes,
	"argmax": rare, "cumsum": rare, "log_softmax": rare,
	"integer_conv2d": onlyParts, "integer_matmul": onlyParts,
	"bit_cast": rare, "col2im": rare, "cumprod": rare, "deform_conv": rare, "det": rare, "dft": rare, "tf_idf": rare, "unique": rare,
	"logsumexp": "its largest number has to be known first, and no model is known to need it fast",
}

// Every operator occurs in the random graphs that engines are compared on, and has a
// kernel for some types, or a reason why not.
func TestEveryOperatorHasAKernelOrAReason(t *testing.T) {
	r := testseed.Rand(t)
	occurs, kernel := map[string]bool{}, map[string]bool{}
	for dtype, numerics := range variants {
		for _, c := range randomgraph.Cases {
			g := c.Build(randomgraph.New(r, c.Name, dtype, numerics))
			p, err := Compile(g, Options{})
			if err != nil {
				t.Fatal(err)
			}
			plan, err := p.Plan()
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range plan {
				kind := n.Node.Op.Kind()
				occurs[kind] = true
				kernel[kind] = kernel[kind] || n.Kernel != "operator"
			}
		}
	}
	for _, kind := range op.Kinds() {
		switch reason := withoutKernel[kind]; {
		case !occurs[kind] && kind != "fake_quantize":
			t.Errorf("%s is in no random graph (internal/randomgraph)", kind)
		case !kernel[kind] && reason == "":
			t.Errorf("%s has no kernel (engine/lower.go), and no reason here", kind)
		case kernel[kind] && reason != "":
			t.Errorf("%s has a kernel; the reason %q is out of date", kind, reason)
		}
	}
}
