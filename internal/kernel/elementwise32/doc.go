// Package elementwise32 applies functions of float32 numbers, followed by a
// clamp that lets NaN pass. A kernel is a row of Table:
//
//	clamp:  Out[i] = clamp(A[i])
//	add:    Out[i] = clamp(A[i] + B[i])
//	mul:    Out[i] = clamp(A[i] * B[i])
//	affine: Out[i] = clamp(f32(A[i]*B[i]) + C[i])
//	sub:    Out[i] = clamp(A[i] - B[i])
//	div:    Out[i] = clamp(A[i] / B[i])
//	hardswish, hardsigmoid:
//	        Out[i] = clamp(quant.Hardswish(A[i])), …
//	sigmoid, silu, tanh, gelu, gelu_tanh:
//	        Out[i] = clamp(real32.Sigmoid(A[i])), …
//
// It sees raw slices; it must not know tensors, graphs or other families.
package elementwise32
