//go:build !noasm

package matmul32

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[block](t, "matmul32.go", "mul", map[string]string{
		"Taps": "a", "Depth": "b", "Column": "c", "Tiles": "a", "Stride": "b", "LD": "c", // of rows and of outer
		"RowX": "", "RowOffset": "", "RowOut": "", "Row": "",
	})
	kerneltest.Offsets[row](t, "matmul32.go", "mulRow", nil)
}
