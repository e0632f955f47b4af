package serve

import (
	"strconv"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
)

// classified is an output as its k likeliest classes, [N, K] texts "value:index:label".
func classified(name string, y *tensor.Tensor, k int, labels []string) (Output, error) {
	rows := ClassRows(y)
	if rows == nil {
		return Output{}, Errorf(Invalid, "output %s is %v, which are no classes: FP32 [N, classes] is; ask for its numbers", name, y)
	}
	out := Output{Name: name, Shape: tensor.Shape{len(rows), min(k, len(rows[0]))}}
	for _, row := range rows {
		for _, p := range likeliest(row, k, labels) {
			text := strconv.FormatFloat(float64(p.Logit), 'f', -1, 32) + ":" + strconv.Itoa(p.Class)
			if p.Label != "" {
				text += ":" + p.Label
			}
			out.Texts = append(out.Texts, text)
		}
	}
	return out, nil
}

// likeliest is octet.TopK, in which a single number is one class, too.
func likeliest(row []float32, k int, labels []string) []octet.Prediction {
	if len(row) > 1 {
		return octet.TopK(row, k, labels)
	}
	p := octet.Prediction{Logit: row[0]}
	if len(labels) == 1 {
		p.Label = labels[0]
	}
	return []octet.Prediction{p}
}

// ClassRows are the numbers of each input of a batch where an output is classes: float32 [N, K],
// with axes of one element behind them or none. Of another output it is nil. The rows share the
// memory of y.
func ClassRows(y *tensor.Tensor) [][]float32 {
	if y.DType() != tensor.Float32 || len(y.Shape()) < 2 || y.Numel() == 0 || y.Shape()[2:].Numel() != 1 {
		return nil
	}
	n, k := y.Dim(0), y.Dim(1)
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = y.Float32s()[i*k : (i+1)*k]
	}
	return rows
}
