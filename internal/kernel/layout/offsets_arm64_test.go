//go:build !noasm

package layout

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[planes](t, "layout.go", "planes", nil)
	kerneltest.Offsets[operand.Strip](t, "layout.go", "strip", nil)
}
