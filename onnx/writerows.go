package onnx

import "github.com/octet-ml/octet/onnx/internal/onnxpb"

// dynamicRows writes the quantization of rows by ranges of their own, for which ONNX has no
// operator, as what it computes. rewrite.Dynamic finds it again.
func (e *emission) dynamicRows() error {
	x := e.in[0]
	zero, one, most := e.number(0), e.number(1), e.number(255)
	step := func(kind string, in ...string) string { return e.step(kind, in) }
	hi := step("Max", e.extreme("ReduceMax", x), zero)
	lo := step("Min", e.extreme("ReduceMin", x), zero)
	wide := step("Div", step("Sub", hi, lo), most)
	e.add("Where", []string{step("Equal", wide, zero), one, wide}, e.out[1])
	scale := e.out[1]
	point := step("Round", step("Min", step("Max", step("Neg", step("Div", lo, scale)), zero), most))
	code := step("Add", step("Round", step("Div", x, scale)), point)
	code = step("Min", step("Max", code, zero), most)
	e.add("Cast", []string{point}, e.out[2], intAttr("to", int(onnxpb.TensorProto_UINT8)))
	e.add("Cast", []string{code}, e.out[0], intAttr("to", int(onnxpb.TensorProto_UINT8)))
	return nil
}

// extreme is the largest or the smallest element of each row.
func (e *emission) extreme(kind, x string) string {
	keep := boolAttr("keepdims", true)
	if e.export.Opset >= 18 {
		return e.step(kind, []string{x, e.list("axis", -1)}, keep)
	}
	return e.step(kind, []string{x}, keep, intsAttr("axes", -1))
}

// withoutZeros subtracts from sums of codes, of rows with zero points of their own, what these
// contribute: by is what a zero point of 1 does, by output channel.
func (e *emission) withoutZeros(sums string, by []int32) string {
	zero := e.step("Cast", []string{e.in[2]}, intAttr("to", int(onnxpb.TensorProto_INT32)))
	shift := e.step("Mul", []string{zero, constant(e.writer, e.node.Name+"/sums", by, len(by))})
	return e.step("Sub", []string{sums, shift})
}
