//go:build !noasm

package requant8

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[columns](t, "arm64requant8.go", "columns", map[string]string{"Rule": "Constants"})
	kerneltest.Offsets[scaled](t, "arm64requant8.go", "scaled", nil)
}
