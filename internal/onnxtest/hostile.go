package onnxtest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Hostile is a file that cannot be meant, and what its error has to name.
type Hostile struct {
	Name string // what is wrong, for messages of tests
	Data []byte // the whole file
	Says string // a part of the error
}

// HostileFiles are files that have to be refused when they are read.
func HostileFiles(r *rand.Rand) []Hostile {
	x, y := Input("x", Float32, 1, 4), Output("y", Float32, nil)
	relu := Node("Relu", []string{"x"}, []string{"y"})
	good := Model(x, y, relu)
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	add := func(in string) []byte { return Model(x, y, Node("Add", []string{"x", in}, []string{"y"})) }
	addOf := func(weight Part) []byte { return Model(x, y, weight, Node("Add", []string{"x", "w"}, []string{"y"})) }
	huge := int64(math.MaxInt64)
	deep := func(attr func(inner Part) Part) []byte {
		inner := Node("Relu", []string{"x"}, []string{"y"})
		for range 500 {
			inner = attr(inner)
		}
		return Model(x, y, inner)
	}
	million := Part(bytes.Repeat(relu, 1_000_000))
	scale := func(s float32) []byte {
		return Model(x, y, Floats("s", nil, s), Codes("z", UInt8, nil, 0),
			Node("QuantizeLinear", []string{"x", "s", "z"}, []string{"q"}), Node("DequantizeLinear", []string{"q", "s", "z"}, []string{"y"}))
	}
	conv := func(shape []int64, attr Part) []byte {
		weight := make([]float32, shape[0]*shape[1]*shape[2])
		return Model(Input("x", Float32, 1, 4, 9), y, Floats("w", shape, weight...), Node("Conv", []string{"x", "w"}, []string{"y"}, attr))
	}
	along := func(axis, n int) []byte {
		scales := slices.Repeat([]float32{1}, n)
		return Model(x, y, Floats("s", []int64{int64(n)}, scales...), Codes("w", Int8, []int64{4, 4}, make([]byte, 16)...),
			Node("DequantizeLinear", []string{"w", "s"}, []string{"r"}, AttrInt("axis", int64(axis))), Node("MatMul", []string{"x", "r"}, []string{"y"}))
	}
	return []Hostile{
		{"empty", nil, "no ONNX"},
		{"noise", noise, "model.onnx"},
		{"wrong magic", []byte("PK\x03\x04this is a zip"), "model.onnx"},
		{"truncated", good[:len(good)*2/3], "model.onnx"},
		{"claims 2 GB", append(bytes.Clone(good), 0x3a, 0xff, 0xff, 0xff, 0xff, 0x07), "model.onnx"},
		{"huge extent", addOf(Tensor(5, "w", Float32, []int64{huge})), `"w"`},
		{"extents that overflow", addOf(Tensor(5, "w", Float32, []int64{1 << 31, 1 << 31, 1 << 31})), `"w"`},
		{"extents without data", addOf(Tensor(5, "w", Float32, []int64{1 << 30, 1 << 10})), `"w"`},
		{"negative extent", addOf(Tensor(5, "w", Float32, []int64{-4})), `"w"`},
		{"unknown element type", addOf(Tensor(5, "w", 99, []int64{4})), `"w"`},
		{"unknown type of an input", Model(Input("x", 77, 4), y, relu), `"x"`},
		{"missing initializer", add("w"), `"w"`},
		{"cycle", Model(x, y, Node("Add", []string{"x", "b"}, []string{"a"}), Node("Relu", []string{"a"}, []string{"b"}), Node("Relu", []string{"b"}, []string{"y"})), `"b"`},
		{"duplicated result", Model(x, y, relu, relu), `"y"`},
		{"duplicated initializer", Model(x, y, Floats("w", nil, 1), Floats("w", nil, 2), relu), `"w"`},
		{"duplicated input", Model(x, x, y, relu), `"x"`},
		{"output of no node", Model(x, Output("z", Float32), relu), `"z"`},
		{"external data up", addOf(External("w", Float32, []int64{4}, "location", "../../etc/passwd")), `"w"`},
		{"external data absolute", addOf(External("w", Float32, []int64{4}, "location", "/etc/passwd")), `"w"`},
		{"external data beyond the file", addOf(External("w", Float32, []int64{1 << 30}, "location", "model.onnx")), `"w"`},
		{"external data of a negative place", addOf(External("w", Float32, []int64{4}, "location", "model.onnx", "offset", "-1")), `"w"`},
		{"external data behind a link", addOf(External("w", Float32, []int64{4}, "location", "link.bin")), `"w"`},
		{"deep subgraphs", deep(func(inner Part) Part {
			return Node("If", []string{"x"}, []string{"y"}, AttrGraph("then_branch", inner, Untyped("y")))
		}), "deep"},
		{"a million nodes", Model(million, x, y), "nodes"},
		{"function that calls itself", ModelWith(17, []Part{Opset("own", 1), Function("own", "F", []string{"a"}, []string{"b"}, NodeOf("own", "F", []string{"a"}, []string{"b"}))},
			x, y, NodeOf("own", "F", []string{"x"}, []string{"y"})), "F"},
		{"If whose branch needs its result", Model(x, y, Codes("c", Bool, nil, 1), Node("If", []string{"c"}, []string{"y"},
			AttrGraph("then_branch", Node("Relu", []string{"y"}, []string{"t"}), Untyped("t")))), `"y"`},
		{"If whose branch gives nothing", Model(x, y, Codes("c", Bool, nil, 1), Node("If", []string{"c"}, []string{"y"}, AttrGraph("then_branch"))), "then_branch"},
		{"kernel_shape of another weight", conv([]int64{2, 4, 3}, AttrInts("kernel_shape", 5)), "kernel_shape"},
		{"auto_pad of no kind", conv([]int64{2, 4, 3}, AttrText("auto_pad", "SAME")), "auto_pad"},
		{"scale along an axis that is not there", along(3, 4), "axis 3"},
		{"scales that do not fill an axis", along(1, 3), "3 scales"},
		{"functions that call each other", ModelWith(17, []Part{Opset("own", 1),
			Function("own", "F", []string{"a"}, []string{"b"}, NodeOf("own", "G", []string{"a"}, []string{"b"})),
			Function("own", "G", []string{"a"}, []string{"b"}, NodeOf("own", "F", []string{"a"}, []string{"b"}))},
			x, y, NodeOf("own", "F", []string{"x"}, []string{"y"})), "in function G"},
		{"functions that double their calls", ModelWith(17, append([]Part{Opset("own", 1)}, doubling(40)...),
			x, y, NodeOf("own", "F39", []string{"x"}, []string{"y"})), "F39"},
		{"function of too many operands", ModelWith(17, []Part{Opset("own", 1), Function("own", "F", []string{"a"}, []string{"b"}, Node("Relu", []string{"a"}, []string{"b"}))},
			x, y, NodeOf("own", "F", []string{"x", "x"}, []string{"y"})), "2 operands"},
		{"scale of zero", scale(0), "q_node"},
		{"negative scale", scale(-1), "q_node"},
		{"scale that is no number", scale(float32(math.NaN())), "q_node"},
		{"infinite scale", scale(float32(math.Inf(1))), "q_node"},
	}
}

// doubling are n functions of which each calls the one before it twice.
func doubling(n int) []Part {
	functions := []Part{Function("own", "F0", []string{"a"}, []string{"b"}, Node("Relu", []string{"a"}, []string{"b"}))}
	for i := 1; i < n; i++ {
		before := fmt.Sprintf("F%d", i-1)
		functions = append(functions, Function("own", fmt.Sprintf("F%d", i), []string{"a"}, []string{"b"},
			NodeOf("own", before, []string{"a"}, []string{"t"}), NodeOf("own", before, []string{"t"}, []string{"b"})))
	}
	return functions
}

// Bombs are files whose runs would need terabytes: the error names the node. The input is x,
// float32 [1, 4], of Resize [1, 1, 2, 2]; its first extent may be free, so that only a run
// tells.
func Bombs(free bool) []Hostile {
	var first any = 1
	if free {
		first = "n"
	}
	x, y := Input("x", Float32, first, 4), Output("y", Float32, nil)
	const many = 1 << 40
	sized := func(op string, sizes []int64, more ...Part) []byte {
		return Model(append([]Part{x, y, Ints("s", []int64{int64(len(sizes))}, sizes...), Node(op, []string{"x", "s"}, []string{"y"})}, more...)...)
	}
	filled := Model(x, y, Ints("s", []int64{2}, many, 4), Node("ConstantOfShape", []string{"s"}, []string{"c"}), Node("Add", []string{"x", "c"}, []string{"y"}))
	counted := Model(x, y, Ints("a", nil, 0), Ints("b", nil, many), Ints("d", nil, 1), Node("Range", []string{"a", "b", "d"}, []string{"r"}),
		Node("Cast", []string{"r"}, []string{"c"}, AttrInt("to", Float32)), Node("ReduceSum", []string{"c"}, []string{"m"}), Node("Add", []string{"x", "m"}, []string{"y"}))
	resized := Model(Input("x", Float32, first, 1, 2, 2), y, Floats("s", []int64{4}, 1, 1, 1e6, 1e6), Node("Resize", []string{"x", "", "s"}, []string{"y"}, AttrText("mode", "nearest")))
	padded := Model(x, y, Ints("s", []int64{4}, 0, 0, many, 0), Node("Pad", []string{"x", "s"}, []string{"y"}))
	twice := []Part{x, Output("y", Float32, nil)}
	name := "x"
	for i := range 45 { // each doubles its operand: 2^45 rows
		next := fmt.Sprintf("a%d", i)
		twice = append(twice, Node("Concat", []string{name, name}, []string{next}, AttrInt("axis", 0)))
		name = next
	}
	twice = append(twice, Node("Relu", []string{name}, []string{"y"}))
	return []Hostile{
		{"Expand", sized("Expand", []int64{many, 4}), "y"},
		{"Tile", sized("Tile", []int64{many, 1}), "y"},
		{"ConstantOfShape", filled, "c"},
		{"Range", counted, "r"},
		{"Resize", resized, "y"},
		{"Pad", padded, "y"},
		{"Concat", Model(twice...), "a"},
	}
}
