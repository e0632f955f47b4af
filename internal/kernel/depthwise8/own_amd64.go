//go:build !noasm

package depthwise8

import "slices"

func (b *blocked) withInit() any {
	c := *b
	c.init = slices.Clone(b.init)
	return &c
}

func (b *blocked) setInit(init []int32) {
	for _, p := range b.parts {
		for i := range p.width {
			b.init[p.at+i] = init[p.first+order(i, p.width)]
		}
	}
}
