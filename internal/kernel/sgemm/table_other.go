//go:build !amd64

package sgemm

var archTable []Kernel
