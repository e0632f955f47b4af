package kerneltest

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
)

func TestRefused(t *testing.T) {
	for _, tc := range []struct {
		variable string
		lacks    cpu.Features
		want     string
	}{
		{"", cpu.AVX512 | cpu.AMX, ""},
		{"avx2", cpu.AVX512, ""},
		{"avx2,avx512", cpu.AVX512, "kernels with avx512 to be run"},
		{"avx2+avx512vnni", cpu.AVX512 | cpu.AVX512VNNI, "kernels with avx512vnni to be run"},
		{"avx2,avx512vnni", cpu.AVX2 | cpu.AVX512VNNI, "kernels with avx2+avx512vnni to be run"},
		{"none", cpu.AVX2, ""},
		{"avx3", cpu.AVX2, `OCTET_REQUIRE=avx3: unknown CPU feature "avx3"`},
	} {
		t.Setenv(requireVariable, tc.variable)
		got := refused(tc.lacks)
		if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%q, where %v is missing: %q, want it to say %q", tc.variable, tc.lacks, got, tc.want)
		}
	}
}

// What the variable names is there even where no table has a kernel for it.
func TestRequiredFeaturesAreThere(t *testing.T) {
	if wrong := refused(^cpu.Host()); wrong != "" {
		t.Error(wrong)
	}
}
