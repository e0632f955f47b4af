//go:build !noasm

package winograd8

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[transform](t, "winograd.go", "spread", nil)
	kerneltest.Offsets[products](t, "winograd8.go", "products", nil)
	kerneltest.Offsets[fold](t, "winograd8.go", "fold", map[string]string{"Rule": "Constants"})
}
