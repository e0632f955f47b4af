//go:build !noasm

package pool8

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[windows](t, "pool8.go", "windows", map[string]string{"Mult": "factor"})
}
