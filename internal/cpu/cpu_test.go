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
	if arch := runtime.GOARCH; (arch == "amd64" || arch == "arm64") && !Of(arch).Has(f) || arch == "arm64" && !f.Has(NEON) {
		t.Errorf("%v on %s", f, arch)
	}
}

// A feature is of one architecture.
func TestOf(t *testing.T) {
	if x, a := Of("amd64"), Of("arm64"); x&a != 0 || x|a != 1<<numFeatures-1 || Of("riscv64") != 0 {
		t.Errorf("%v of amd64, %v of arm64, %v of riscv64", x, a, Of("riscv64"))
	}
}
