//go:build !noasm

package operand_test

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
)

// Assembly finds the fields of a cursor by their offsets.
func TestOffsetsOfCursor(t *testing.T) {
	kerneltest.Offsets[operand.Cursor](t, "operand.go", "cursor", nil)
}
