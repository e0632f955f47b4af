package engine

import (
	"flag"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

var update = flag.Bool("update", false, "write the list of kernels of this architecture")

// A row that is missing in the list of its architecture would be shown by programs for that
// architecture alone.
func TestListOfKernels(t *testing.T) {
	if noasm || !slices.Contains(Architectures(), runtime.GOARCH) {
		t.Skip("without rows of its own")
	}
	path := "kernels_" + runtime.GOARCH + ".txt"
	text := formatKernels(Kernels())
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, err := os.ReadFile(path); err != nil || string(want) != text {
		t.Errorf("%s is not the rows of the tables (%v): run GOARCH=%s go test ./engine -run %s -update, under qemu on another machine",
			path, err, runtime.GOARCH, t.Name())
	}
}

func TestKernelsOfEveryArchitecture(t *testing.T) {
	for _, arch := range Architectures() {
		text, err := os.ReadFile("kernels_" + arch + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := parseKernels(string(text))
		if err != nil || len(rows) < 50 || formatKernels(rows) != string(text) {
			t.Fatalf("%s: %d rows, %v", arch, len(rows), err)
		}
		for _, r := range rows {
			if !cpu.Of(arch).Has(r.row.Requires | r.row.Unless) {
				t.Errorf("%s asks for what no CPU of %s has", r.Name, arch)
			}
		}
		if arch == runtime.GOARCH {
			continue
		}
		// Portable rows are those of every architecture, in their order.
		portable := func(rows []KernelRow) []kernel.Row {
			var list []kernel.Row
			for _, r := range rows {
				if r.ISA == "go" {
					list = append(list, r.row)
				}
			}
			return list
		}
		if !slices.Equal(portable(rows), portable(Kernels())) {
			t.Errorf("the portable rows of %s are not those of %s", arch, runtime.GOARCH)
		}
	}
	for _, r := range KernelsOf("riscv64") {
		if r.ISA != "go" {
			t.Errorf("%s on riscv64", r.Name)
		}
	}
}

func TestPicksOfOtherCPUs(t *testing.T) {
	for _, c := range []struct{ arch, features, kind, want string }{
		{"arm64", "neon", "gemm_u8s8", "gemm_u8s8_4x4_neon"},
		{"arm64", "neon+dotprod", "gemm_u8s8", "gemm_u8s8_4x16_dotprod"},
		{"amd64", "avx2+fma+avxvnni", "gemm_u8s8", "gemm_u8s8_6x16_avxvnni"},
		{"amd64", "none", "gemm_u8s8", "gemm_u8s8_4x4_go"},
		{"riscv64", "none", "gemm_u8s8", "gemm_u8s8_4x4_go"},
	} {
		if noasm && c.arch == runtime.GOARCH {
			continue
		}
		if got, err := PicksOf(c.arch, c.features); err != nil || got[c.kind] != c.want {
			t.Errorf("%s, %s: %q, %v; want %s", c.arch, c.features, got[c.kind], err, c.want)
		}
	}
	for _, c := range [][2]string{{"arm64", "avx2"}, {"amd64", "neon"}, {"amd64", "mmx"}, {"riscv64", "neon"}} {
		if _, err := PicksOf(c[0], c[1]); err == nil {
			t.Errorf("%s is a feature of %s", c[1], c[0])
		}
	}
}
