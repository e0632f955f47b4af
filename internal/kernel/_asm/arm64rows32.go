package main

// rows32NEON writes the passes over a row, in blocks of sixteen numbers. Sums of float64 are
// in registers 24 to 27, two in each: element i is added to sum i%8.
func rows32NEON(p *printer) {
	r := arm64Rows32{newArm64Functions(arm64{p})}
	r.pass("largest", 1, func() { r.print(r.loads(4, 0, rowMostReg, rowSum)) }, func() {
		r.each(func(j int) { r.v("fcmgt 4s", fS+j, fX+j, rowSum+j) }) // NaN is left out
		r.each(func(j int) { r.op("VBIT %s, %s, %s", bytes16(fS+j), bytes16(fX+j), bytes16(rowSum+j)) })
	}, func() { r.print(r.stores(rowSum, 4, 0, rowMostReg)) })
	r.pass("exponentials", 1, func() {
		r.broadcast(rowValue, fY)
		r.loadSums()
	}, func() {
		r.each(func(j int) { r.v("fsub 4s", fX+j, fX+j, fY) })
		r.exp()
		r.flush()
		r.store(fX)
		r.add(fX, func(int) {})
	}, r.storeSums)
	r.pass("scale", 1, func() { r.broadcast(rowValue, fY) }, func() {
		r.each(func(j int) { r.v("fmul 4s", fX+j, fX+j, fY) })
		r.flush()
		r.store(fX)
	}, nil)
	r.pass("sums", 1, r.loadSums, func() { r.add(fX, func(int) {}) }, r.storeSums)
	r.pass("squares", 1, func() {
		r.broadcastDouble(rowMean, fConstant)
		r.loadSums()
	}, func() {
		r.add(fX, func(v int) {
			r.v("fsub 2d", v, v, fConstant)
			r.v("fmul 2d", v, v, v)
		})
	}, r.storeSums)
	const double, weight, mean, factor = 12, 20, 28, 29
	r.pass("normalize", 3, func() {
		r.broadcastDouble(rowMean, mean)
		r.broadcastDouble(rowScale, factor)
	}, func() {
		r.doubles(fX, double)
		r.doubles(fS, weight)
		each := func(name string, operand func(i int) int) {
			for i := range 8 {
				r.v(name, double+i, double+i, operand(i))
			}
		}
		each("fsub 2d", func(int) int { return mean })
		each("fmul 2d", func(int) int { return factor })
		each("fmul 2d", func(i int) int { return weight + i })
		for j := range 4 {
			r.v("fcvtn 2s", fX+j, double+2*j)
		}
		for j := range 4 {
			r.v("fcvtn2 4s", fX+j, double+2*j+1)
		}
		r.step("fadd 4s", fX, fX, fN)
		r.flush()
		r.store(fX)
	}, nil)
	r.constants()
}

type arm64Rows32 struct{ arm64Functions }

// Registers of a pass; R6 points to constants.
const (
	rowXReg, rowWeightReg, rowBiasReg = "R1", "R4", "R5"
	rowBlocksReg, rowMostReg          = "R7", "R8"
	rowSumsReg                        = "R9"
	rowSum                            = fV
)

// pass writes a routine over whole blocks, of which so many operands are loaded: x, weights
// and biases, to fX, fS and fN.
func (r arm64Rows32) pass(name string, operands int, begin, block, end func()) {
	r.text(name+"NEON", "arg *pass")
	r.op("MOVD %s, %s", at(rowX), rowXReg)
	r.op("MOVD %s, %s", at(rowOut), outReg)
	r.op("MOVD %s, %s", at(rowWeight), rowWeightReg)
	r.op("MOVD %s, %s", at(rowBias), rowBiasReg)
	r.op("MOVD %s, %s", at(rowVectors), rowBlocksReg)
	r.op("ADD $%d, %s, %s", rowSums, argument, rowSumsReg)
	r.op("ADD $%d, %s, %s", rowSums+64, argument, rowMostReg)
	r.prepare()
	begin()
	r.line("block:")
	for i, register := range []string{rowXReg, rowWeightReg, rowBiasReg}[:operands] {
		r.print(r.loads(4, 0, register, fX+4*i))
		r.op("ADD $64, %s", register)
	}
	block()
	r.flush()
	r.op("SUBS $1, %s", rowBlocksReg)
	r.op("BNE block")
	if end != nil {
		end()
	}
	r.op("RET")
}

func (r arm64Rows32) store(from int) {
	r.print(r.stores(from, 4, 0, outReg))
	r.op("ADD $64, %s", outReg)
}

func (r arm64Rows32) loadSums()  { r.print(r.loads(4, 0, rowSumsReg, rowSum)) }
func (r arm64Rows32) storeSums() { r.print(r.stores(rowSum, 4, 0, rowSumsReg)) }

// broadcastDouble loads a float64 of the argument to both lanes.
func (r arm64Rows32) broadcastDouble(field string, to int) {
	r.op("MOVD %s, %s", at(field), temp)
	r.op("VDUP %s, %s", temp, longs2(to))
}

// doubles converts four vectors of float32 to eight of float64.
func (r arm64Rows32) doubles(from, to int) {
	for j := range 4 {
		r.v("fcvtl 2d", to+2*j, from+j)
		r.v("fcvtl2 2d", to+2*j+1, from+j)
	}
}

// add converts sixteen numbers, changes them and adds them to the sums. Registers from fS on
// are overwritten.
func (r arm64Rows32) add(from int, change func(v int)) {
	r.doubles(from, fS)
	for i := range 8 {
		change(fS + i)
	}
	for i := range 8 {
		r.v("fadd 2d", rowSum+i%4, rowSum+i%4, fS+i)
	}
}
