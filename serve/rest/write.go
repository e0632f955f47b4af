package rest

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

// write makes the answer: JSON, and the elements of outputs that are binary; data is nil where
// none is.
func write(r *serve.Response, binary func(name string) bool) (head []byte, data [][]byte, err error) {
	b := append([]byte(`{"model_name":`), quote(r.Model)...)
	b = append(append(b, `,"model_version":`...), quote(r.Version)...)
	if r.ID != "" {
		b = append(append(b, `,"id":`...), quote(r.ID)...)
	}
	b = append(b, `,"outputs":[`...)
	for i, out := range r.Outputs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"name":`...), quote(out.Name)...)
		b = append(append(b, `,"datatype":`...), quote(out.Datatype())...)
		b = append(b, `,"shape":[`...)
		for j, n := range out.Shape {
			if j > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(n), 10)
		}
		b = append(b, ']')
		if binary(out.Name) {
			raw := out.Raw()
			data = append(data, raw)
			b = append(b, `,"parameters":{"binary_data_size":`...)
			b = append(strconv.AppendInt(b, int64(len(raw)), 10), '}')
		} else {
			b = append(b, `,"data":[`...)
			if b, err = appendElements(b, out); err != nil {
				return nil, nil, err
			}
			b = append(b, ']')
		}
		b = append(b, '}')
	}
	return append(b, "]}"...), data, nil
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil { // every string can be written
		return []byte(`""`)
	}
	return b
}

// appendElements writes elements, separated by commas.
func appendElements(b []byte, out serve.Output) ([]byte, error) {
	if out.Data == nil {
		for i, text := range out.Texts {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, quote(text)...)
		}
		return b, nil
	}
	x := out.Data
	switch x.DType() {
	case tensor.Float32:
		return appendFloats(b, out.Name, x.Float32s(), 32)
	case tensor.Float64:
		return appendFloats(b, out.Name, tensor.Data[float64](x), 64)
	case tensor.Int8:
		return appendIntegers(b, x.Int8s()), nil
	case tensor.Int16:
		return appendIntegers(b, tensor.Data[int16](x)), nil
	case tensor.Int32:
		return appendIntegers(b, x.Int32s()), nil
	case tensor.Int64:
		return appendIntegers(b, x.Int64s()), nil
	case tensor.UInt8:
		return appendIntegers(b, x.Uint8s()), nil
	case tensor.UInt16:
		return appendIntegers(b, tensor.Data[uint16](x)), nil
	case tensor.UInt32:
		return appendIntegers(b, tensor.Data[uint32](x)), nil
	case tensor.UInt64:
		for i, v := range tensor.Data[uint64](x) {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendUint(b, v, 10)
		}
		return b, nil
	case tensor.Bool:
		for i, v := range x.Uint8s() {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendBool(b, v != 0)
		}
		return b, nil
	}
	return nil, serve.Errorf(serve.Invalid, "output %s is %s, which has no form in JSON: ask for it as binary data", out.Name, out.Datatype())
}

func appendFloats[T float32 | float64](b []byte, name string, list []T, bits int) ([]byte, error) {
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		f := float64(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, serve.Errorf(serve.Invalid, "output %s has %v at place %d, which JSON cannot say: ask for it as binary data", name, v, i)
		}
		format := byte('f')
		if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
			format = 'e'
		}
		b = strconv.AppendFloat(b, f, format, -1, bits)
	}
	return b, nil
}

func appendIntegers[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](b []byte, list []T) []byte {
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(v), 10)
	}
	return b
}
