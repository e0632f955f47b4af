//go:build !amd64 || noasm

package sgemm

var archTable []Kernel
