package onnxtest

// HostileNodes are files whose nodes cannot be meant: lists, attentions and codes that do not fit. What is
// computed with is x, float32 [1, 4].
func HostileNodes() []Hostile {
	x, y := Input("x", Float32, 1, 4), Output("y", Float32, nil)
	model := func(parts ...Part) []byte {
		return ModelWith(17, []Part{Opset("com.microsoft", 1)}, append([]Part{x, y}, parts...)...)
	}
	list := func(index int64, split ...Part) []byte {
		in := []string{"x"}
		if split != nil {
			in = append(in, "s")
		}
		return model(append(split, Ints("i", nil, index), Node("SplitToSequence", in, []string{"l"}, AttrInt("axis", 1)), Node("SequenceAt", []string{"l", "i"}, []string{"y"}))...)
	}
	attention := func(rows, columns int64, attrs ...Part) []byte {
		return model(Floats("w", []int64{rows, columns}, make([]float32, rows*columns)...), Ints("a", []int64{1}, 0),
			Node("Unsqueeze", []string{"x", "a"}, []string{"t"}), NodeOf("com.microsoft", "Attention", []string{"t", "w"}, []string{"y"}, attrs...))
	}
	pooled := func(scale float32, zeros ...byte) []byte {
		return model(Floats("s", nil, 1), Codes("z", UInt8, nil, 0), Floats("t", nil, scale), Codes("u", UInt8, []int64{int64(len(zeros))}, zeros...),
			Node("QuantizeLinear", []string{"x", "s", "z"}, []string{"q"}), NodeOf("com.microsoft", "QLinearGlobalAveragePool", []string{"q", "s", "z", "t", "u"}, []string{"p"}),
			Node("DequantizeLinear", []string{"p", "t", "u"}, []string{"y"}))
	}
	return []Hostile{
		{"place behind a list", list(4), "y_node"},
		{"place in front of a list", list(-5), "y_node"},
		{"parts of nothing", list(0, Ints("s", nil, 0)), "l_node"},
		{"parts below nothing", list(0, Ints("s", nil, -3)), "l_node"},
		{"no parts", list(0, Ints("s", []int64{0})), "l_node"},
		{"parts that leave something", list(0, Ints("s", []int64{2}, 1, 2)), "l"},
		{"parts that are too large", list(0, Ints("s", []int64{2}, 1<<40, 1<<40)), "l"},
		{"list as a tensor", model(Node("SplitToSequence", []string{"x"}, []string{"l"}, AttrInt("axis", 1)), Node("Relu", []string{"l"}, []string{"y"})), "y_node"},
		{"list as an output", model(Node("SplitToSequence", []string{"x"}, []string{"y"}, AttrInt("axis", 1))), `"y"`},
		{"tensor as a list", model(Ints("i", nil, 0), Node("SequenceAt", []string{"x", "i"}, []string{"y"})), "y_node"},
		{"attention without heads", attention(4, 12), "y_node"},
		{"attention of fewer heads than none", attention(4, 12, AttrInt("num_heads", -2)), "y_node"},
		{"attention of too many heads", attention(4, 12, AttrInt("num_heads", 1<<30)), "y_node"},
		{"attention of uneven weights", attention(4, 13, AttrInt("num_heads", 1)), "y_node"},
		{"attention of a sum that overflows", attention(4, 12, AttrInt("num_heads", 1), AttrInts("qkv_hidden_sizes", 1<<62, 1<<62, 12)), "y_node"},
		{"attention of weights of another width", attention(7, 12, AttrInt("num_heads", 1)), "y"},
		{"average with a scale of zero", pooled(0, 3), "p_node"},
		{"average with a negative scale", pooled(-1, 3), "p_node"},
		{"average with two zero points", pooled(1, 3, 4), "p_node"},
		{"average of a vector", pooled(1, 3), "p"},
	}
}
