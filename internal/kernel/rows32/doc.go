// Package rows32 computes float32 rows whose results each depend on the whole row.
// A kernel is a row of Table; for every row x of N numbers
//
//	softmax:    Out[i] = e^(x[i] - largest) / sum of e^(x[j] - largest)
//	layer_norm: Out[i] = (x[i] - mean) / sqrt(variance + Eps) * Weight[i] + Bias[i]
//
// Kernels differ from each other, and from Reference, by rounding. A row's results
// depend on the row and the kernel alone.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package rows32
