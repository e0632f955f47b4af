package rule

import (
	"testing"
	"unsafe"
)

// ruleAt and ruleSize of internal/kernel/_asm/rule.go have the same numbers.
func TestOffsetsOfConstants(t *testing.T) {
	var c Constants
	got := [...]uintptr{unsafe.Offsetof(c.Rule), unsafe.Offsetof(c.biasMul), unsafe.Offsetof(c.realZero),
		unsafe.Offsetof(c.zero), unsafe.Offsetof(c.lo), unsafe.Offsetof(c.hi), unsafe.Sizeof(c)}
	if want := [...]uintptr{0, 8, 12, 16, 18, 19, 24}; got != want {
		t.Errorf("Rule, biasMul, realZero, zero, lo, hi and the end are at %d, assembly looks at %d", got, want)
	}
}
