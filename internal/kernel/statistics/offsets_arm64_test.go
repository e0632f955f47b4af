//go:build !noasm

package statistics

import (
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// Assembly finds the fields of its arguments by their offsets.
func TestOffsetsOfArguments(t *testing.T) {
	kerneltest.Offsets[ranging](t, "statistics.go", "ranging", nil)
	kerneltest.Offsets[binning](t, "statistics.go", "binning", map[string]string{"Lo": "from"})
	kerneltest.Offsets[powers](t, "statistics.go", "powers", nil)
}
