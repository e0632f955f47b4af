//go:build !noasm

package sgemm

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[operand.Strip](t, "layout.go", "strip", nil)
	kerneltest.Offsets[tile](t, "sgemm.go", "stile", map[string]string{"Fetch": "Prefetch"})
	kerneltest.Offsets[widening](t, "widen.go", "widen", nil)
}
