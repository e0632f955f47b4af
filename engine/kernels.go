package engine

import (
	"slices"
	"strings"
	"sync"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/kernel/argmax32"
	"github.com/octet-ml/octet/internal/kernel/channels32"
	"github.com/octet-ml/octet/internal/kernel/depthwise32"
	"github.com/octet-ml/octet/internal/kernel/depthwise8"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/elementwise8"
	"github.com/octet-ml/octet/internal/kernel/filters32"
	"github.com/octet-ml/octet/internal/kernel/gemm8"
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/internal/kernel/matmul32"
	"github.com/octet-ml/octet/internal/kernel/pixels8"
	"github.com/octet-ml/octet/internal/kernel/pool32"
	"github.com/octet-ml/octet/internal/kernel/pool8"
	"github.com/octet-ml/octet/internal/kernel/quantize"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/internal/kernel/rows32"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/internal/kernel/statistics"
	"github.com/octet-ml/octet/internal/kernel/winograd32"
	"github.com/octet-ml/octet/internal/kernel/winograd8"
)

// tables lists the kernel tables; Kernels keeps this order.
var tables = []struct {
	family string
	rows   []kernel.Row
}{
	{"gemm8", kernel.Rows(gemm8.Table)},
	{"winograd8", kernel.Rows(winograd8.Table)},
	{"requant8", kernel.Rows(requant8.Table)},
	{"depthwise8", kernel.Rows(depthwise8.Table)},
	{"pool8", kernel.Rows(pool8.Table)},
	{"elementwise8", kernel.Rows(elementwise8.Table)},
	{"quantize", kernel.Rows(quantize.Table)},
	{"layout", kernel.Rows(layout.Table)},
	{"pixels8", kernel.Rows(pixels8.Table)}, // of package vision
	{"sgemm", kernel.Rows(sgemm.Table)},
	{"winograd32", kernel.Rows(winograd32.Table)},
	{"depthwise32", kernel.Rows(depthwise32.Table)},
	{"pool32", kernel.Rows(pool32.Table)},
	{"elementwise32", kernel.Rows(elementwise32.Table)},
	{"rows32", kernel.Rows(rows32.Table)},
	{"statistics", kernel.Rows(statistics.Table)},
	{"matmul32", kernel.Rows(matmul32.Table)}, // this and the following train
	{"filters32", kernel.Rows(filters32.Table)},
	{"channels32", kernel.Rows(channels32.Table)},
	{"argmax32", kernel.Rows(argmax32.Table)},
}

// KernelRow is a row of a kernel table.
type KernelRow struct {
	Family   string // the package of the table
	Name     string // unique in its family, as octet cpu prints it
	ISA      string // the instruction set; "go" for portable code
	Requires string // CPU features, as Options.CPU lists them; "none" for portable code
	Unless   string // features that exclude this row, since a faster row has them; usually "none"

	row kernel.Row
}

// Runs reports whether this machine can run the row.
func (r KernelRow) Runs() bool { return r.row.RunsOn(cpu.Host()) }

// Kind is what rows have in common that compute the same thing: the name without
// tile and instruction set (gemm_u8s8 of gemm_u8s8_6x64_avx512vnni).
func (r KernelRow) Kind() string { return r.row.Kind() }

// Kernels lists the rows of all kernel tables, those of one table together and
// best first.
func Kernels() []KernelRow {
	var rows []KernelRow
	for _, t := range tables {
		for _, r := range t.rows {
			rows = append(rows, KernelRow{t.family, r.Name, r.ISA, r.Requires.String(), r.Unless.String(), r})
		}
	}
	return rows
}

// families finds the family of a kernel by its name.
var families = sync.OnceValue(func() map[string]string {
	of := map[string]string{}
	for _, r := range Kernels() {
		of[r.Name] = r.Family
	}
	return of
})

// Picks returns, by kind, the name of the best row for a CPU with the features
// in the list, which need not be this machine's. A kind that no row computes
// there is missing.
func Picks(features string) (map[string]string, error) {
	have, err := cpu.Parse(features)
	if err != nil {
		return nil, err
	}
	return picks(Kernels(), have), nil
}

// HostFeatures lists the CPU features of this machine, as Options.CPU takes them.
func HostFeatures() string { return cpu.Host().String() }

// Levels lists values of Options.CPU for this machine, from "none" to all it
// has. No two of them pick the same rows, and every row that is the best one on
// some CPU whose features this machine has is picked at one of them.
func Levels() []string { return levels(cpu.Host()) }

func levels(host cpu.Features) []string {
	var candidates []cpu.Features
	sum := cpu.Features(0)
	for bit := cpu.Features(1); bit != 0 && bit <= host; bit <<= 1 {
		if host.Has(bit) {
			sum |= bit
			candidates = append(candidates, sum)
		}
	}
	for _, r := range Kernels() {
		if r.row.RunsOn(host) {
			candidates = append(candidates, r.row.Requires)
		}
	}
	// Of levels that pick the same rows, the largest describes them best; code
	// that needs nothing has the name "none".
	slices.SortStableFunc(candidates, func(a, b cpu.Features) int { return int(int64(b) - int64(a)) })
	var list []string
	seen := map[string]bool{signature(0): true}
	for _, f := range candidates {
		if s := signature(f); !seen[s] {
			seen[s] = true
			list = append(list, f.String())
		}
	}
	list = append(list, "none")
	slices.Reverse(list)
	return list
}

// signature tells CPUs apart that pick different rows.
func signature(f cpu.Features) string {
	var s strings.Builder
	seen := map[string]bool{}
	for _, r := range Kernels() {
		if !seen[r.Kind()] && r.row.ChosenOn(f) {
			seen[r.Kind()] = true
			s.WriteString(r.Name + "\n")
		}
	}
	return s.String()
}
