//go:build !noasm

package gemm8

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[tile](t, "gemm8.go", "tile", map[string]string{"Rule": "Constants", "Fetch": "Prefetch"})
	kerneltest.Offsets[gather](t, "arm64gather.go", "gather", nil)
}
