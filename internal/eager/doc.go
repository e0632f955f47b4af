// Package eager applies operators to tensors directly: the manual workflow, in
// which the caller quantizes, computes and dequantizes step by step. Each call
// compiles and runs a graph of one node, so it computes with the engine's
// kernels and gives a model's numbers.
//
// Float or integer arithmetic follows from the tensors' types. An integer
// operator needs the scale and zero point of its result (out), except where the
// operator keeps those of its input, and follows fbgemm's rules unless WithNumerics
// says otherwise. Errors name the operator and what does not fit.
//
// eager has functions for what people compute by hand, and Map for every function of one
// number; it must not know files, models or calibration.
package eager
