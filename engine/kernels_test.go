package engine

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
)

// A table that nobody lists would be neither shown nor tested.
func TestEveryTableIsListed(t *testing.T) {
	tables, err := filepath.Glob("../internal/kernel/*/table.go")
	if err != nil || len(tables) < 5 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	rows := Kernels()
	for _, path := range tables {
		if !hasRows(t, path) {
			continue
		}
		family := filepath.Base(filepath.Dir(path))
		if !slices.ContainsFunc(rows, func(r KernelRow) bool { return r.Family == family }) {
			t.Errorf("Kernels lists no row of %s", family)
		}
	}
	names := map[string]bool{}
	for _, r := range rows {
		if names[r.Name] {
			t.Errorf("two rows are named %s", r.Name)
		}
		names[r.Name] = true
		if _, err := os.Stat("../internal/kernel/" + r.Family); err != nil {
			t.Error(err)
		}
	}
}

// hasRows reports whether a table has rows on this architecture. One of nothing but
// the architecture's has none where no file lists them, or where the build leaves
// assembly out.
func hasRows(t *testing.T, path string) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "Table = archTable\n") {
		return true
	}
	if noasm {
		return false
	}
	_, err = os.Stat(strings.TrimSuffix(path, ".go") + "_" + runtime.GOARCH + ".go")
	return err == nil
}

// A row's name is made of its kind, its tile and its instruction set.
func TestKind(t *testing.T) {
	size := regexp.MustCompile(`^[0-9]+x[0-9]+$`)
	kinds := map[string]string{}
	for _, r := range Kernels() {
		name := r.Kind()
		if last := name[strings.LastIndexByte(name, '_')+1:]; size.MatchString(last) {
			t.Errorf("%s: the row does not say that its tile is %s", r.Name, last)
		}
		if r.row.Tile != "" {
			if !size.MatchString(r.row.Tile) {
				t.Errorf("%s: the tile is %q", r.Name, r.row.Tile)
			}
			name += "_" + r.row.Tile
		}
		if name+"_"+r.ISA != r.Name {
			t.Errorf("%s: kind %q, tile %q, instruction set %q", r.Name, r.Kind(), r.row.Tile, r.ISA)
		}
		kinds[r.Name] = r.Kind()
	}
	for name, want := range map[string]string{
		"gemm_u8s8_4x4_go": "gemm_u8s8", "requant_s32u8_go": "requant_s32u8", "elementwise_map_x8_go": "elementwise_map_x8", "quantize_f32x8_go": "quantize_f32x8",
	} {
		if kinds[name] != want {
			t.Errorf("%s: kind %q, want %q", name, kinds[name], want)
		}
	}
}

func TestLevels(t *testing.T) {
	for _, host := range []cpu.Features{0, cpu.AVX2, cpu.AVX2 | cpu.FMA, cpu.NEON | cpu.DotProd, 1<<20 - 1, cpu.Host()} {
		list := levels(host)
		picked := map[string]bool{}
		for _, l := range list {
			f, err := cpu.Parse(l)
			if err != nil || !host.Has(f) {
				t.Fatalf("%v: level %q, %v", host, l, err)
			}
			picks, err := Picks(l)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range picks {
				picked[name] = true
			}
		}
		if list[0] != "none" {
			t.Errorf("%v: the first level is %s", host, list[0])
		}
		// A row is out of reach only behind one that needs no more than it.
		for i, r := range Kernels() {
			hidden := slices.ContainsFunc(Kernels()[:i], func(before KernelRow) bool {
				return before.Kind() == r.Kind() && before.row.RunsOn(r.row.Requires)
			})
			if r.row.RunsOn(host) && !hidden && !picked[r.Name] {
				t.Errorf("%v: no level picks %s", host, r.Name)
			}
		}
	}
	if _, err := Picks("mmx"); err == nil {
		t.Error("an unknown feature was accepted")
	}
}
