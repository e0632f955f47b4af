package onnx

import "github.com/octet-ml/octet/tensor"

// integerKind is the range of an element type of ONNX that codes may have.
type integerKind struct{ lo, hi int64 }

// integerKinds are by the number of the type.
var integerKinds = map[int32]integerKind{
	2: {0, 1<<8 - 1}, 3: {-1 << 7, 1<<7 - 1}, 4: {0, 1<<16 - 1}, 5: {-1 << 15, 1<<15 - 1},
	6: {-1 << 31, 1<<31 - 1}, 12: {0, 1<<32 - 1},
	21: {0, 15}, 22: {-8, 7}, 25: {0, 3}, 26: {-2, 1},
}

// kindOf is the element type of input i, a number of ONNX; 0 where that is not known: graphs
// hold most integers as int64.
func (n *node) kindOf(i int) int32 {
	d := n.typeOf(n.in[i])
	code, err := elementCode(d)
	if err != nil || d == tensor.Int64 || d == tensor.Float32 {
		return 0
	}
	return code
}
