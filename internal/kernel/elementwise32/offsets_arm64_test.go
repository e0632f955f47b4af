//go:build !noasm

package elementwise32

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[numbers](t, "elementwise32.go", "numbers", nil)
}
