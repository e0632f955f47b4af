package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// WeightOnlyEmbedding takes rows of a table that is stored as codes, as the numbers that they stand
// for: Gather along axis 0, behind Dequantize. Indices count from the end when negative.
//
// Inputs: table [V, D] in codes, per tensor or along axis 0; indices, int64. Result: the shape of
// the indices and D, in float32.
type WeightOnlyEmbedding struct{}

// Kind is "weight_only_embedding".
func (WeightOnlyEmbedding) Kind() string { return "weight_only_embedding" }

// Signatures: signed or unsigned codes to float32.
func (WeightOnlyEmbedding) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{i8, i64}, Out: f32}, {In: []tensor.DType{u8, i64}, Out: f32}}
}

// Infer returns the shape.
func (WeightOnlyEmbedding) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	if err := checkCodedRows(in[0]); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if len(s) != 2 || s[0] == 0 {
		return nil, fmt.Errorf("table has shape %v; expected [V, D]", s)
	}
	return float(append(in[1].Shape.Clone(), s[1]))
}

// Row is the row of a table of n rows that an index means.
func (WeightOnlyEmbedding) Row(index int64, n int) (int, error) {
	if index < int64(-n) || index >= int64(n) {
		return 0, fmt.Errorf("index %d is outside the %d rows of the table", index, n)
	}
	if index < 0 {
		index += int64(n)
	}
	return int(index), nil
}

// Eval dequantizes the rows.
func (o WeightOnlyEmbedding) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	table, q := in[0], in[0].QParams()
	n, d := table.Dim(0), table.Dim(1)
	codes, y := codesOf(table), tensor.New(f32, outs[0].Shape...)
	for i, index := range in[1].Int64s() {
		row, err := o.Row(index, n)
		if err != nil {
			return nil, err
		}
		c := channelOf(q, row)
		rule := quant.Dequantizer{Scale: float32(q.Scales[c]), Zero: int32(q.ZeroPoints[c])}
		for j := range d {
			y.Float32s()[i*d+j] = rule.Real(codes[row*d+j])
		}
	}
	return []*tensor.Tensor{y}, nil
}
