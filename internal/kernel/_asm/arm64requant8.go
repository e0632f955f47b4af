package main

import "fmt"

// The fields of requant8.columns.
var (
	columnsAcc, columnsPitch = "0(DI)", "8(DI)"
	columnsRows              = "16(DI)"
	columnsOut, columnsLD    = "24(DI)", "32(DI)"
	columnsBias, columnsMult = "40(DI)", "48(DI)"
	columnsRule              = ruleAt(func(at int) string { return fmt.Sprintf("%d(DI)", at) }, 56)
)

// requant8NEON writes the routine for sixteen columns of any number of rows.
func requant8NEON(p *printer) {
	const acc, pitch, rows = panelReg, "R6", "R7"
	g := arm64Results{arm64: arm64{p}, rows: 1, vectors: 4, keeps: true, rule: columnsRule, bias: columnsBias, mult: columnsMult}
	g.text("columnsNEON", "arg *columns")
	g.prepare()
	g.op("MOVD %s, %s", at(columnsAcc), acc)
	g.op("MOVD %s, %s", at(columnsPitch), pitch)
	g.op("MOVD %s, %s", at(columnsRows), rows)
	g.op("MOVD %s, %s", at(columnsOut), outReg)
	g.op("MOVD %s, %s", at(columnsLD), ldReg)
	g.line("row:")
	g.print(g.loads(4, 0, acc, g.sum(0, 0)))
	g.op("ADD %s, %s", pitch, acc)
	g.results()
	g.op("SUBS $1, %s", rows)
	g.op("BNE row")
	g.op("RET")
}
