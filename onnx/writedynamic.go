package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// dynamicLSTM writes ONNX Runtime's own operator, the only form.
func (e *emission) dynamicLSTM(o op.DynamicLSTM) error {
	if o.LSTM.BatchFirst {
		return fmt.Errorf("ONNX Runtime's DynamicQuantizeLSTM has the batch behind the time; layout 1 is not written")
	}
	r, err := e.weightShape(2, 2, 2)
	if err != nil {
		return err
	}
	attrs, err := e.ofRecurrence(o.LSTM.Recurrence, r[1], nil)
	if err != nil {
		return err
	}
	var params []string
	in := make([]string, 8)
	for i := range e.in {
		if i != 1 && i != 2 {
			in[i] = e.given(i)
			continue
		}
		codes, of, err := e.gateCodes(e.node.Inputs[i], o.LSTM.Directions())
		if err != nil {
			return err
		}
		in[i], params = codes, append(params, of...)
	}
	if in[4] != "" {
		return fmt.Errorf("sequences with lengths of their own have no dynamic form")
	}
	e.addAll("DynamicQuantizeLSTM", append(in, params...), e.out, attrs...)
	e.writer.out.Node[len(e.writer.out.Node)-1].Domain = new(microsoft)
	e.contributed = true
	return nil
}

// gateCodes writes a weight [D*4*H, K] as [D, K, 4*H], and its scales and zero points by direction
// or by row.
func (e *emission) gateCodes(v *graph.Value, directions int) (codes string, params []string, err error) {
	if v, err = unsigned(v); err != nil {
		return "", nil, err
	}
	q, k, from := v.Type.Q, v.Data.Dim(1), v.Data.Bytes()
	rows := v.Data.Dim(0) / directions
	turned, err := tensor.Decode(tensor.UInt8, nil, tensor.Shape{directions, k, rows}, func(raw []byte) error {
		for d := range directions {
			for row := range rows {
				for j := range k {
					raw[(d*k+j)*rows+row] = from[(d*rows+row)*k+j]
				}
			}
		}
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	if codes, err = e.initializer(v.Name+"/gates", turned); err != nil {
		return "", nil, err
	}
	each, shape := rows, tensor.Shape{directions}
	if !oneEach(q, directions) {
		each, shape = 1, tensor.Shape{directions, rows}
	}
	var scales []float32
	var zeros []byte
	for row := 0; row < directions*rows; row += each {
		at := row % len(q.Scales)
		scales, zeros = append(scales, float32(q.Scales[at])), append(zeros, byte(q.ZeroPoints[at]))
	}
	zero, err := tensor.FromBytes(tensor.UInt8, nil, shape, zeros)
	if err != nil {
		return "", nil, err
	}
	name, err := e.initializer(v.Name+"/zero_point", zero)
	return codes, []string{constant(e.writer, v.Name+"/scale", scales, shape...), name}, err
}

// oneEach reports whether the rows of each direction have the same parameters.
func oneEach(q *tensor.QParams, directions int) bool {
	rows := len(q.Scales) / directions
	if q.IsPerTensor() {
		return true
	}
	for d := range directions {
		of, zero := q.Scales[d*rows:][:rows], q.ZeroPoints[d*rows:][:rows]
		if slices.ContainsFunc(of, func(s float64) bool { return s != of[0] }) || slices.ContainsFunc(zero, func(z int64) bool { return z != zero[0] }) {
			return false
		}
	}
	return true
}

// unsigned is a constant weight with codes of quint8. ONNX Runtime multiplies unsigned codes by
// unsigned ones exactly on every CPU, and by signed ones it adds pairs of products in 16 bits
// where a CPU has no VNNI; it convolves dynamically by unsigned weights alone.
func unsigned(v *graph.Value) (*graph.Value, error) {
	if v.Data == nil {
		return nil, fmt.Errorf("its weight %q has no data", v.Name)
	}
	if err := v.Data.Load(); err != nil {
		return nil, err
	}
	if v.Type.DType != tensor.QInt8 {
		return v, nil
	}
	q := *v.Type.Q
	q.ZeroPoints = slices.Clone(q.ZeroPoints)
	for i := range q.ZeroPoints {
		q.ZeroPoints[i] += 128
	}
	data, err := tensor.Decode(tensor.QUInt8, &q, v.Data.Shape(), func(raw []byte) error {
		for i, c := range v.Data.Bytes() {
			raw[i] = c ^ 0x80
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &graph.Value{Name: v.Name, Role: v.Role, Type: graph.TypeOf(data), Data: data}, nil
}

// readsTable reports whether the node reads rows of a table of codes, which are written as they
// are and not dequantized whole.
func (e *emission) readsTable() bool {
	_, ok := e.node.Op.(op.Gather)
	return ok && e.node.Inputs[0].Role == graph.Parameter && e.node.Output().Type.DType.IsQuantized()
}
