package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// linear writes a Gemm where x is a matrix, otherwise a MatMul and an Add.
func (e *emission) linear() error {
	x, weight := e.node.Inputs[0], e.node.Inputs[1]
	if e.rank(x) == 2 {
		w, err := e.real(weight)
		if err != nil {
			return err
		}
		e.in[1] = w
		return e.result("Gemm", e.in, intAttr("transB", 1))
	}
	w, err := e.turned(weight)
	if err != nil {
		return err
	}
	if len(e.in) == 2 {
		return e.result("MatMul", []string{e.in[0], w})
	}
	return e.result("Add", []string{e.step("MatMul", []string{e.in[0], w}), e.in[2]})
}

// turned returns the name of a weight [O, K] as [K, O].
func (e *emission) turned(v *graph.Value) (string, error) {
	if v.Data == nil {
		name, err := e.real(v)
		if err != nil {
			return "", err
		}
		return e.step("Transpose", []string{name}, intsAttr("perm", 1, 0)), nil
	}
	name, t, err := e.turnedCodes(v)
	if err != nil || !t.DType.IsQuantized() {
		return name, err
	}
	real := e.unique(v.Name + "/dequantized")
	return real, e.dequantize(name, t, real)
}

// turnedCodes returns the name of the data of a weight [O, K] as [K, O], and its type.
func (e *emission) turnedCodes(v *graph.Value) (string, graph.Type, error) {
	turned, err := transposed(v.Data)
	if err != nil {
		return "", v.Type, fmt.Errorf("%q: %w", v.Name, err)
	}
	t := v.Type
	if t.DType.IsQuantized() && !t.Q.IsPerTensor() {
		t.Q = tensor.PerAxis(t.Q.Scales, t.Q.ZeroPoints, 1)
	}
	name, err := e.initializer(v.Name+"/transposed", turned)
	return name, t, err
}

// transposed returns a matrix with rows and columns exchanged; of codes without scales.
func transposed(t *tensor.Tensor) (*tensor.Tensor, error) {
	if err := t.Load(); err != nil {
		return nil, err
	}
	plain := t.DType()
	switch plain {
	case tensor.QInt8:
		plain = tensor.Int8
	case tensor.QUInt8:
		plain = tensor.UInt8
	}
	rows, cols, size, from := t.Dim(0), t.Dim(1), plain.Size(), t.Bytes()
	return tensor.Decode(plain, nil, tensor.Shape{cols, rows}, func(raw []byte) error {
		for r := range rows {
			for c := range cols {
				copy(raw[(c*rows+r)*size:][:size], from[(r*cols+c)*size:])
			}
		}
		return nil
	})
}
