//go:build !noasm

package channels32

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[pass](t, "channels32.go", "pass", nil)
	kerneltest.Offsets[codes](t, "channels32.go", "decode", nil)
}
