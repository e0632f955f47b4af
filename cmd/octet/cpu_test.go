package main

import (
	"runtime"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/tensor"
)

func TestCPUListsKernels(t *testing.T) {
	var doc cpuOutput
	octetCommand(t, "cpu", "--for", "none", "--json").must(t).decode(t, &doc)
	var features []string
	for _, f := range doc.Features {
		features = append(features, f.Name)
	}
	if strings.Join(features, "+") != cpu.Of(runtime.GOARCH).String() || len(doc.Kernels) != len(engine.Kernels()) || doc.SelfTest != nil {
		t.Fatalf("features %v, %d kernels", features, len(doc.Kernels))
	}
	picked := map[string]string{}
	for _, k := range doc.Kernels {
		if k.ISA == "go" && !k.Runs {
			t.Errorf("%s does not run", k.Name)
		}
		if k.Picked {
			picked[k.Kind] = k.Name
		}
	}
	for kind, name := range doc.Picks[0].Picks {
		if picked[kind] != name {
			t.Errorf("%s: picked %q, listed %q", kind, name, picked[kind])
		}
	}
	if doc.Picks[1].CPU != "--for" || !strings.HasSuffix(doc.Picks[1].Picks["gemm_u8s8"], "_go") {
		t.Errorf("--for none: %+v", doc.Picks[1])
	}
	octetCommand(t, "cpu", "--for", "mmx").fails(t, exit.Usage, "mmx")
	if text := octetCommand(t, "cpu").must(t).out; !strings.Contains(text, "gemm_u8s8_4x4_go") {
		t.Errorf("table:\n%s", text)
	}
}

func TestCPUListsKernelsOfOtherArchitectures(t *testing.T) {
	for _, c := range [][4]string{
		{"amd64", "avx2+fma", "gemm_u8s8_3x16_avx2", "neon"},
		{"arm64", "neon+dotprod", "gemm_u8s8_4x16_dotprod", "avx2"},
	} {
		arch, features, kernel, foreign := c[0], c[1], c[2], c[3]
		octetCommand(t, "cpu", "--arch", arch, "--for", foreign).fails(t, exit.Usage, foreign, "--arch")
		if arch == runtime.GOARCH {
			continue
		}
		var doc cpuOutput
		octetCommand(t, "cpu", "--arch", arch, "--for", features, "--json").must(t).decode(t, &doc)
		if doc.Arch != arch || doc.Picks[0].CPU != "--for" || doc.Picks[0].Picks["gemm_u8s8"] != kernel {
			t.Errorf("%s: %+v", doc.Arch, doc.Picks[0])
		}
		for _, k := range doc.Kernels {
			if k.Runs || k.Picked {
				t.Errorf("%s runs on %s", k.Name, runtime.GOARCH)
			}
		}
		text := octetCommand(t, "cpu", "--arch", arch).must(t).out
		if !strings.Contains(text, "programs for "+arch) || !strings.Contains(text, kernel) || strings.Contains(text, "does not run") {
			t.Errorf("table:\n%s", text)
		}
		octetCommand(t, "cpu", "--arch", arch, "--selftest").fails(t, exit.Usage, "--selftest")
	}
	octetCommand(t, "cpu", "--arch", "mips").fails(t, exit.Usage, "mips", "arm64")
}

func TestSelfTest(t *testing.T) {
	slow(t, "runs graphs on every kernel, as the tests of engine do")
	var doc cpuOutput
	octetCommand(t, "cpu", "--selftest", "--json").must(t).decode(t, &doc)
	s := doc.SelfTest
	t.Logf("seed %d", s.Seed)
	if s.Graphs < 80 || len(s.Levels) < 1 || len(s.Failures) != 0 || s.Kernels["gemm_u8s8_4x4_go"] == 0 {
		t.Errorf("%+v", s)
	}
	kinds := map[string]int{}
	for _, r := range engine.Kernels() {
		kinds[r.Kind()] += s.Kernels[r.Name]
		if r.Family == "layout" { // moves the inputs and outputs of every graph, and is no node's
			kinds[r.Kind()]++
		}
	}
	for kind := range doc.Picks[0].Picks {
		if kinds[kind] == 0 {
			t.Errorf("no graph reaches a kernel of kind %s; add a case to internal/randomgraph", kind)
		}
	}
	var text strings.Builder
	if s.print(&text); !strings.Contains(text.String(), "gemm_u8s8_4x4_go") {
		t.Errorf("table:\n%s", text.String())
	}
}

func TestSelfTestSeesADifference(t *testing.T) {
	x := tensor.Of([]float32{1, 2}, 2)
	if d := difference(tensor.Of([]float32{1, 2.0001}, 2), x); d == "" {
		t.Error("other numbers are called equal")
	}
	a, b := tensor.OfQuantized([]uint8{1}, tensor.Affine(1, 0), 1), tensor.OfQuantized([]uint8{2}, tensor.Affine(1, 0), 1)
	if difference(a, b) == "" || difference(a, a) != "" {
		t.Error("codes are compared wrongly")
	}
	failed := &selfTest{Failures: []string{"conv"}}
	if exit.Code(failed.failure()) != exit.Check {
		t.Error("a failure is not reported")
	}
}
