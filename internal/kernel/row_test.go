package kernel

import (
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
)

// double computes nothing; Wide stands for what a family chooses by.
type double struct {
	Row
	Wide bool
}

var table = []double{
	{Row: Row{Name: "double_vnni", ISA: "vnni", Requires: cpu.AVX512 | cpu.AVX512VNNI}, Wide: true},
	{Row: Row{Name: "double_avx2", ISA: "avx2", Requires: cpu.AVX2, Unless: cpu.AVXVNNI | cpu.AVX512}},
	{Row: Row{Name: "double_go", ISA: "go"}},
}

func TestSelect(t *testing.T) {
	narrow := func(d *double) bool { return !d.Wide }
	for _, c := range []struct {
		f    cpu.Features
		fits func(*double) bool
		want int
	}{
		{0, nil, 2},
		{cpu.NEON, nil, 2},
		{cpu.AVX2, nil, 1},
		{cpu.AVX2 | cpu.FMA, nil, 1},
		{cpu.AVX2 | cpu.AVXVNNI, nil, 2},            // one of Unless is enough
		{cpu.AVX2 | cpu.AVX512, nil, 2},             // one of Requires is not
		{cpu.AVX512VNNI | cpu.AVX2, nil, 1},         // nor the other
		{cpu.AVX512VNNI | cpu.AVX512, nil, 0},       // the first that runs
		{cpu.AVX512VNNI | cpu.AVX512, narrow, 2},    // of those that fit
		{^cpu.Features(0), narrow, 2},               // with everything
		{^cpu.Features(0) &^ cpu.AVX512, narrow, 2}, // with nearly everything
		{cpu.AVX2 | cpu.AVX512VNNI, narrow, 1},
	} {
		if got := Select(table, c.f, c.fits); got != &table[c.want] {
			t.Errorf("with %v, restricted: %v, it is %v, want %s", c.f, c.fits != nil, got, table[c.want].Name)
		}
		if got := MustSelect(table, c.f, c.fits); got != &table[c.want] {
			t.Errorf("with %v, MustSelect returns %v", c.f, got)
		}
	}
	wide := func(d *double) bool { return d.Wide }
	if k := Select(table, cpu.AVX2, wide); k != nil {
		t.Errorf("%s does not fit", k.Name)
	}
	if k := Select(table[:1], cpu.AVX2, nil); k != nil {
		t.Errorf("%s does not run", k.Name)
	}
	if k := Select([]double(nil), cpu.AVX2, nil); k != nil {
		t.Errorf("%s is in no table", k.Name)
	}
}

func TestMustSelectNamesWhatIsMissing(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.HasPrefix(text, "kernel: ") || !strings.Contains(text, "avx2+fma") {
			t.Errorf("it panics with %q", text)
		}
	}()
	MustSelect(table[:1], cpu.AVX2|cpu.FMA, nil)
}

// A row that is not chosen still runs.
func TestRunsOn(t *testing.T) {
	k := &table[1]
	if f := cpu.AVX2 | cpu.AVX512; !k.RunsOn(f) || k.ChosenOn(f) || k.RunsOn(cpu.AVX512) {
		t.Error("what runs is not told from what is chosen")
	}
}

func TestRows(t *testing.T) {
	if got := Rows(table); !slices.Equal(got, []Row{table[0].Row, table[1].Row, table[2].Row}) {
		t.Errorf("%+v", got)
	}
}
