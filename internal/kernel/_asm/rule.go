package main

// ruleFields are the fields of rule.Constants.
type ruleFields struct{ rule, biasMul, realZero, zero, lo, hi string }

// ruleAt names the fields of constants that begin at byte at of what field counts from.
func ruleAt(field func(int) string, at int) ruleFields {
	return ruleFields{field(at), field(at + 8), field(at + 12), field(at + 16), field(at + 18), field(at + 19)}
}

// The values of rule.Constants.Rule, as labels.
var ruleLabels = []string{1: "addBias", 2: "intBias", 3: "fusedBias", 4: "realBias"}

// branch jumps to the label of the rule in reg, which ends in suffix, and falls through for
// accumulators without an epilogue.
func (p *printer) branch(reg, suffix string) {
	for value, label := range ruleLabels {
		if label != "" {
			p.op("CMPQ %s, $%d", reg, value)
			p.op("JEQ %s%s", label, suffix)
		}
	}
}

// realLimit writes the limit to which realBias clamps before it rounds: the conversion to int32
// makes larger numbers the smallest integer, but the contract demands the largest code.
func realLimit(p *printer) {
	p.line("")
	p.line("DATA realLimit<>+0(SB)/4, $0x46fffe00 // 32767")
	p.line("GLOBL realLimit<>(SB), RODATA|NOPTR, $4")
}
