//go:build !noasm

package depthwise8

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[block](t, "depthwise8.go", "depth", map[string]string{"Rule": "Constants"})
}
