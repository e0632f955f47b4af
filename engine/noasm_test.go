//go:build noasm

package engine

const noasm = true
