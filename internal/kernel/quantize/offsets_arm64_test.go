//go:build !noasm

package quantize

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[numbers](t, "quantize.go", "convert", nil)
}
