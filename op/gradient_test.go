package op

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// gradientsDir may name the output of another run of tools/golden/gradient.py.
var gradientsDir = flag.String("gradients", "testdata/gradient", "directory of the golden gradients")

// goldenGradient is one backward pass of PyTorch.
type goldenGradient struct {
	Op    string          `json:"op"`
	Attrs json.RawMessage `json:"attrs"`
	In    []stored        `json:"in"`
	Up    stored          `json:"up"`
	Grads []*stored       `json:"grads"`
}

// gradientBound is how far a gradient may be from PyTorch's, whose sums are
// float32, as a share of the largest one.
const gradientBound = 1e-5

func TestGoldenGradients(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(*gradientsDir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden gradients in %s: %v", *gradientsDir, err)
	}
	covered := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".bin")
			if err != nil {
				t.Fatal(err)
			}
			var cases []goldenGradient
			if err := json.Unmarshal(text, &cases); err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i, c := range cases {
				covered[c.Op] = true
				worst = max(worst, c.compare(t, fmt.Sprintf("case %d: %s %s", i, c.Op, c.Attrs), data))
			}
			t.Logf("%d cases, worst difference %.1e of the largest gradient", len(cases), worst)
		})
	}
	for _, o := range Prototypes() {
		_, differentiable := o.(Differentiable)
		if differentiable != covered[o.Kind()] {
			t.Errorf("%s: it has a gradient: %v; there are golden ones: %v", o.Kind(), differentiable, covered[o.Kind()])
		}
		if !differentiable && withoutGradient[o.Kind()] == "" {
			t.Errorf("%s has no gradient, and no reason for it", o.Kind())
		}
	}
}

func (c goldenGradient) compare(t *testing.T, name string, data []byte) (worst float64) {
	t.Helper()
	o, err := Decode(c.Op, c.Attrs)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	in := make([]*tensor.Tensor, len(c.In))
	for i, s := range c.In {
		in[i] = s.load(t, data)
	}
	grads, err := o.(Differentiable).Gradient(in, c.Up.load(t, data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for i, g := range grads {
		if (g == nil) != (c.Grads[i] == nil) {
			t.Errorf("%s: input %d: gradient %v, PyTorch's %v", name, i, g, c.Grads[i])
			continue
		}
		if g == nil {
			continue
		}
		want := c.Grads[i].load(t, data)
		if !g.Shape().Equal(want.Shape()) {
			t.Errorf("%s: input %d: shape %v, want %v", name, i, g.Shape(), want.Shape())
			continue
		}
		e := worstError(g.Float32s(), want.Float32s())
		if !(e <= gradientBound) {
			t.Errorf("%s: input %d: differs by %.1e of the largest gradient", name, i, e)
		}
		worst = max(worst, e)
	}
	return worst
}

// inferenceOnly is the reason of operators that only ONNX files have.
const inferenceOnly = "no architecture that can be trained has it"

// withoutGradient says why an operator has none.
var withoutGradient = map[string]string{
	"argmax":      "its results are places",
	"arange":      "its results are chosen by constants",
	"bitwise_and": "it is of whole numbers", "bitwise_left_shift": "it is of whole numbers", "bitwise_not": "it is of whole numbers",
	"bitwise_or": "it is of whole numbers", "bitwise_right_shift": "it is of whole numbers", "bitwise_xor": "it is of whole numbers",
	"eq": "its results are truth values", "ge": "its results are truth values", "gt": "its results are truth values", "le": "its results are truth values",
	"lt": "its results are truth values", "ne": "its results are truth values", "isinf": "its results are truth values", "isnan": "its results are truth values",
	"logical_and": "it is of truth values", "logical_or": "it is of truth values", "logical_xor": "it is of truth values",
	"shape":                 "its result does not depend on the data",
	"split":                 "training takes each part as the slice that it is",
	"nonzero":               "its results are places",
	"non_max_suppression":   "its results are places",
	"gather_nd":             inferenceOnly,
	"gather_elements":       inferenceOnly,
	"scatter_nd":            inferenceOnly,
	"scatter_elements":      inferenceOnly,
	"reverse_sequence":      inferenceOnly,
	"lstm":                  inferenceOnly,
	"center_crop_pad":       inferenceOnly,
	"einsum":                inferenceOnly,
	"grid_sample":           inferenceOnly,
	"roi_align":             inferenceOnly,
	"dynamic_quantize":      inferenceOnly,
	"dynamic_conv2d":        inferenceOnly,
	"dynamic_linear":        inferenceOnly,
	"dynamic_matmul":        inferenceOnly,
	"dynamic_lstm":          inferenceOnly,
	"dynamic_gru":           inferenceOnly,
	"int_repr":              "it is of codes",
	"quantize_whole":        "it is of codes",
	"dequantize_whole":      "it is of codes",
	"from_int_repr":         "it is of codes",
	"integer_conv2d":        "it is of whole numbers",
	"integer_matmul":        "it is of whole numbers",
	"bit_cast":              "it is of bits",
	"col2im":                inferenceOnly,
	"cumprod":               inferenceOnly,
	"deform_conv":           inferenceOnly,
	"det":                   inferenceOnly,
	"dft":                   inferenceOnly,
	"tf_idf":                "it counts whole numbers",
	"unique":                "its results are places",
	"local_response_norm":   inferenceOnly,
	"lp_norm":               inferenceOnly,
	"conv_nd":               inferenceOnly,
	"pool_nd":               inferenceOnly,
	"interpolate":           inferenceOnly,
	"gru":                   inferenceOnly,
	"rnn":                   inferenceOnly,
	"topk":                  "training has shapes of its own, and no K that is computed",
	"weight_only_embedding": inferenceOnly,
	"weight_only_linear":    inferenceOnly,
}

// smooth draws an operator and inputs such that no kink lies within a small step.
var smooth = map[string]func(r *rand.Rand) (graph.Op, []*tensor.Tensor){
	"conv2d": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		groups := 1 + r.IntN(3)
		i, o := groups*(1+r.IntN(3)), groups*(1+r.IntN(3))
		c := Conv2D{Stride: pair(r, 1, 2), Padding: pair(r, 0, 2), Dilation: pair(r, 1, 2), Groups: groups}
		k := pair(r, 1, 3)
		return c, []*tensor.Tensor{normal(r, 2, i, 6, 5), normal(r, o, i/groups, k[0], k[1]), normal(r, o)}
	},
	"linear": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Linear{}, []*tensor.Tensor{normal(r, 3, 7), normal(r, 5, 7), normal(r, 5)}
	},
	"matmul": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return MatMul{}, []*tensor.Tensor{normal(r, 2, 3, 4), normal(r, 2, 4, 5)}
	},
	"batch_norm": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		b := BatchNorm{Eps: 1e-3, Training: r.IntN(2) == 0}
		v := normal(r, 3)
		for i, x := range v.Float32s() {
			v.Float32s()[i] = 1 + x*x
		}
		return b, []*tensor.Tensor{normal(r, 4, 3, 2, 3), normal(r, 3), normal(r, 3), normal(r, 3), v}
	},
	"add": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Add{}, []*tensor.Tensor{normal(r, 2, 3, 2, 2), normal(r, 2, 3, 2, 2)}
	},
	"mul": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Mul{}, []*tensor.Tensor{normal(r, 2, 3, 2, 2), normal(r, 2, 3, 1, 1)}
	},
	"cat": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Cat{Axis: 1}, []*tensor.Tensor{normal(r, 2, 3, 2), normal(r, 2, 1, 2), normal(r, 2, 2, 2)}
	},
	"slice": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Slice{Axis: 1, Start: 1, End: 3}, []*tensor.Tensor{normal(r, 2, 4, 3)}
	},
	"channel_shuffle": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return ChannelShuffle{Groups: 2}, []*tensor.Tensor{normal(r, 2, 6, 2, 2)}
	},
	"flatten": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Flatten{Start: 1, End: -1}, []*tensor.Tensor{normal(r, 2, 3, 2, 2)}
	},
	"affine": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Affine{Scale: []float32{2, -1}, Shift: []float32{0, 3}}, []*tensor.Tensor{normal(r, 2, 2, 2, 2)}
	},
	"mean": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Mean{Axes: []int{2, 3}}, []*tensor.Tensor{normal(r, 2, 3, 2, 4)}
	},
	"avg_pool2d": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return AvgPool2D{Kernel: pair(r, 2, 3), Stride: pair(r, 1, 2), Padding: [2]int{1, 1}, CountIncludePad: r.IntN(2) == 0}, []*tensor.Tensor{normal(r, 2, 3, 6, 5)}
	},
	"adaptive_avg_pool2d": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return AdaptiveAvgPool2D{Output: pair(r, 1, 4)}, []*tensor.Tensor{normal(r, 2, 3, 5, 6)}
	},
	"max_pool2d": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		x := tensor.New(f32, 2, 3, 5, 6)
		for i, p := range r.Perm(x.Numel()) {
			x.Float32s()[i] = float32(p)
		}
		return MaxPool2D{Kernel: pair(r, 2, 3), Stride: pair(r, 1, 2), Padding: [2]int{1, 1}, Dilation: pair(r, 1, 2)}, []*tensor.Tensor{x}
	},
	"sub": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Sub{}, []*tensor.Tensor{normal(r, 2, 3, 2), normal(r, 3, 1)}
	},
	"div": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		by := normal(r, 3, 1)
		for i := range by.Float32s() {
			by.Float32s()[i] = 2 + r.Float32()
		}
		return Div{}, []*tensor.Tensor{normal(r, 2, 3, 2), by}
	},
	"transpose": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Transpose{Perm: r.Perm(3)}, []*tensor.Tensor{normal(r, 2, 3, 4)}
	},
	"reshape": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Reshape{Shape: []int{4, -1}}, []*tensor.Tensor{normal(r, 2, 3, 2)}
	},
	"squeeze": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Squeeze{Axes: []int{1}}, []*tensor.Tensor{normal(r, 2, 1, 3)}
	},
	"unsqueeze": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Unsqueeze{Axes: []int{1}}, []*tensor.Tensor{normal(r, 2, 3)}
	},
	"gather": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Gather{Axis: 1}, []*tensor.Tensor{normal(r, 2, 4, 2), tensor.Of([]int64{1, -1, 1}, 3)}
	},
	"softmax": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Softmax{Axis: 1}, []*tensor.Tensor{normal(r, 2, 4, 2)}
	},
	"layer_norm": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return LayerNorm{Axis: -1, Eps: 1e-1}, []*tensor.Tensor{normal(r, 3, 5), normal(r, 5), normal(r, 5)}
	},
	"group_norm": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return GroupNorm{Groups: 2 * r.IntN(2), Eps: 1e-1}, []*tensor.Tensor{normal(r, 2, 4, 3, 2), normal(r, 4), normal(r, 4)}
	},
	"strided_slice": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return StridedSlice{Starts: []int64{-1, 0}, Ends: []int64{-5, 3}, Axes: []int64{1, 2}, Steps: []int64{-2, 2}}, []*tensor.Tensor{normal(r, 2, 4, 3)}
	},
	"depth_to_space": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return DepthToSpace{Block: 2, ChannelsFirst: r.IntN(2) == 0}, []*tensor.Tensor{normal(r, 2, 8, 2, 3)}
	},
	"space_to_depth": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return SpaceToDepth{Block: 2}, []*tensor.Tensor{normal(r, 2, 2, 4, 6)}
	},
	"conv_transpose2d": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		c := ConvTranspose2D{Stride: pair(r, 1, 2), Padding: pair(r, 0, 1), Dilation: pair(r, 1, 2), Groups: 2}
		return c, []*tensor.Tensor{normal(r, 2, 4, 3, 4), normal(r, 4, 3, 2, 3), normal(r, 6)}
	},
	"resize": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Resize{Mode: "linear", Size: pair(r, 2, 7)}, []*tensor.Tensor{normal(r, 2, 2, 3, 4)}
	},
	"pad": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Pad{Before: []int{0, 1}, After: []int{2, 1}, Mode: []string{"constant", "reflect", "edge"}[r.IntN(3)]}, []*tensor.Tensor{normal(r, 3, 4)}
	},
	"abs": within(0.2, 1), "acos": within(-0.5, 0.5), "acosh": within(1.5, 2.5), "asin": within(-0.5, 0.5), "asinh": within(-1, 1), "atan": within(-1, 1),
	"atanh": within(-0.4, 0.4), "ceil": within(0.2, 0.8), "cos": within(-3, 3), "cosh": within(-1, 1), "erf": within(-1, 1), "exp": within(-1, 1), "expm1": within(-1, 1),
	"floor": within(0.2, 0.8), "log": within(1, 2), "log1p": within(0, 1), "log2": within(1, 2), "mish": within(-2, 2), "neg": within(-2, 2), "reciprocal": within(1.25, 2), "round": within(0.6, 1.4),
	"sign": within(0.2, 1), "sin": within(-3, 3), "sinh": within(-1, 1), "softplus": within(-2, 2), "softsign": within(0.2, 2), "sqrt": within(1, 2), "tan": within(-0.5, 0.5), "trunc": within(0.2, 0.8),
	"fmod":      pairOf("fmod"),
	"maximum":   pairOf("maximum"),
	"minimum":   pairOf("minimum"),
	"pow":       pairOf("pow"),
	"remainder": pairOf("remainder"),
	"amax":      reductionOf("amax"), "amin": reductionOf("amin"), "l1_norm": reductionOf("l1_norm"), "l2_norm": reductionOf("l2_norm"), "log_sum": reductionOf("log_sum"),
	"logsumexp": reductionOf("logsumexp"), "prod": reductionOf("prod"), "sum": reductionOf("sum"), "sum_square": reductionOf("sum_square"),
	"celu": withShape("celu"), "hard_sigmoid": withShape("hard_sigmoid"), "selu": withShape("selu"), "shrink": withShape("shrink"), "swish": withShape("swish"), "threshold": withShape("threshold"),
	"prelu": pairOf("prelu"),
	"clamp": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		lo, hi := -1.0, 1.0
		return Clip{Lo: &lo, Hi: &hi}, []*tensor.Tensor{tensor.Of([]float32{-2, -0.5, 0.1, 0.5, 3}, 5)}
	},
	"cumsum": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return CumSum{Axis: 1, Exclusive: r.IntN(2) == 0, Reverse: r.IntN(2) == 0}, []*tensor.Tensor{normal(r, 2, 4, 3)}
	},
	"log_softmax": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return LogSoftmax{Axis: 1}, []*tensor.Tensor{normal(r, 2, 4, 3)}
	},
	"to": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Cast{To: f32}, []*tensor.Tensor{normal(r, 2, 3)}
	},
	"where": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Where{}, []*tensor.Tensor{tensor.OfType(boolean, []uint8{1, 0, 1, 0}, 4), normal(r, 3, 1), normal(r, 3, 4)}
	},
	"expand": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Expand{}, []*tensor.Tensor{normal(r, 3, 1), tensor.Of([]int64{2, 1, 4}, 3)}
	},
	"tile": func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Tile{}, []*tensor.Tensor{normal(r, 3, 2), tensor.Of([]int64{2, 3}, 2)}
	},
	"quantize":   pointwiseOf(Quantize{}),
	"dequantize": pointwiseOf(Dequantize{}),
}

// within draws numbers from lo to hi for the function of the test's name.
func within(lo, hi float32) func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
	return func(r *rand.Rand) (graph.Op, []*tensor.Tensor) { return nil, []*tensor.Tensor{drawn(r, lo, hi, 2, 5)} }
}

func drawn(r *rand.Rand, lo, hi float32, shape ...int) *tensor.Tensor {
	x := tensor.New(f32, shape...)
	for i := range x.Float32s() {
		x.Float32s()[i] = lo + (hi-lo)*r.Float32()
	}
	return x
}

// withShape draws numbers far from the bends of a function with attributes.
func withShape(name string) func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
	return func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Shaped{Name: name, A: 0.5, B: 0.25}, []*tensor.Tensor{drawn(r, 0.7, 1.2, 2, 3)}
	}
}

// pairOf draws numbers whose quotient is far from whole ones.
func pairOf(name string) func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
	return func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		return Pairwise{Name: name}, []*tensor.Tensor{drawn(r, 1.2, 1.7, 2, 3), drawn(r, 0.9, 1.1, 3)}
	}
}

// reductionOf draws numbers of which the largest and the smallest stand out.
func reductionOf(name string) func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
	return func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		x := drawn(r, 0.5, 1.5, 2, 3, 4)
		for i := range 4 {
			x.Float32s()[i], x.Float32s()[8+i] = 1.7, 0.3
			x.Float32s()[12+i], x.Float32s()[20+i] = 1.7, 0.3
		}
		return Reduce{Name: name, Axes: []int{1}}, []*tensor.Tensor{x}
	}
}

// pointwiseOf draws numbers that are at least 1/8 from the integers.
func pointwiseOf(o graph.Op) func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
	return func(r *rand.Rand) (graph.Op, []*tensor.Tensor) {
		x := tensor.New(f32, 2, 3, 4, 2)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(r.IntN(20)-10) + 0.125 + 0.75*r.Float32()
		}
		return o, []*tensor.Tensor{x}
	}
}

func pair(r *rand.Rand, lo, hi int) [2]int {
	return [2]int{lo + r.IntN(hi-lo+1), lo + r.IntN(hi-lo+1)}
}

func normal(r *rand.Rand, shape ...int) *tensor.Tensor {
	t := tensor.New(f32, shape...)
	for i := range t.Float32s() {
		t.Float32s()[i] = float32(r.NormFloat64())
	}
	return t
}

// Along a random direction, the change of the result must be what the gradient
// says. A rounding function has no such derivative: PyTorch decides for it.
func TestGradientsAreDerivatives(t *testing.T) {
	seed := testseed.Of(t)
	for _, o := range Prototypes() {
		kind, draw := o.Kind(), smooth[o.Kind()]
		if _, unary := o.(Unary); unary && draw == nil {
			draw = pointwiseOf(o)
		}
		if draw == nil {
			if _, ok := o.(Differentiable); ok && kind != (FakeQuantize{}).Kind() {
				t.Errorf("no case for %s", kind)
			}
			continue
		}
		t.Run(kind, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			for range 20 {
				drawn, in := draw(r)
				if drawn == nil {
					drawn = o
				}
				checkDerivative(t, r, drawn.(Differentiable), in)
			}
		})
	}
}

func checkDerivative(t *testing.T, r *rand.Rand, o Differentiable, in []*tensor.Tensor) {
	t.Helper()
	types, err := o.Infer(graph.FactsOf(in...))
	if err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	up := normal(r, types[0].Shape...)
	grads, err := o.Gradient(in, up)
	if err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	// What is not linear has an error of second order in eps: eps*eps is 2.4e-4, and the
	// third derivatives of these functions stay below 8.
	const eps, secondOrder = 1.0 / 64, 2e-3
	for i, g := range grads {
		if g == nil {
			continue
		}
		// The direction has steps of powers of two, which round nowhere.
		direction, want, size := make([]float32, g.Numel()), 0.0, 0.0
		for j := range direction {
			direction[j] = float32(1-2*r.IntN(2)) * float32(1+r.IntN(2)) / 2
			want += float64(direction[j]) * float64(g.Float32s()[j])
			size += math.Abs(float64(direction[j]) * float64(g.Float32s()[j]))
		}
		ahead, behind := along(t, o, in, i, direction, eps, up), along(t, o, in, i, direction, -eps, up)
		got := (ahead - behind) / (2 * eps)
		if !(math.Abs(got-want) <= secondOrder*(size+1)) {
			t.Errorf("%+v %v: along a direction of input %d the result changes by %v, the gradient says %v", o, in, i, got, want)
		}
	}
}

// along is the sum of the products of the result and up, with input i moved.
func along(t *testing.T, o graph.Op, in []*tensor.Tensor, i int, direction []float32, step float32, up *tensor.Tensor) float64 {
	t.Helper()
	moved := append([]*tensor.Tensor(nil), in...)
	moved[i] = tensor.New(f32, in[i].Shape()...)
	for j, v := range in[i].Float32s() {
		moved[i].Float32s()[j] = v + float32(direction[j]*step)
	}
	y, err := o.Eval(graph.Context{}, moved, []graph.Type{{DType: f32, Shape: up.Shape()}})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for j, v := range y[0].Float32s() {
		sum += float64(v) * float64(up.Float32s()[j])
	}
	return sum
}

func TestGradientRefusesCodes(t *testing.T) {
	x := tensor.NewQuantized(u8, tensor.Affine(1, 0), 2, 3)
	_, err := Clamp{Act: quant.ReLU}.Gradient([]*tensor.Tensor{x}, tensor.New(f32, 2, 3))
	if err == nil || !strings.Contains(err.Error(), "only float32 has gradients") {
		t.Errorf("codes: %v", err)
	}
	_, err = Clamp{Act: quant.ReLU}.Gradient([]*tensor.Tensor{tensor.New(f32, 2, 3)}, tensor.New(f32, 3, 2))
	if err == nil || !strings.Contains(err.Error(), "shape") {
		t.Errorf("wrong shape: %v", err)
	}
}
