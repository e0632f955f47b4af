package op

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
)

// kinds is the table of operators, in alphabetical order.
var kinds = []row{
	kindOf[AdaptiveAvgPool2D](nil),
	kindOf[Add](nil),
	kindOf[Affine](nil),
	kindOf[AvgPool2D](nil),
	kindOf[BatchNorm](nil),
	kindOf[Cat](nil),
	kindOf[ChannelShuffle](nil),
	kindOf[Conv2D](nil),
	kindOf[Dequantize](nil),
	kindOf[FakeQuantize](nil),
	kindOf[Flatten](nil),
	kindOf[Hardsigmoid](nil),
	kindOf[Hardswish](nil),
	kindOf[Linear](nil),
	kindOf[MatMul](nil),
	kindOf[MaxPool2D](nil),
	kindOf[Mean](nil),
	kindOf[Mul](nil),
	kindOf[Quantize](nil),
	kindOf(&Clamp{Act: quant.ReLU}),
	kindOf(&Clamp{Act: quant.ReLU6}),
	kindOf[Sigmoid](nil),
	kindOf[Slice](nil),
}

// row is one operator: its kind and how its attributes are read.
type row struct {
	kind   string
	decode func(attrs []byte) (graph.Op, error)
}

// kindOf makes the row of operator type T; proto, if given, is the value whose
// kind the row is for.
func kindOf[T graph.Op](proto *T) row {
	var zero T
	if proto != nil {
		zero = *proto
	}
	kind := zero.Kind()
	return row{kind, func(attrs []byte) (graph.Op, error) {
		v := zero
		d := json.NewDecoder(bytes.NewReader(attrs))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("attributes of %s: %w", kind, err)
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, fmt.Errorf("attributes of %s: more than one JSON value", kind)
		}
		if v.Kind() != kind {
			return nil, fmt.Errorf("attributes of %s describe %s", kind, v.Kind())
		}
		return v, nil
	}}
}

// Kinds lists the kinds of all operators.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, r := range kinds {
		names[i] = r.kind
	}
	return names
}

// Decode returns the operator of the given kind with attributes from JSON, as
// graph dumps hold them; no attributes at all means zero values. Attributes are
// checked for their types only: Infer judges their values.
func Decode(kind string, attrs []byte) (graph.Op, error) {
	i := slices.IndexFunc(kinds, func(r row) bool { return r.kind == kind })
	if i < 0 {
		return nil, fmt.Errorf("no operator %q: the operators are %v", kind, Kinds())
	}
	if len(bytes.TrimSpace(attrs)) == 0 {
		attrs = []byte("{}")
	}
	return kinds[i].decode(attrs)
}
