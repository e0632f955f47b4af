package cpu

import (
	"runtime"
	"testing"
)

func TestStringAndParse(t *testing.T) {
	for f := Features(0); f < 1<<numFeatures; f++ {
		got, err := Parse(f.String())
		if err != nil || got != f {
			t.Fatalf("Parse(%q) = %v, %v", f.String(), got, err)
		}
	}
	if _, err := Parse("avx2+mmx"); err == nil {
		t.Error("an unknown feature was accepted")
	}
}

func TestHost(t *testing.T) {
	f := Host()
	t.Logf("%s: %v", runtime.GOARCH, f)
	if f&(AVX512VNNI|AVX512VBMI|AMX) != 0 && !f.Has(AVX512) || f&(FMA|AVX512|AVXVNNI) != 0 && !f.Has(AVX2) {
		t.Errorf("%v contains a feature without its base", f)
	}
	switch runtime.GOARCH {
	case "amd64":
		if f&(NEON|DotProd|I8MM) != 0 {
			t.Errorf("%v on amd64", f)
		}
	case "arm64":
		if !f.Has(NEON) || f&(AVX2|FMA|AVX512|AVX512VNNI|AVX512VBMI|AVXVNNI) != 0 {
			t.Errorf("%v on arm64", f)
		}
	}
}
