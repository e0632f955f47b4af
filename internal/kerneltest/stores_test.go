package kerneltest

import (
	"reflect"
	"slices"
	"testing"
	"unsafe"
)

func TestStoresAreFound(t *testing.T) {
	const text = `
TEXT part<>(SB), NOSPLIT, $0-0
	ADDQ AX, 8(DI)
TEXT ·run(SB), NOSPLIT, $0-8
	ADDQ $1, 99(DI)
	MOVQ arg+0(FP), DI
	MOVQ 16(DI), SI
	MOVQ AX, (SI)
	CMPQ AX, 16(DI)
	DECQ 24(DI) // counts
	VMOVDQU64 Z1, 32(DI)
	LEAQ 96(DI), R9
	MOVQ DI, BX
	MOVQ AX, (BX)
	MOVQ $0, 104(BX)(AX*8)
	MOVQ 16(DI), DI
	MOVQ AX, 40(DI)
TEXT ·other(SB), NOSPLIT, $0-8
	MOVQ arg+0(FP), DI
	MOVQ AX, 112(DI)
DATA routinestiles<>+0(SB)/8, $part<>(SB)
`
	var got []store
	for _, s := range stores(text, map[string]bool{"run": true, "tiles": true}) {
		got = append(got, store{line: s.line, at: s.at, size: s.size, indexed: s.indexed})
	}
	want := []store{{line: 3, at: 8, size: 8}, {line: 10, at: 24, size: 8}, {line: 11, at: 32, size: 64},
		{line: 12, at: 96, size: 8}, {line: 14, at: 0, size: 8}, {line: 15, at: 104, size: 8, indexed: true}}
	if !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

func TestStoresOfARM64AreFound(t *testing.T) {
	const text = `
TEXT part<>(SB), NOSPLIT, $0-0
	MOVD ZR, 8(R0)
TEXT ·run(SB), NOSPLIT, $0-8
	MOVD R1, 99(R0)
	MOVD arg+0(FP), R0
	MOVD 16(R0), R2
	MOVD R3, (R2)
	MOVW R3, 24(R0) // counts
	VST1 [V1.B16, V2.B16], (R0)
	ADD $96, R0, R9
	MOVD R0, R4
	FMOVQ F1, (R4)
	STP (R5, R6), 32(R4)
	MOVD R7, (R4)(R8<<3)
	FLDPQ 64(R0), (F0, F1)
	MOVD 16(R0), R0
	MOVD R1, 40(R0)
TEXT ·other(SB), NOSPLIT, $0-8
	MOVD arg+0(FP), R0
	MOVD R1, 112(R0)
DATA routinestiles<>+0(SB)/8, $part<>(SB)
`
	var got []store
	for _, s := range armStores(text, map[string]bool{"run": true, "tiles": true}) {
		got = append(got, store{line: s.line, at: s.at, size: s.size, indexed: s.indexed})
	}
	want := []store{{line: 3, at: 8, size: 8}, {line: 9, at: 24, size: 4}, {line: 10, at: 0, size: 64}, {line: 11, at: 96, size: 8},
		{line: 13, at: 0, size: 16}, {line: 14, at: 32, size: 16}, {line: 15, at: 0, size: 8, indexed: true}}
	if !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

func TestPointersAreFound(t *testing.T) {
	type inner struct {
		n int64
		p unsafe.Pointer
	}
	type outer struct {
		at uintptr
		inner
		list [2]*int32
		end  int64
	}
	typ := reflect.TypeOf(outer{at: 0, inner: inner{n: 0, p: nil}, list: [2]*int32{}, end: 0})
	for _, c := range []struct {
		from, to uintptr
		want     string
	}{{0, 8, ""}, {8, 16, ""}, {16, 24, "inner.p"}, {0, 32, "inner.p"}, {32, 40, "list"}, {40, 48, ""}, {36, 48, "list"}} {
		if got, _ := pointerIn(typ, c.from, c.to); got != c.want {
			t.Errorf("bytes %d to %d: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}
