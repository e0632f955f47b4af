package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// No runtime has an operator for dynamic GRUs. A file has a function for one direction of it, with a
// Scan of standard operators as its body, which runtimes compute; octet knows it by its name.
const (
	ownDomain       = "octet"
	forwardGRUName  = "DynamicQuantizeGRU"
	backwardGRUName = "DynamicQuantizeGRUReverse" // from the last element to the first
)

// Operands of the functions: x [T, N, I], weights [I, 3*H] and [H, 3*H] in codes, their scales and
// zero points of all or by column, biases [3*H], and the state [N, H] or [1, H] to begin with.
// Results: y [T, 1, N, H] and the last state [1, N, H].
var (
	dynamicGRUInputs  = []string{"x", "w", "r", "w_scale", "w_zero", "r_scale", "r_zero", "w_bias", "r_bias", "h"}
	dynamicGRUOutputs = []string{"y", "y_h"}
)

// dynamicGRU calls the function for every direction.
func (e *emission) dynamicGRU(o op.DynamicGRU) error {
	if o.GRU.BatchFirst || o.GRU.Activations != nil || o.GRU.Clip != 0 {
		return fmt.Errorf("a dynamic GRU is written with the usual activations and the batch behind the time")
	}
	if e.given(4) != "" {
		return fmt.Errorf("sequences with lengths of their own have no dynamic form")
	}
	if err := e.since(13, "a dynamic GRU"); err != nil {
		return err
	}
	directions := o.GRU.Directions()
	var y, last []string
	for d := range directions {
		in, err := e.gruOperands(d, directions)
		if err != nil {
			return err
		}
		out := e.out
		if directions > 1 {
			out = []string{e.unique(e.out[0] + "/direction"), e.unique(e.out[1] + "/direction")}
		}
		name := forwardGRUName
		if o.GRU.Reversed(d) {
			name = backwardGRUName
		}
		if !slices.ContainsFunc(e.functions, func(f *onnxpb.FunctionProto) bool { return f.GetName() == name }) {
			e.functions = append(e.functions, dynamicGRUFunction(name, e.export.Opset))
		}
		e.addAll(name, in, out)
		e.writer.out.Node[len(e.writer.out.Node)-1].Domain = new(ownDomain)
		y, last = append(y, out[0]), append(last, out[1])
	}
	if directions > 1 {
		e.add("Concat", y, e.out[0], intAttr("axis", 1))
		e.add("Concat", last, e.out[1], intAttr("axis", 0))
	}
	return nil
}

// gruOperands are those of the function for direction d.
func (e *emission) gruOperands(d, directions int) ([]string, error) {
	in := make([]string, len(dynamicGRUInputs))
	in[0] = e.in[0]
	hidden := 0
	for i := range 2 {
		v, err := unsigned(e.node.Inputs[1+i])
		if err != nil {
			return nil, err
		}
		if in[1+i], in[3+2*i], in[4+2*i], err = e.directionCodes(v, d, directions); err != nil {
			return nil, err
		}
		hidden = v.Data.Dim(1)
	}
	rows := 3 * hidden
	biases := make([]float32, 2*rows)
	if len(e.in) > 3 && !e.empty(3) {
		b := e.node.Inputs[3]
		if b.Data == nil || b.Data.Numel() != directions*2*rows {
			return nil, fmt.Errorf("its bias %q is %v; %d numbers are expected", b.Name, b.Type, directions*2*rows)
		}
		if err := b.Data.Load(); err != nil {
			return nil, err
		}
		biases = b.Data.Float32s()[d*2*rows:][:2*rows]
	}
	in[7] = constant(e.writer, e.node.Name+"/w_bias", biases[:rows], rows)
	in[8] = constant(e.writer, e.node.Name+"/r_bias", biases[rows:], rows)
	if state := e.given(5); state != "" {
		in[9] = e.step("Gather", []string{state, constant(e.writer, e.node.Name+"/direction", []int64{int64(d)})}, intAttr("axis", 0))
	} else {
		in[9] = constant(e.writer, e.node.Name+"/state", make([]float32, hidden), 1, hidden)
	}
	return in, nil
}

// directionCodes writes the rows of direction d of a weight [D*3*H, K] as [K, 3*H], with its scales
// and zero points: of all, or by row.
func (e *emission) directionCodes(v *graph.Value, d, directions int) (codes, scale, zero string, err error) {
	q, k := v.Type.Q, v.Data.Dim(1)
	rows := v.Data.Dim(0) / directions
	from := v.Data.Bytes()[d*rows*k:][:rows*k]
	turned, err := tensor.Decode(tensor.UInt8, nil, tensor.Shape{k, rows}, func(raw []byte) error {
		for row := range rows {
			for j := range k {
				raw[j*rows+row] = from[row*k+j]
			}
		}
		return nil
	})
	if err != nil {
		return "", "", "", err
	}
	if codes, err = e.initializer(v.Name+"/gates", turned); err != nil {
		return "", "", "", err
	}
	each, shape := rows, tensor.Shape{}
	if !oneEach(q, directions) {
		each, shape = 1, tensor.Shape{rows}
	}
	var scales []float32
	var zeros []byte
	for row := d * rows; row < (d+1)*rows; row += each {
		at := row % len(q.Scales)
		scales, zeros = append(scales, float32(q.Scales[at])), append(zeros, byte(q.ZeroPoints[at]))
	}
	points, err := tensor.FromBytes(tensor.UInt8, nil, shape, zeros)
	if err != nil {
		return "", "", "", err
	}
	zero, err = e.initializer(v.Name+"/zero_point", points)
	return codes, constant(e.writer, v.Name+"/scale", scales, shape...), zero, err
}

// part is a node of the function.
func part(kind string, in, out []string, attrs ...*onnxpb.AttributeProto) *onnxpb.NodeProto {
	return &onnxpb.NodeProto{OpType: new(kind), Name: new(out[0] + "/" + kind), Input: in, Output: out, Attribute: attrs}
}

// dynamicProduct are the nodes of a dynamic linear layer: numbers x become y by the weight w.
func dynamicProduct(x, w, y string) []*onnxpb.NodeProto {
	of := func(what string) string { return y + "_" + what }
	return []*onnxpb.NodeProto{
		part("DynamicQuantizeLinear", []string{x}, []string{of("codes"), of("scale"), of("zero")}),
		part("MatMulInteger", []string{of("codes"), w, of("zero"), w + "_zero"}, []string{of("sums")}),
		part("Cast", []string{of("sums")}, []string{of("real")}, intAttr("to", int(onnxpb.TensorProto_FLOAT))),
		part("Mul", []string{of("scale"), w + "_scale"}, []string{of("step")}),
		part("Mul", []string{of("real"), of("step")}, []string{of("scaled")}),
		part("Add", []string{of("scaled"), w + "_bias"}, []string{y}),
	}
}

// dynamicGRUFunction is the function of that name in an operator set.
func dynamicGRUFunction(name string, opset int) *onnxpb.FunctionProto {
	list := func(name string, v int) *onnxpb.NodeProto {
		return part("Constant", nil, []string{name}, intsAttr("value_ints", v))
	}
	// A state [1, H] is that of every sequence.
	nodes := []*onnxpb.NodeProto{
		list("zero", 0), list("one", 1), list("two", 2),
		part("Shape", []string{"x"}, []string{"shape"}),
		part("Slice", []string{"shape", "one", "two"}, []string{"batch"}),
		part("Concat", []string{"batch", "one"}, []string{"batch_one"}, intAttr("axis", 0)),
		part("Expand", []string{"h", "batch_one"}, []string{"start"}),
	}
	nodes = append(nodes, dynamicProduct("x", "w", "gates")...)
	attrs := []*onnxpb.AttributeProto{intAttr("num_scan_inputs", 1)}
	if name == backwardGRUName {
		attrs = append(attrs, intsAttr("scan_input_directions", 1), intsAttr("scan_output_directions", 1))
	}
	nodes = append(nodes,
		part("Scan", []string{"start", "gates"}, []string{"last", "states"}, append(attrs, &onnxpb.AttributeProto{Name: new("body"), Type: onnxpb.AttributeProto_GRAPH.Enum(), G: dynamicGRUCell(opset)})...),
		part("Unsqueeze", []string{"states", "one"}, []string{"y"}),
		part("Unsqueeze", []string{"last", "zero"}, []string{"y_h"}))
	return &onnxpb.FunctionProto{
		Name: new(name), Domain: new(ownDomain), Input: dynamicGRUInputs, Output: dynamicGRUOutputs, Node: nodes,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: new(""), Version: new(int64(opset))}},
	}
}

// dynamicGRUCell computes the state behind an element of which the gates are given.
func dynamicGRUCell(opset int) *onnxpb.GraphProto {
	var parts []*onnxpb.AttributeProto
	if opset >= 18 {
		parts = append(parts, intAttr("num_outputs", 3))
	}
	split := func(x string, out ...string) *onnxpb.NodeProto {
		return part("Split", []string{x}, out, append(parts, intAttr("axis", -1))...)
	}
	nodes := append(dynamicProduct("before", "r", "recurred"),
		split("element", "element_update", "element_reset", "element_fresh"),
		split("recurred", "recurred_update", "recurred_reset", "recurred_fresh"))
	for _, gate := range []string{"update", "reset"} {
		nodes = append(nodes, part("Add", []string{"element_" + gate, "recurred_" + gate}, []string{gate + "_sum"}), part("Sigmoid", []string{gate + "_sum"}, []string{gate}))
	}
	nodes = append(nodes,
		part("Mul", []string{"reset", "recurred_fresh"}, []string{"kept"}), part("Add", []string{"element_fresh", "kept"}, []string{"fresh_sum"}), part("Tanh", []string{"fresh_sum"}, []string{"fresh"}),
		part("Sub", []string{"before", "fresh"}, []string{"away"}), part("Mul", []string{"away", "update"}, []string{"share"}), part("Add", []string{"share", "fresh"}, []string{"after"}),
		part("Identity", []string{"after"}, []string{"state"}))
	port := func(name string) *onnxpb.ValueInfoProto {
		return &onnxpb.ValueInfoProto{Name: new(name), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
			TensorType: &onnxpb.TypeProto_Tensor{ElemType: new(int32(onnxpb.TensorProto_FLOAT))},
		}}}
	}
	return &onnxpb.GraphProto{
		Name: new("cell"), Node: nodes,
		Input:  []*onnxpb.ValueInfoProto{port("before"), port("element")},
		Output: []*onnxpb.ValueInfoProto{port("after"), port("state")},
	}
}
