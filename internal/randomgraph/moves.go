package randomgraph

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// moves are cases of operators that put elements elsewhere, as ONNX files have them.
var moves = []Case{
	{"strided slices", 6, 7, 9, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 6, 6, 3, 1, 1)
		cut := func(o op.StridedSlice, more ...*graph.Value) *graph.Value { return b.Moved("cut", o, x, more...)[0] }
		last := []int64{1 << 62}
		return b.Finish(
			cut(op.StridedSlice{Starts: []int64{-1}, Ends: []int64{-1 << 62}, Steps: []int64{-1}, Axes: []int64{3}}),
			cut(op.StridedSlice{Starts: []int64{0}, Ends: last, Steps: []int64{2}, Axes: []int64{1}}),
			cut(op.StridedSlice{Starts: []int64{0, 1, 1, 0}, Ends: []int64{9, 5, -1, 9}, Steps: []int64{1, 2, 3, 2}}),
			cut(op.StridedSlice{Starts: []int64{4}, Ends: last, Axes: []int64{-1}}),
			cut(op.StridedSlice{}, b.ints(1, -3), b.ints(99, -99), b.ints(1, 2), b.ints(1, -1)))
	}},
	{"blocks of pixels", 12, 4, 6, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 12, 12, 3, 1, 1)
		deep := b.Moved("deep", op.SpaceToDepth{Block: 2}, x)[0]
		return b.Finish(deep, b.Moved("wide", op.DepthToSpace{Block: 2}, x)[0],
			b.Conv(b.Moved("wide", op.DepthToSpace{Block: 2, ChannelsFirst: true}, x)[0], 3, 5, 3, 1, 1))
	}},
	{"equal parts", 7, 5, 6, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 7, 7, 3, 1, 1)
		parts := b.Moved("parts", op.Split{Axis: 1, Parts: 3}, x)
		sizes := b.Moved("sizes", op.Split{Axis: -1, Parts: 2}, x, b.ints(2, 4))
		single := b.Moved("single", op.Unsqueeze{}, parts[2], b.ints(0, -1))[0]
		flat := b.Moved("flat", op.Flatten{Start: 3, Matrix: true}, x)[0]
		return b.Finish(append(sizes, parts[0], parts[1], flat, b.Moved("squeeze", op.Squeeze{All: true}, single)[0], b.Moved("squeeze", op.Squeeze{}, single, b.ints(-1))[0])...)
	}},
	{"uneven padding", 5, 9, 10, func(b *Builder) *graph.Graph {
		one, two := [2]int{1, 1}, [2]int{2, 2}
		x := b.Input()
		wide := b.Conv(b.Conv(x, 5, 16, 3, 1, 1), 16, 32, 3, 1, 1)
		stem := b.Moved("rgb", op.Slice{Axis: 1, End: 3}, x)[0]
		conv := func(c op.Conv2D, x *graph.Value, shape ...int) *graph.Value {
			return b.Node("conv", c, b.Quantum(), b.Weights(x, shape...)...)
		}
		same := op.Conv2D{Stride: two, Dilation: one, Groups: 1, Auto: op.SameUpper, Act: b.Act()}
		lower := op.Conv2D{Stride: two, Dilation: one, Groups: 1, Auto: op.SameLower}
		uneven := op.Conv2D{Stride: one, Padding: [2]int{0, 1}, Uneven: [2]int{2, -1}, Dilation: one, Groups: 1}
		deep, unit := uneven, same
		deep.Groups, unit.Stride = 32, one
		pool := op.AvgPool2D{Kernel: two, Stride: two, Padding: one, Uneven: [2]int{-1, 0}, CountIncludePad: true}
		up := op.ConvTranspose2D{Stride: two, Padding: [2]int{0, 1}, Uneven: [2]int{1, -1}, Dilation: one, Groups: 1}
		auto := op.ConvTranspose2D{Stride: two, Dilation: one, Groups: 1, Auto: op.SameLower}
		sized := op.ConvTranspose2D{Stride: two, Dilation: one, Groups: 1, Output: [2]int{19, 20}}
		ups := []*graph.Value{b.Transposed(x, up, 5, 6, 3, 4), b.Transposed(x, auto, 5, 6, 3, 3)}
		if b.dtype == tensor.Float32 { // where the padding depends on the size of the image, there is no kernel
			ups = append(ups, b.Transposed(x, sized, 5, 6, 3, 3))
		}
		return b.Finish(append(ups,
			conv(same, stem, 18, 3, 3, 3), conv(lower, stem, 18, 3, 4, 3), conv(uneven, stem, 9, 3, 3, 3), conv(unit, wide, 260, 32, 3, 3),
			conv(uneven, wide, 40, 32, 3, 3), conv(deep, wide, 32, 1, 3, 3), conv(same, wide, 24, 32, 2, 4), conv(unit, wide, 24, 32, 1, 1),
			b.Pool(x, op.MaxPool2D{Kernel: [2]int{3, 2}, Stride: two, Dilation: one, Auto: op.SameUpper}), b.Pool(x, pool),
			b.Pool(x, op.AvgPool2D{Kernel: two, Stride: one, Auto: op.SameLower}),
		)...)
	}},
	{"padding and interpolation by operands", 4, 6, 7, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 4, 4, 3, 1, 1)
		none := b.g.AddConst(b.name("none"), tensor.New(tensor.Float32, 0))
		value := b.g.AddConst(b.name("value"), tensor.Of([]float32{0.5}, 1))
		scales := b.g.AddConst(b.name("scales"), tensor.Of([]float32{1.5, 0.6}, 2))
		real := b.Real(x)
		return b.Finish(
			b.Moved("pad", op.Pad{Mode: "constant"}, x, b.ints(1, -2, -1, 3), value, b.ints(-1, 2))[0],
			b.Moved("pad", op.Pad{Mode: "wrap"}, x, b.ints(0, 0, 2, 3, 0, 0, 4, 1))[0],
			b.Moved("nearest", op.Interpolate{Mode: "nearest", Axes: []int{2, 3}, Coordinates: "asymmetric", Rounding: "floor"}, x, none, scales)[0],
			b.Moved("nearest", op.Interpolate{Mode: "nearest", Axes: []int{3}, Sizes: []int{11}}, x)[0],
			b.Float("linear", op.Interpolate{Mode: "linear", Axes: []int{3, 2}}, real, none, none, b.ints(5, 9)),
			b.Float("linear", op.Interpolate{Mode: "linear", Scales: []float32{1, 1, 1, 2.5}}, real),
			b.Float("linear", op.Interpolate{Mode: "linear", Scales: []float32{1, 2, 1, 2}}, real),
			b.Float("cubic", op.Interpolate{Mode: "cubic", Axes: []int{2, 3}, Scales: []float32{2, 0.7}, Antialias: true}, real))
	}},
	{"recurrences", 5, 4, 6, func(b *Builder) *graph.Graph { // the channels are elements of sequences
		x := b.Float("sequences", op.Reshape{Shape: []int{0, 5, 24}, KeepZero: true}, b.Real(b.Input()))
		turned := b.Float("turned", op.Transpose{Perm: []int{1, 0, 2}}, x)
		layer := func(o graph.Op, gates, directions, hidden int, x *graph.Value) []*graph.Value {
			const scale = 0.3
			w := func(shape ...int) *graph.Value {
				return b.g.AddConst(b.name("weight"), tensor.Of(b.floats(tensor.Shape(shape).Numel(), scale), shape...))
			}
			rows := gates * hidden
			in := []*graph.Value{w(directions, rows, 24), w(directions, rows, hidden), w(directions, 2*rows)}
			return b.Moved(o.Kind(), o, x, in[:2+b.r.IntN(2)]...)
		}
		both, first := op.Recurrence{Direction: "bidirectional"}, op.Recurrence{BatchFirst: true}
		var out []*graph.Value
		for _, y := range [][]*graph.Value{
			layer(op.LSTM{Recurrence: first}, 4, 1, 20, x), layer(op.GRU{Recurrence: first}, 3, 1, 9, x),
			layer(op.GRU{Recurrence: first, LinearBeforeReset: true}, 3, 1, 16, x), layer(op.RNN{Recurrence: first}, 1, 1, 7, x),
		} {
			out = append(out, y[0], y[1])
		}
		for _, y := range [][]*graph.Value{layer(op.LSTM{Recurrence: both}, 4, 2, 11, turned), layer(op.GRU{Recurrence: op.Recurrence{Direction: "reverse"}}, 3, 1, 6, turned)} {
			out = append(out, b.Float("back", op.Transpose{Perm: []int{2, 0, 1, 3}}, y[0]))
		}
		start := b.Float("start", op.Slice{Axis: 1, End: 1}, x)
		state := b.Float("state", op.Slice{Axis: 2, End: 20}, start)
		none := b.ints()
		none.Type.Shape, none.Data = tensor.Shape{0}, tensor.New(tensor.Int64, 0)
		bias := b.g.AddConst(b.name("bias"), tensor.New(tensor.Float32, 0))
		w := b.g.AddConst(b.name("weight"), tensor.Of(b.floats(80*24, 0.3), 1, 80, 24))
		u := b.g.AddConst(b.name("weight"), tensor.Of(b.floats(80*20, 0.3), 1, 80, 20))
		out = append(out, b.Moved("lstm", op.LSTM{Recurrence: first}, x, w, u, bias, none, state, state)...)
		return b.Finish(out...)
	}},
	{"norms and other axes", 6, 4, 5, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		deep := b.Float("deep", op.Reshape{Shape: []int{0, 2, 3, 4, 5}, KeepZero: true}, x)
		three := func(n int) []int { return []int{n, n, n} }
		over := op.Spatial{Stride: three(1), Before: three(1), After: three(0), Dilation: three(1)}
		w := b.g.AddConst(b.name("weight"), tensor.Of(b.floats(4*2*8, 0.5), 4, 2, 2, 2, 2))
		return b.Finish(
			b.Float("group", op.GroupNorm{Groups: 3, Eps: 1e-1}, x), b.Float("lrn", op.LocalResponseNorm{Size: 3, Alpha: 0.1, Beta: 0.75, K: 1}, x),
			b.Moved("norm", op.LayerNorm{Axis: 2, Eps: 0.1, Moments: true}, x)[1], b.Moved("crop", op.CenterCropPad{Axes: []int{2, 3}}, x, b.ints(7, 2))[0],
			b.Float("lp", op.LpNorm{Axis: 1, P: 2}, x), b.Float("conv", op.ConvND{Spatial: over, Groups: 1}, deep, w),
			b.Float("pool", op.PoolND{Spatial: over, Mode: "average", Kernel: three(2)}, deep))
	}},
	{"columns and spectra", 4, 6, 5, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		lines := b.Float("lines", op.Reshape{Shape: []int{0, 4, 30}, KeepZero: true}, x)
		unit := op.Spatial{Stride: []int{1, 1}, Before: []int{1, 0}, After: []int{0, 1}, Dilation: []int{1, 1}}
		offset := b.Float("offset", op.Cat{Axis: 1}, x, x)
		w := b.g.AddConst(b.name("weight"), tensor.Of(b.floats(3*4*4, 0.5), 3, 4, 2, 2))
		bias := b.g.AddConst(b.name("bias"), tensor.Of(b.floats(3, 0.5), 3))
		whole := b.Float("whole", op.Cast{To: tensor.Int64}, b.Float("few", op.Slice{Axis: 3, End: 2}, x))
		unique := b.Moved("unique", op.Unique{Axis: 1}, whole)
		tokens := b.Moved("tokens", op.Reshape{Shape: []int{1, -1}}, whole)[0]
		grams := op.TfIdf{Mode: "TF", MinLength: 1, MaxLength: 2, MaxSkip: 1, Starts: []int{0, 2}, Pool: []int64{0, 1, 0, -1}, Places: []int{2, 0, 1}}
		return b.Finish(
			b.Float("col2im", op.Col2Im{Spatial: unit}, lines, b.ints(6, 5), b.ints(2, 2)),
			b.Float("deform", op.DeformConv{Spatial: unit, Groups: 1, OffsetGroups: 1}, x, w, offset, bias, x),
			b.Float("spectrum", op.DFT{Axis: 2}, b.Float("parts", op.Slice{Axis: 3, End: 2}, x)),
			b.Float("det", op.Det{}, b.Float("square", op.Slice{Axis: 2, End: 5}, x)),
			b.Float("cumprod", op.CumProd{Axis: 2, Exclusive: true}, x),
			b.Float("bits", op.Cast{To: tensor.Float32}, b.Float("half", op.BitCast{From: tensor.Float16, To: tensor.Int16}, x)),
			b.Float("small", op.Cast{To: tensor.Float32, Via: tensor.Float8E4M3}, x),
			b.Float("slices", op.Cast{To: tensor.Float32}, unique[0]), b.Float("which", op.Cast{To: tensor.Float32}, unique[2]), b.Float("grams", grams, tokens))
	}},
	{"einsum and sampling", 3, 6, 5, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		both := b.Float("einsum", op.Einsum{Equation: "nchw,nchv->ncwv"}, x, x)
		grid := b.Float("tanh", op.Tanh{}, b.Float("grid", op.Slice{Axis: 3, Start: 1, End: 3}, b.Float("nhwc", op.Transpose{Perm: []int{0, 1, 2, 3}}, x)))
		regions := b.g.AddConst(b.name("regions"), tensor.Of([]float32{0.5, 1, 4, 5, 0, 0, 2, 3}, 2, 4))
		rois := b.Float("roi", op.ROIAlign{Output: [2]int{2, 3}, SpatialScale: 0.9}, x, regions, b.ints(0, 0))
		return b.Finish(both, b.Float("sample", op.GridSample{Mode: "linear", Padding: "border"}, x, grid), rois, b.Float("images", op.Cat{Axis: 0}, rois, rois))
	}},
	{"gather and scatter", 4, 5, 6, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 4, 4, 3, 1, 1)
		places := b.Moved("places", op.Reshape{Shape: []int{2, 2}}, b.ints(0, 3, -1, 1))[0]
		rows := b.Moved("rows", op.Reshape{Shape: []int{1, 1, 2, 2}}, b.ints(0, 4, -1, 1))[0]
		image := b.Moved("image", op.Reshape{Shape: []int{-1, 5, 6}}, x)[0]
		real := b.Real(image)
		some := b.Float("some", op.GatherND{}, real, places)
		one := b.Real(b.Moved("elements", op.GatherElements{Axis: 2}, x, rows)[0])
		return b.Finish(
			b.Moved("gather", op.GatherND{}, image, places)[0], one, b.Float("images", op.Cat{Axis: 0}, some, some),
			b.Float("scatter", op.ScatterND{}, real, places, some),
			b.Float("scatter", op.ScatterND{Reduction: "max"}, real, places, some),
			b.Float("scatter", op.ScatterElements{Axis: 2, Reduction: "add"}, b.Real(x), rows, one),
			b.Moved("reverse", op.ReverseSequence{BatchAxis: 2, TimeAxis: 1}, x, b.ints(1, 4, 2, 3, 0))[0])
	}},
}
