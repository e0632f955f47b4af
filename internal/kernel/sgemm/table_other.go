//go:build (!amd64 && !arm64) || noasm

package sgemm

var archTable []Kernel
