package main

import (
	"strings"
	"testing"
)

// The words are an assembler's.
func TestClasses(t *testing.T) {
	for _, c := range []struct {
		word uint32
		text string
		want counts
	}{
		{0x4e829420, "sdot v0.4s,v1.16b,v2.16b", counts{SIMD: 1, Dot: 1}},
		{0x6fa2e020, "udot v0.4s,v1.16b,v2.4b[1]", counts{SIMD: 1, Dot: 1}},
		{0x4e829c23, "usdot v3.4s,v1.16b,v2.16b", counts{SIMD: 1, Dot: 1}},
		{0x4f22f823, "sudot v3.4s,v1.16b,v2.4b[3]", counts{SIMD: 1, Dot: 1}},
		{0x4fa2f823, "usdot v3.4s,v1.16b,v2.4b[3]", counts{SIMD: 1, Dot: 1}},
		{0x4e82a420, "smmla v0.4s,v1.16b,v2.16b", counts{SIMD: 1, MMLA: 1}},
		{0x6e82a420, "ummla v0.4s,v1.16b,v2.16b", counts{SIMD: 1, MMLA: 1}},
		{0x4e82ac20, "usmmla v0.4s,v1.16b,v2.16b", counts{SIMD: 1, MMLA: 1}},
		{0x0e22c020, "smull v0.8h,v1.8b,v2.8b", counts{SIMD: 1, Mull: 1}},
		{0x6e22c020, "umull2 v0.8h,v1.16b,v2.16b", counts{SIMD: 1, Mull: 1}},
		{0x4e228020, "smlal2 v0.8h,v1.16b,v2.16b", counts{SIMD: 1, Mull: 1}},
		{0x2e62a020, "umlsl v0.4s,v1.4h,v2.4h", counts{SIMD: 1, Mull: 1}},
		{0x0f72a020, "smull v0.4s,v1.4h,v2.h[3]", counts{SIMD: 1, Mull: 1}},
		{0x0f722820, "smlal v0.4s,v1.4h,v2.h[7]", counts{SIMD: 1, Mull: 1}},
		{0x4f726820, "smlsl2 v0.4s,v1.8h,v2.h[7]", counts{SIMD: 1, Mull: 1}},
		{0x4e22cc20, "fmla v0.4s,v1.4s,v2.4s", counts{SIMD: 1, FMLA: 1}},
		{0x4fa21820, "fmla v0.4s,v1.4s,v2.s[3]", counts{SIMD: 1, FMLA: 1}},
		{0x4fc25820, "fmls v0.2d,v1.2d,v2.d[1]", counts{SIMD: 1, FMLA: 1}},
		{0x4fa29820, "fmul v0.4s,v1.4s,v2.s[3]", counts{SIMD: 1}},
		{0x4ea29c20, "mul v0.4s,v1.4s,v2.4s", counts{SIMD: 1}},
		{0x6fa20020, "mla v0.4s,v1.4s,v2.s[1]", counts{SIMD: 1}},
		{0x6e82cc20, "fcmla v0.4s,v1.4s,v2.4s,#90", counts{SIMD: 1}},
		{0x0e62d020, "sqdmull v0.4s,v1.4h,v2.4h", counts{SIMD: 1}},
		{0x0f523020, "sqdmlal v0.4s,v1.4h,v2.h[1]", counts{SIMD: 1}},
		{0x6e202820, "uaddlp v0.8h,v1.16b", counts{SIMD: 1}},
		{0x6e42ec20, "bfmmla v0.4s,v1.8h,v2.8h", counts{SIMD: 1}},
		{0x4cdf7000, "ld1 {v0.16b},[x0],#16", counts{Load: 1}},
		{0x4c9f7000, "st1 {v0.16b},[x0],#16", counts{Store: 1}},
		{0xf9400420, "ldr x0,[x1,#8]", counts{Load: 1}},
		{0x3dc00420, "ldr q0,[x1,#16]", counts{Load: 1}},
		{0x3d800420, "str q0,[x1,#16]", counts{Store: 1}},
		{0x3d004020, "str b0,[x1,#16]", counts{Store: 1}},
		{0x3cc10420, "ldr q0,[x1],#16", counts{Load: 1}},
		{0x3c810420, "str q0,[x1],#16", counts{Store: 1}},
		{0x18000040, "ldr w0,#8", counts{Load: 1}},
		{0x9c000080, "ldr q0,#16", counts{Load: 1}},
		{0xa94007e0, "ldp x0,x1,[sp]", counts{Load: 1}},
		{0xa9bf07e0, "stp x0,x1,[sp,#-16]!", counts{Store: 1}},
		{0xb9800020, "ldrsw x0,[x1]", counts{Load: 1}},
		{0x38a26820, "ldrsb x0,[x1,x2]", counts{Load: 1}},
		{0x38226820, "strb w0,[x1,x2]", counts{Store: 1}},
		{0xc85ffc20, "ldaxr x0,[x1]", counts{Load: 1}},
		{0xc800fc41, "stlxr w0,x1,[x2]", counts{Store: 1}},
		{0x8b020020, "add x0,x1,x2", counts{}},
		{0x14000002, "b #8", counts{}},
	} {
		c.want.Total = 1
		if got := classify(c.word); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.text, got, c.want)
		}
	}
}

func TestReadBlocks(t *testing.T) {
	got, err := readBlocks(strings.NewReader("11000 a 4e829420 f9400420 14000002\n1100c 1 d503201f\n"))
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if want := (block{0x11000, 10, counts{Total: 3, SIMD: 1, Load: 1, Dot: 1}}); got[0] != want {
		t.Errorf("%+v, want %+v", got[0], want)
	}
	for _, wrong := range []string{"11000 a\n", "11000 a xyz\n"} {
		if _, err := readBlocks(strings.NewReader(wrong)); err == nil {
			t.Errorf("%q was read", wrong)
		}
	}
}
