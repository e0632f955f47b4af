//go:build !noasm

package depthwise32

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[pixels](t, "depthwise32.go", "pixels", nil)
}
