// Package safetensors reads and writes the safetensors format: a JSON header
// with names, types, shapes and offsets, and the row-major little-endian elements.
//
// The reader is strict: names are unique, and the tensors cover the data without
// hole or overlap. The format has no quantized type; whoever stores int8 tensors
// keeps scales and zero points in tensors or metadata of their own. The package
// owns the format and must not know what the tensors are for.
package safetensors
