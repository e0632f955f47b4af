package inputs

import "github.com/octet-ml/octet/tensor"

// RowsOf cuts a tensor [N, K] into its rows.
func RowsOf(logits *tensor.Tensor) [][]float32 {
	n := logits.Dim(0)
	if n == 0 {
		return nil
	}
	k := logits.Numel() / n
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = logits.Float32s()[i*k : (i+1)*k]
	}
	return rows
}
