package main

// load loads a vector of float32. A masked one is the last of a row: AVX-512 has
// its mask in K1, AVX2 in register tail; lanes beyond it are zero.
func (l lanes) load(p *printer, tail int, masked bool, from, to string) {
	switch {
	case !masked:
		p.op("VMOVUPS %s, %s", from, to)
	case l == avx512:
		p.op("VMOVUPS.Z %s, K1, %s", from, to)
	default:
		p.op("VMASKMOVPS %s, %s, %s", from, l.r(tail), to)
	}
}

// store is the inverse of load; lanes beyond the mask stay as they are.
func (l lanes) store(p *printer, tail int, masked bool, from, to string) {
	switch {
	case !masked:
		p.op("VMOVUPS %s, %s", from, to)
	case l == avx512:
		p.op("VMOVUPS %s, K1, %s", from, to)
	default:
		p.op("VMASKMOVPS %s, %s, %s", from, l.r(tail), to)
	}
}

// loadTail loads the mask that the pointer at field points to.
func (l lanes) loadTail(p *printer, tail int, field string) {
	p.op("MOVQ %s, BX", field)
	if l == avx512 {
		p.op("KMOVW (BX), K1")
	} else {
		p.op("VMOVDQU (BX), %s", l.r(tail))
	}
}
