//go:build !noasm

package winograd32

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[transform](t, "winograd.go", "spread", nil)
	kerneltest.Offsets[fold](t, "winograd32.go", "fold32", nil)
}
