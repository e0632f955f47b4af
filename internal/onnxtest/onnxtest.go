package onnxtest

import (
	"encoding/binary"
	"math"
)

// Part is one field of a message, as it lies in a file.
type Part []byte

// Element types, as TensorProto.DataType numbers them.
const (
	Float32 = 1
	UInt8   = 2
	Int8    = 3
	Int32   = 6
	Int64   = 7
	Bool    = 9
	Float64 = 11
)

// Message is a field that holds parts.
func Message(number int, parts ...Part) Part {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	return Bytes(number, body)
}

// Bytes is a field of bytes.
func Bytes(number int, b []byte) Part {
	return append(binary.AppendUvarint(tag(number, 2), uint64(len(b))), b...)
}

// Text is a field with a string.
func Text(number int, s string) Part { return Bytes(number, []byte(s)) }

// Int is a field with an integer.
func Int(number int, v int64) Part {
	return binary.AppendUvarint(tag(number, 0), uint64(v))
}

// tag begins a field: 0 is a variable-length integer, 2 bytes with their length, 5 four bytes.
func tag(number, kind int) []byte { return binary.AppendUvarint(nil, uint64(number<<3|kind)) }

// join is several parts as one.
func join(parts ...Part) Part {
	var all Part
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func texts(number int, list []string) Part {
	var all Part
	for _, s := range list {
		all = append(all, Text(number, s)...)
	}
	return all
}

// Model is a file: a graph of parts under operator set 17.
func Model(graph ...Part) []byte { return ModelWith(17, nil, graph...) }

// ModelWith is Model under another operator set, and with more fields of the model.
func ModelWith(opset int, more []Part, graph ...Part) []byte {
	return join(Int(1, 8), Message(8, Int(2, int64(opset))), join(more...), Message(7, join(graph...), Text(2, "g")))
}

// Opset names a further operator set, a field of the model.
func Opset(domain string, version int) Part {
	return Message(8, Text(1, domain), Int(2, int64(version)))
}

// Metadata is an entry of metadata_props, a field of the model.
func Metadata(key, value string) Part { return Message(14, Text(1, key), Text(2, value)) }

// Function is a function of a model, with the names of its inputs and outputs.
func Function(domain, name string, in, out []string, nodes ...Part) Part {
	parts := []Part{Text(1, name), texts(4, in), texts(5, out)}
	for _, n := range nodes {
		// The tag of a node in a graph is one byte; in a function it has another number.
		parts = append(parts, append(tag(7, 2), n[1:]...))
	}
	return Message(25, append(parts, Message(9, Int(2, 17)), Text(10, domain))...)
}

// Node is a node of a graph; its name is that of its first result.
func Node(op string, in, out []string, attrs ...Part) Part {
	return NodeOf("", op, in, out, attrs...)
}

// NodeOf is Node of another domain.
func NodeOf(domain, op string, in, out []string, attrs ...Part) Part {
	name := ""
	if len(out) > 0 {
		name = out[0] + "_node"
	}
	return Message(1, texts(1, in), texts(2, out), Text(3, name), Text(4, op), join(attrs...), Text(7, domain))
}

// Input is an input of a graph; an extent is a number, a name, or nil for a free one
// without name.
func Input(name string, elem int, dims ...any) Part { return port(11, name, elem, dims) }

// Output is an output.
func Output(name string, elem int, dims ...any) Part { return port(12, name, elem, dims) }

// Untyped is an output of which the file does not say the type.
func Untyped(name string) Part { return Message(12, Text(1, name)) }

// Value says the type of a result between the nodes.
func Value(name string, elem int, dims ...any) Part { return port(13, name, elem, dims) }

func port(number int, name string, elem int, dims []any) Part {
	var shape []Part
	for _, d := range dims {
		switch d := d.(type) {
		case int:
			shape = append(shape, Message(1, Int(1, int64(d))))
		case int64:
			shape = append(shape, Message(1, Int(1, d)))
		case string:
			shape = append(shape, Message(1, Text(2, d)))
		default:
			shape = append(shape, Message(1))
		}
	}
	return Message(number, Text(1, name), Message(2, Message(1, Int(1, int64(elem)), Message(2, shape...))))
}

// Floats is an initializer.
func Floats(name string, dims []int64, values ...float32) Part {
	return Tensor(5, name, Float32, dims, Bytes(9, floatBytes(values)))
}

// Ints is an initializer of int64.
func Ints(name string, dims []int64, values ...int64) Part {
	return Tensor(5, name, Int64, dims, Bytes(9, intBytes(values)))
}

// Codes is an initializer of 8-bit codes, of element type UInt8 or Int8.
func Codes(name string, elem int, dims []int64, codes ...byte) Part {
	return Tensor(5, name, elem, dims, Bytes(9, codes))
}

// Tensor is a TensorProto in field number, with its data as fields.
func Tensor(number int, name string, elem int, dims []int64, data ...Part) Part {
	var sizes Part
	for _, d := range dims {
		sizes = append(sizes, Int(1, d)...)
	}
	return Message(number, sizes, Int(2, int64(elem)), Text(8, name), join(data...))
}

// External is an initializer whose elements are in another file; its entries are key and
// value in turn.
func External(name string, elem int, dims []int64, entries ...string) Part {
	var data []Part
	for i := 0; i+1 < len(entries); i += 2 {
		data = append(data, Message(13, Text(1, entries[i]), Text(2, entries[i+1])))
	}
	return Tensor(5, name, elem, dims, append(data, Int(14, 1))...)
}

func floatBytes(values []float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func intBytes(values []int64) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return b
}

// Attributes of a node.
const (
	attrFloat  = 1
	attrInt    = 2
	attrString = 3
	attrTensor = 4
	attrGraph  = 5
	attrInts   = 7
)

// AttrInt is an attribute with an integer.
func AttrInt(name string, v int64) Part {
	return Message(5, Text(1, name), Int(3, v), Int(20, attrInt))
}

// AttrInts is an attribute with a list of integers.
func AttrInts(name string, list ...int64) Part {
	var values Part
	for _, v := range list {
		values = append(values, Int(8, v)...)
	}
	return Message(5, Text(1, name), values, Int(20, attrInts))
}

// AttrFloat is an attribute with a number.
func AttrFloat(name string, v float32) Part {
	number := binary.LittleEndian.AppendUint32(tag(2, 5), math.Float32bits(v))
	return Message(5, Text(1, name), number, Int(20, attrFloat))
}

// AttrText is an attribute with a string.
func AttrText(name, s string) Part {
	return Message(5, Text(1, name), Text(4, s), Int(20, attrString))
}

// AttrTensor is an attribute with a tensor of float32.
func AttrTensor(name string, dims []int64, values ...float32) Part {
	return Message(5, Text(1, name), Tensor(5, "", Float32, dims, Bytes(9, floatBytes(values))), Int(20, attrTensor))
}

// AttrGraph is an attribute with a graph of parts.
func AttrGraph(name string, parts ...Part) Part {
	return Message(5, Text(1, name), Message(6, join(parts...), Text(2, name)), Int(20, attrGraph))
}
