package rpc

import (
	"math"
	"strings"

	"github.com/octet-ml/octet/serve"
	pb "github.com/octet-ml/octet/serve/rpc/inferencepb"
	"github.com/octet-ml/octet/tensor"
)

// shapeOf is the shape of an input.
func shapeOf(t *pb.ModelInferRequest_InferInputTensor) (tensor.Shape, error) {
	shape := make(tensor.Shape, len(t.Shape))
	for i, n := range t.Shape {
		if n < 0 || n > math.MaxInt32 {
			return nil, serve.Errorf(serve.Invalid, "input %s has an extent of %d", t.Name, n)
		}
		shape[i] = int(n)
	}
	return shape, nil
}

// fieldOf is the field of contents for elements of a type; empty where there is none.
func fieldOf(d tensor.DType) string {
	switch d {
	case tensor.Bool:
		return "bool_contents"
	case tensor.Int8, tensor.Int16, tensor.Int32:
		return "int_contents"
	case tensor.Int64:
		return "int64_contents"
	case tensor.UInt8, tensor.UInt16, tensor.UInt32:
		return "uint_contents"
	case tensor.UInt64:
		return "uint64_contents"
	case tensor.Float32:
		return "fp32_contents"
	case tensor.Float64:
		return "fp64_contents"
	}
	return ""
}

// fields are those of contents that hold elements, and how many.
func fields(c *pb.InferTensorContents) (set []string, n int) {
	for _, f := range []struct {
		name string
		n    int
	}{
		{"bool_contents", len(c.GetBoolContents())}, {"int_contents", len(c.GetIntContents())}, {"int64_contents", len(c.GetInt64Contents())},
		{"uint_contents", len(c.GetUintContents())}, {"uint64_contents", len(c.GetUint64Contents())}, {"fp32_contents", len(c.GetFp32Contents())},
		{"fp64_contents", len(c.GetFp64Contents())}, {"bytes_contents", len(c.GetBytesContents())},
	} {
		if f.n > 0 {
			set, n = append(set, f.name), f.n
		}
	}
	return set, n
}

// contents is an input whose elements are in fields.
func contents(t *pb.ModelInferRequest_InferInputTensor, shape tensor.Shape) (serve.Input, error) {
	in := serve.Input{Name: t.Name, Shape: shape}
	want, err := shape.CheckedNumel()
	if err != nil {
		return in, serve.Errorf(serve.Invalid, "input %s: %v", t.Name, err)
	}
	field, dtype := "bytes_contents", tensor.Invalid
	if t.Datatype != serve.BytesType {
		if dtype, err = serve.ParseDatatype(t.Datatype); err != nil {
			return in, err
		}
		if field = fieldOf(dtype); field == "" {
			return in, serve.Errorf(serve.Invalid, "input %s: %s has no contents: send it in raw_input_contents", t.Name, t.Datatype)
		}
	}
	set, n := fields(t.Contents)
	if len(set) > 1 || len(set) == 1 && set[0] != field {
		return in, serve.Errorf(serve.Invalid, "input %s is %s, whose elements belong in %s, and has %s", t.Name, t.Datatype, field, strings.Join(set, ", "))
	}
	if n != want {
		return in, serve.Errorf(serve.Invalid, "input %s has %d elements in %s; shape %v has %d", t.Name, n, field, []int(shape), want)
	}
	c := t.Contents
	switch dtype {
	case tensor.Invalid:
		in.Images = c.GetBytesContents()
	case tensor.Bool:
		in.Data = tensor.New(tensor.Bool, shape...)
		for i, v := range c.GetBoolContents() {
			if v {
				in.Data.Uint8s()[i] = 1
			}
		}
	case tensor.Int8:
		in.Data, err = narrow[int8](t, c.GetIntContents(), shape, math.MinInt8, math.MaxInt8)
	case tensor.Int16:
		in.Data, err = narrow[int16](t, c.GetIntContents(), shape, math.MinInt16, math.MaxInt16)
	case tensor.Int32:
		in.Data = tensor.Of(c.GetIntContents(), shape...)
	case tensor.Int64:
		in.Data = tensor.Of(c.GetInt64Contents(), shape...)
	case tensor.UInt8:
		in.Data, err = narrow[uint8](t, c.GetUintContents(), shape, 0, math.MaxUint8)
	case tensor.UInt16:
		in.Data, err = narrow[uint16](t, c.GetUintContents(), shape, 0, math.MaxUint16)
	case tensor.UInt32:
		in.Data = tensor.Of(c.GetUintContents(), shape...)
	case tensor.UInt64:
		in.Data = tensor.Of(c.GetUint64Contents(), shape...)
	case tensor.Float32:
		in.Data = tensor.Of(c.GetFp32Contents(), shape...)
	case tensor.Float64:
		in.Data = tensor.Of(c.GetFp64Contents(), shape...)
	}
	return in, err
}

// narrow is a tensor of elements that came in a wider type.
func narrow[N int8 | int16 | uint8 | uint16, W int32 | uint32](t *pb.ModelInferRequest_InferInputTensor, list []W, shape tensor.Shape, lo, hi int64) (*tensor.Tensor, error) {
	elements := make([]N, len(list))
	for i, v := range list {
		if int64(v) < lo || int64(v) > hi {
			return nil, serve.Errorf(serve.Invalid, "input %s: element %d is %d, which is no %s", t.Name, i, v, t.Datatype)
		}
		elements[i] = N(v)
	}
	return tensor.Of(elements, shape...), nil
}

// contentsOf are the elements of an output in the field of its type.
func contentsOf(o serve.Output) *pb.InferTensorContents {
	c := &pb.InferTensorContents{}
	if o.Data == nil {
		for _, text := range o.Texts {
			c.BytesContents = append(c.BytesContents, []byte(text))
		}
		return c
	}
	switch x := o.Data; x.DType() {
	case tensor.Bool:
		for _, v := range x.Uint8s() {
			c.BoolContents = append(c.BoolContents, v != 0)
		}
	case tensor.Int8:
		c.IntContents = widen[int32](x.Int8s())
	case tensor.Int16:
		c.IntContents = widen[int32](tensor.Data[int16](x))
	case tensor.Int32:
		c.IntContents = x.Int32s()
	case tensor.Int64:
		c.Int64Contents = x.Int64s()
	case tensor.UInt8:
		c.UintContents = widen[uint32](x.Uint8s())
	case tensor.UInt16:
		c.UintContents = widen[uint32](tensor.Data[uint16](x))
	case tensor.UInt32:
		c.UintContents = tensor.Data[uint32](x)
	case tensor.UInt64:
		c.Uint64Contents = tensor.Data[uint64](x)
	case tensor.Float32:
		c.Fp32Contents = x.Float32s()
	case tensor.Float64:
		c.Fp64Contents = tensor.Data[float64](x)
	}
	return c
}

func widen[W int32 | uint32, N int8 | int16 | uint8 | uint16](list []N) []W {
	wide := make([]W, len(list))
	for i, v := range list {
		wide[i] = W(v)
	}
	return wide
}
