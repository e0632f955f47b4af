// Package rows32 computes float32 rows whose results each depend on the whole row.
// A kernel is a row of Table; for every row x of N numbers
//
//	softmax:    Out[i] = e^(x[i] - largest) / sum of e^(x[j] - largest)
//	layer_norm: Out[i] = (x[i] - mean) / sqrt(variance + Eps) * Weight[i] + Bias[i]
//
// All kernels give the same bits, which differ from Reference's by rounding. A row's
// results depend on the row alone.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package rows32
