package onnx

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// attr returns an attribute that must be of the given type, nil where it is not there.
func (n *node) attr(name string, want onnxpb.AttributeProto_AttributeType) (*onnxpb.AttributeProto, error) {
	a := n.attrs[name]
	if a == nil {
		return nil, nil
	}
	if a.GetRefAttrName() != "" {
		return nil, fmt.Errorf("attribute %q refers to one of a function", name)
	}
	if got := a.GetType(); got != want {
		return nil, fmt.Errorf("attribute %q is %v; expected %v", name, got, want)
	}
	return a, nil
}

func (n *node) number(name string, otherwise int) (int, error) {
	a, err := n.attr(name, onnxpb.AttributeProto_INT)
	if a == nil || err != nil {
		return otherwise, err
	}
	return toInt(name, a.GetI())
}

// flag is an attribute that is 0 or 1.
func (n *node) flag(name string, otherwise bool) (bool, error) {
	was := 0
	if otherwise {
		was = 1
	}
	v, err := n.number(name, was)
	return v != 0, err
}

func (n *node) real(name string, otherwise float32) (float32, error) {
	a, err := n.attr(name, onnxpb.AttributeProto_FLOAT)
	if a == nil || err != nil {
		return otherwise, err
	}
	return a.GetF(), nil
}

func (n *node) text(name, otherwise string) (string, error) {
	a, err := n.attr(name, onnxpb.AttributeProto_STRING)
	if a == nil || err != nil {
		return otherwise, err
	}
	return string(a.GetS()), nil
}

func (n *node) numbers(name string, otherwise []int) ([]int, error) {
	a, err := n.attr(name, onnxpb.AttributeProto_INTS)
	if a == nil || err != nil {
		return otherwise, err
	}
	return toInts(name, a.GetInts())
}

// numbersOf is a list that an attribute holds in older operator sets and input i in newer
// ones; nil where it is in neither.
func (n *node) numbersOf(i int, name string) ([]int, error) {
	if !n.has(i) {
		return n.numbers(name, nil)
	}
	t, err := n.known(i, name)
	if err != nil {
		return nil, err
	}
	if t.DType() != tensor.Int64 {
		return nil, fmt.Errorf("its %s is %v; whole numbers are expected", name, t)
	}
	return toInts(name, t.Int64s())
}

// realOf is a number that an attribute holds in older operator sets and input i in newer
// ones.
func (n *node) realOf(i int, name string, otherwise float32) (float32, error) {
	if !n.has(i) {
		return n.real(name, otherwise)
	}
	t, err := n.known(i, name)
	if err != nil {
		return 0, err
	}
	if t.DType() != tensor.Float32 || t.Numel() != 1 {
		return 0, fmt.Errorf("its %s is %v; one number is expected", name, t)
	}
	return t.Float32s()[0], nil
}

func toInts(name string, list []int64) ([]int, error) {
	out := make([]int, len(list))
	for i, v := range list {
		var err error
		if out[i], err = toInt(name, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// toInt bounds a number: ends of slices are often the largest int64.
func toInt(name string, v int64) (int, error) {
	if v > math.MaxInt32 || v < math.MinInt32 {
		if v < -math.MaxInt32 {
			return math.MinInt32, nil
		}
		return math.MaxInt32, nil
	}
	return int(v), nil
}

// pair returns a list for height and width of two numbers, or of one for height and
// width of a value with a single spatial axis.
func pair(name string, list []int, otherwise int) ([2]int, error) {
	switch len(list) {
	case 0:
		return [2]int{otherwise, otherwise}, nil
	case 1:
		return [2]int{otherwise, list[0]}, nil
	case 2:
		return [2]int{list[0], list[1]}, nil
	}
	return [2]int{}, fmt.Errorf("%s %v: values with %d spatial axes are not read, those with one or two are", name, list, len(list))
}
