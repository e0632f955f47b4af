package op

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// kinds is the table of operators, in alphabetical order, made once. It is a function so that
// a program that decodes no graph does not link operators that it never runs.
func kinds() []row {
	registered.Do(func() {
		registry = slices.SortedFunc(slices.Values(listed()), func(a, b row) int { return cmp.Compare(a.kind, b.kind) })
	})
	return registry
}

var (
	registered sync.Once
	registry   []row
)

// listed lists the operators; those that are rows of a table have one row each.
func listed() []row {
	rows := []row{
		kindOf(AdaptiveAvgPool2D{}),
		kindOf(Add{}),
		kindOf(Affine{}),
		kindOf(ARange{}),
		kindOf(ArgMax{}),
		kindOf(AvgPool2D{}),
		kindOf(BatchNorm{}),
		kindOf(BitCast{From: f32, To: tensor.Int32}),
		kindOf(Cast{To: f32}),
		kindOf(Cat{}),
		kindOf(CenterCropPad{}),
		kindOf(Col2Im{}),
		kindOf(ChannelShuffle{}),
		kindOf(Clip{}),
		composedRow(),
		kindOf(Conv2D{}),
		kindOf(ConvND{}),
		kindOf(ConvTranspose2D{}),
		kindOf(CumProd{}),
		kindOf(CumSum{}),
		kindOf(DeformConv{}),
		kindOf(DepthToSpace{}),
		kindOf(Dequantize{}),
		kindOf(DequantizeWhole{}),
		kindOf(Det{}),
		kindOf(DFT{}),
		kindOf(Div{}),
		kindOf(DynamicConv2D{}),
		kindOf(DynamicGRU{}),
		kindOf(DynamicLinear{}),
		kindOf(DynamicLSTM{}),
		kindOf(DynamicMatMul{}),
		kindOf(DynamicQuantize{}),
		kindOf(Einsum{}),
		kindOf(ELU{Alpha: 1}),
		kindOf(Expand{}),
		kindOf(FakeQuantize{}),
		kindOf(Flatten{}),
		kindOf(FromIntRepr{}),
		kindOf(Gather{}),
		kindOf(GatherElements{}),
		kindOf(GatherND{}),
		kindOf(GELU{}),
		kindOf(GELU{Tanh: true}),
		kindOf(GridSample{}),
		kindOf(GroupNorm{}),
		kindOf(GRU{}),
		kindOf(Hardsigmoid{}),
		kindOf(Hardswish{}),
		kindOf(IntegerConv2D{}),
		kindOf(IntegerMatMul{}),
		kindOf(Interpolate{}),
		kindOf(IntRepr{}),
		kindOf(IsInf{}),
		kindOf(IsNaN{}),
		kindOf(LayerNorm{}),
		kindOf(LeakyReLU{}),
		kindOf(Linear{}),
		kindOf(LogSoftmax{}),
		kindOf(LocalResponseNorm{}),
		kindOf(LpNorm{}),
		kindOf(LSTM{}),
		kindOf(MatMul{}),
		kindOf(MaxPool2D{}),
		kindOf(Mean{}),
		kindOf(Mul{}),
		kindOf(NonMaxSuppression{}),
		kindOf(NonZero{}),
		kindOf(Not{}),
		kindOf(Pad{}),
		kindOf(PoolND{}),
		kindOf(Quantize{}),
		kindOf(QuantizeWhole{}),
		kindOf(Clamp{Act: quant.ReLU}),
		kindOf(Clamp{Act: quant.ReLU6}),
		kindOf(Reshape{}),
		kindOf(Resize{}),
		kindOf(ReverseSequence{}),
		kindOf(RNN{}),
		kindOf(ROIAlign{}),
		kindOf(ScatterElements{}),
		kindOf(ScatterND{}),
		kindOf(ScaleShift{Scale: 1}),
		kindOf(Shape{}),
		kindOf(Sigmoid{}),
		kindOf(SiLU{}),
		kindOf(Slice{}),
		kindOf(Softmax{}),
		kindOf(SpaceToDepth{}),
		kindOf(Split{}),
		kindOf(Squeeze{}),
		kindOf(StridedSlice{}),
		kindOf(Sub{}),
		kindOf(Tanh{}),
		kindOf(TfIdf{}),
		kindOf(Tile{}),
		kindOf(TopK{}),
		kindOf(Transpose{}),
		kindOf(Unique{}),
		kindOf(Unsqueeze{}),
		kindOf(WeightOnlyEmbedding{}),
		kindOf(WeightOnlyLinear{Groups: 1}),
		kindOf(Where{}),
	}
	for name := range functions {
		rows = append(rows, kindOf(Function{Name: name}))
	}
	for name := range shaped {
		rows = append(rows, kindOf(Shaped{Name: name, A: 1, B: 1}))
	}
	for name := range pairwise {
		rows = append(rows, kindOf(Pairwise{Name: name}))
	}
	for name := range relations {
		rows = append(rows, kindOf(Relation{Name: name}))
	}
	for name := range reductions {
		rows = append(rows, kindOf(Reduce{Name: name}))
	}
	return rows
}

// row is one operator: its kind, a value of it, and how its attributes are read.
type row struct {
	kind   string
	proto  graph.Op
	decode func(attrs []byte) (graph.Op, error)
}

// kindOf makes the row of zero's operator. It is no generic function, of which every operator
// would have a copy in the program.
func kindOf(zero graph.Op) row {
	kind := zero.Kind()
	return row{kind, zero, func(attrs []byte) (graph.Op, error) {
		to := reflect.New(reflect.TypeOf(zero))
		to.Elem().Set(reflect.ValueOf(zero))
		if err := decodeStrictly(attrs, to.Interface()); err != nil {
			return nil, fmt.Errorf("attributes of %s: %w", kind, err)
		}
		v := to.Elem().Interface().(graph.Op)
		if v.Kind() != kind {
			return nil, fmt.Errorf("attributes of %s describe %s", kind, v.Kind())
		}
		return v, nil
	}}
}

// decodeStrictly reads one JSON value without unknown fields.
func decodeStrictly(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

// Kinds lists the kinds of all operators.
func Kinds() []string {
	table := kinds()
	names := make([]string, len(table))
	for i, r := range table {
		names[i] = r.kind
	}
	return names
}

// Prototypes returns a value of every operator, in the order of Kinds. Where an
// operator has attributes that must be given, it is not one that Infer accepts.
func Prototypes() []graph.Op {
	table := kinds()
	protos := make([]graph.Op, len(table))
	for i, r := range table {
		protos[i] = r.proto
	}
	return protos
}

// Decode returns the operator of the given kind with attributes from JSON, as graph dumps hold
// them; no attributes at all means zero values. Only the types of attributes are checked; Infer
// checks their values.
func Decode(kind string, attrs []byte) (graph.Op, error) {
	table := kinds()
	i := slices.IndexFunc(table, func(r row) bool { return r.kind == kind })
	if i < 0 {
		return nil, fmt.Errorf("no operator %q: the operators are %v", kind, Kinds())
	}
	if len(bytes.TrimSpace(attrs)) == 0 {
		attrs = []byte("{}")
	}
	return table[i].decode(attrs)
}
