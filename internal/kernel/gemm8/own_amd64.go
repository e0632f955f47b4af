//go:build !noasm

package gemm8

import "slices"

func (p *shortWeights) withInit() (any, []int32) {
	c := *p
	c.init = slices.Clone(p.init)
	return &c, c.init
}
