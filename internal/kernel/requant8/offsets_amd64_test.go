//go:build !noasm

package requant8

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[rows](t, "requant8_avx512.go", "rows", nil)
	kerneltest.Offsets[realRows](t, "requant8_avx2.go", "reals", nil)
}
