//go:build !noasm

package elementwise8

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[codes](t, "elementwise8.go", "codes", nil)
}
