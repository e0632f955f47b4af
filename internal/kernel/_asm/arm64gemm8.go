package main

import "fmt"

// arm64Gemm8 writes routines for tiles of rows rows by vectors vectors of four columns. Sums
// end up in the last registers, row by row, or where sums says.
type arm64Gemm8 struct {
	arm64Results
	isa string
}

// arm64Tiles is what the routines of gemm8 have in common.
func arm64Tiles(p *printer) arm64Results {
	return arm64Results{arm64: arm64{p}, rule: tileRule, bias: tileBias, mult: tileMult}
}

func (g arm64Gemm8) name() string { return fmt.Sprintf("tiles%dx%d%s", g.rows, 4*g.vectors, g.isa) }

// arm64Gemm8Tiles writes the routines for tiles of all sizes, in the order of widths. begin
// prepares what a routine keeps in vectors; sum leaves the sums of a tile in registers.
func arm64Gemm8Tiles(g arm64Gemm8, widths []width, begin func(arm64Gemm8), sum func(arm64Gemm8, arm64Rows) arm64Gemm8) {
	var names []string
	for _, w := range widths {
		g.vectors = w.vectors
		for _, g.rows = range w.heights {
			names = append(names, g.name())
			g.tiles(begin, sum)
		}
	}
	g.dispatcher("tiles"+g.isa, "arg *tile", names)
}

// tiles writes a routine that computes tile after tile.
func (g arm64Gemm8) tiles(begin func(arm64Gemm8), sum func(arm64Gemm8, arm64Rows) arm64Gemm8) {
	o := arm64Rows{g.arm64, g.rows, 0}
	g.routine(g.name())
	o.start()
	g.op("MOVD %s, %s", at(tileTiles), tilesReg)
	g.op("MOVD %s, %s", at(tileOut), outReg)
	g.op("MOVD %s, %s", at(tileLD), ldReg)
	g.op("MOVD %s, %s", at(field(tileFetch)), fetchReg)
	g.prepare()
	begin(g)
	g.line("tile:")
	g = sum(g, o)
	g.results()
	o.advance()
	g.op("SUBS $1, %s", tilesReg)
	g.op("BNE tile")
	g.op("MOVD %s, %s", fetchReg, at(field(tileFetch)))
	g.op("RET")
}

// start sets the sums to the initial accumulators, and the panel.
func (g arm64Gemm8) start() {
	g.op("MOVD %s, %s", at(tilePanel), panelReg)
	g.op("MOVD %s, %s", at(tileInit), temp)
	g.print(g.loads(g.vectors, 0, temp, g.sum(0, 0)))
	for r := 1; r < g.rows; r++ {
		for j := range g.vectors {
			g.move(g.sum(0, j), g.sum(r, j))
		}
	}
}
