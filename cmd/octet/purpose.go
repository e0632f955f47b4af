package main

import (
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// whichRecipe is the one answer to which backend to take, in the help of commands.
const whichRecipe = `  run by octet, on any CPU    --qconfig octet: fbgemm's rules, all codes 0..255 for
                              activations, one scale per channel
  run by PyTorch on x86       --backend fbgemm: activations in 0..127, one bit less,
                              because PyTorch saturates on CPUs without VNNI
  run by PyTorch on ARM       --backend qnnpack, best with --per-channel
  run by PyTorch's onednn     --backend onednn: all codes, so other scales than fbgemm's`

// rangeHint says that reduce_range halves the codes of activations for PyTorch's sake; empty
// without it.
func rangeHint(backend quant.Numerics, c quant.QConfig) string {
	codes, err := c.Activation.Codes()
	if err != nil || c.Activation.DType != tensor.QUInt8 || codes.Max > 127 {
		return ""
	}
	if backend == quant.QNNPACK {
		return "activations take the codes 0..127, one bit less than there is, which qnnpack does not need: --qconfig default takes 0..255"
	}
	return "activations take the codes 0..127, one bit less than there is, so that PyTorch on x86 does not saturate; for a file that octet runs, --qconfig octet takes 0..255"
}
