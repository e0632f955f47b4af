package main

import "fmt"

// The fields of sgemm.tile.
const (
	stileRuns, stilePanel, stileBias = "0(DI)", "8(DI)", "16(DI)"
	stileTaps, stileDepth            = "24(DI)", "32(DI)"
	stileMask                        = "40(DI)"
	stileLo, stileHi                 = "48(DI)", "52(DI)"
	stileOut                         = 56
)

// sgemmAVX512 writes tiles of 6 rows by 16, 32, 48 and 64 columns.
func sgemmAVX512(p *printer) {
	for nz := 1; nz <= 4; nz++ {
		sgemmTile(p, floatISA{
			name: "AVX512", lanes: 16, reg: "Z", vectors: nz,
			weight: 24, lo: 28, hi: 29, mask: true,
		})
	}
}

// sgemmAVX2 writes tiles of 6 rows by 8 and 16 columns.
func sgemmAVX2(p *printer) {
	for nv := 1; nv <= 2; nv++ {
		sgemmTile(p, floatISA{
			name: "AVX2", lanes: 8, reg: "Y", vectors: nv,
			weight: 12, lo: 12, hi: 13, broadcast: 14,
		})
	}
}

// floatISA says how the registers of one instruction set are used: sums from 0
// on, weights from weight on, the limits of the clamp in lo and hi.
type floatISA struct {
	name      string
	lanes     int
	reg       string
	vectors   int
	weight    int
	lo, hi    int
	broadcast int  // a register for one number of a row; 0 where the multiplication broadcasts itself
	mask      bool // the last vector of columns is stored by mask
}

func (f floatISA) r(i int) string { return fmt.Sprintf("%s%d", f.reg, i) }

// sgemmTile multiplies one number of each row by a vector of weights with one
// rounding (FMA), K in order, starting from the bias; then it clamps. A maximum
// or minimum takes the sum as its second source, which lets NaN pass.
func sgemmTile(p *printer, f floatISA) {
	acc := func(r, j int) string { return f.r(r*f.vectors + j) }
	size := f.lanes * 4
	move := "VMOVUPS"
	p.text(fmt.Sprintf("tile6x%d%s", f.lanes*f.vectors, f.name), "arg *tile")
	p.op("MOVQ %s, SI", stileRuns)
	p.op("MOVQ %s, DX", stilePanel)
	p.op("MOVQ %s, AX", stileBias)
	for j := range f.vectors {
		p.op("%s %d(AX), %s", move, size*j, acc(0, j))
	}
	for r := 1; r < len(rowRegs); r++ {
		for j := range f.vectors {
			p.op("VMOVAPS %s, %s", acc(0, j), acc(r, j))
		}
	}
	p.op("MOVQ %s, CX", stileTaps)
	p.op("MOVQ %s, BX", stileDepth)
	p.line("tap:")
	p.loadRuns()
	p.op("XORQ AX, AX")
	p.line("depth:")
	for j := range f.vectors {
		p.op("%s %d(DX), %s", move, size*j, f.r(f.weight+j))
	}
	for r, row := range rowRegs {
		if f.broadcast != 0 {
			p.op("VBROADCASTSS (%s)(AX*4), %s", row, f.r(f.broadcast))
		}
		for j := range f.vectors {
			if f.broadcast != 0 {
				p.op("VFMADD231PS %s, %s, %s", f.r(f.weight+j), f.r(f.broadcast), acc(r, j))
			} else {
				p.op("VFMADD231PS.BCST (%s)(AX*4), %s, %s", row, f.r(f.weight+j), acc(r, j))
			}
		}
	}
	p.op("ADDQ $%d, DX", size*f.vectors)
	p.op("INCQ AX")
	p.op("CMPQ AX, BX")
	p.op("JLT depth")
	p.op("DECQ CX")
	p.op("JNZ tap")
	p.op("VBROADCASTSS %s, %s", stileLo, f.r(f.lo))
	p.op("VBROADCASTSS %s, %s", stileHi, f.r(f.hi))
	if f.mask {
		p.op("MOVQ %s, AX", stileMask)
		p.op("KMOVW AX, K1")
	}
	for r := range rowRegs {
		p.op("MOVQ %d(DI), AX", stileOut+8*r)
		for j := range f.vectors {
			a, k := acc(r, j), ""
			p.op("VMAXPS %s, %s, %s", a, f.r(f.lo), a)
			p.op("VMINPS %s, %s, %s", a, f.r(f.hi), a)
			if f.mask && j == f.vectors-1 {
				k = "K1, "
			}
			p.op("%s %s, %s%d(AX)", move, a, k, size*j)
		}
	}
	p.op("VZEROUPPER")
	p.op("RET")
}

// loadRuns points the row registers at the runs of the next tap.
func (p *printer) loadRuns() {
	for r, reg := range rowRegs {
		p.op("MOVQ %d(SI), %s", 8*r, reg)
	}
	p.op("ADDQ $%d, SI", 8*len(rowRegs))
}
