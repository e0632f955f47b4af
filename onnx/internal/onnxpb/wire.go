package onnxpb

import (
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Unmarshal reads a model. The bytes fields of the model (raw data of tensors) are parts of
// data, not copies: data must not change while the model is in use.
func Unmarshal(data []byte) (*ModelProto, error) {
	m := new(ModelProto)
	return m, read(data, m)
}

// settable is a message that takes its fields off the wire.
type settable interface{ set(wireField) error }

// wireField is one field as it lies in a file.
type wireField struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64 // of numbers
	data   []byte // of what has a length
}

func read(data []byte, m settable) error {
	for len(data) > 0 {
		f, n := next(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := m.set(f); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// next is the first field of data and its length, negative for what protowire calls an error.
func next(data []byte) (f wireField, n int) {
	var tag int
	if f.number, f.kind, tag = protowire.ConsumeTag(data); tag < 0 {
		return f, tag
	}
	rest := data[tag:]
	switch f.kind {
	case protowire.VarintType:
		f.value, n = protowire.ConsumeVarint(rest)
	case protowire.Fixed64Type:
		f.value, n = protowire.ConsumeFixed64(rest)
	case protowire.Fixed32Type:
		var v uint32
		v, n = protowire.ConsumeFixed32(rest)
		f.value = uint64(v)
	case protowire.BytesType:
		f.data, n = protowire.ConsumeBytes(rest)
	default:
		n = protowire.ConsumeFieldValue(f.number, f.kind, rest)
	}
	if n < 0 {
		return f, n
	}
	return f, tag + n
}

// want judges the wire type, which the schema decides.
func (f wireField) want(kind protowire.Type) error {
	if f.kind != kind {
		return fmt.Errorf("field %d has wire type %d, not %d: the file is damaged or no ONNX file", f.number, f.kind, kind)
	}
	return nil
}

func (f wireField) message(m settable) error {
	if err := f.want(protowire.BytesType); err != nil {
		return err
	}
	return read(f.data, m)
}

func (f wireField) string(v *string) error {
	*v = string(f.data)
	return f.want(protowire.BytesType)
}

func (f wireField) strings(v *[]string) error {
	*v = append(*v, string(f.data))
	return f.want(protowire.BytesType)
}

func (f wireField) bytes(v *[]byte) error {
	*v = f.data
	return f.want(protowire.BytesType)
}

func (f wireField) bytess(v *[][]byte) error {
	*v = append(*v, f.data)
	return f.want(protowire.BytesType)
}

func (f wireField) int32(v *int32) error {
	*v = int32(f.value)
	return f.want(protowire.VarintType)
}

func (f wireField) int64(v *int64) error {
	*v = int64(f.value)
	return f.want(protowire.VarintType)
}

func (f wireField) float32(v *float32) error {
	*v = math.Float32frombits(uint32(f.value))
	return f.want(protowire.Fixed32Type)
}

func (f wireField) int32s(v *[]int32) error {
	return varints(f, v, func(x uint64) int32 { return int32(x) })
}
func (f wireField) int64s(v *[]int64) error {
	return varints(f, v, func(x uint64) int64 { return int64(x) })
}
func (f wireField) uint64s(v *[]uint64) error {
	return varints(f, v, func(x uint64) uint64 { return x })
}

// varints appends what may be one number or, packed, many.
func varints[T any](f wireField, v *[]T, of func(uint64) T) error {
	if f.kind != protowire.BytesType {
		*v = append(*v, of(f.value))
		return f.want(protowire.VarintType)
	}
	n := 0
	for _, b := range f.data { // each number ends with the one byte that has no high bit
		n += int(^b >> 7)
	}
	list := slices.Grow(*v, n)
	for data := f.data; len(data) > 0; {
		x, n := protowire.ConsumeVarint(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		list, data = append(list, of(x)), data[n:]
	}
	*v = list
	return nil
}

func (f wireField) float32s(v *[]float32) error {
	return fixed(f, v, 4, protowire.Fixed32Type, func(x uint64) float32 { return math.Float32frombits(uint32(x)) })
}

func (f wireField) float64s(v *[]float64) error {
	return fixed(f, v, 8, protowire.Fixed64Type, math.Float64frombits)
}

// fixed is varints for numbers of size bytes.
func fixed[T any](f wireField, v *[]T, size int, kind protowire.Type, of func(uint64) T) error {
	if f.kind != protowire.BytesType {
		*v = append(*v, of(f.value))
		return f.want(kind)
	}
	if len(f.data)%size != 0 {
		return fmt.Errorf("field %d: %d bytes are no whole count of numbers of %d: the file is damaged", f.number, len(f.data), size)
	}
	list := slices.Grow(*v, len(f.data)/size)
	for data := f.data; len(data) > 0; data = data[size:] {
		if size == 4 {
			x, _ := protowire.ConsumeFixed32(data)
			list = append(list, of(uint64(x)))
			continue
		}
		x, _ := protowire.ConsumeFixed64(data)
		list = append(list, of(x))
	}
	*v = list
	return nil
}
