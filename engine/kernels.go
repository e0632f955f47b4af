package engine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/internal/cpu"
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
	"github.com/octet-ml/octet/internal/kernel/pool32"
	"github.com/octet-ml/octet/internal/kernel/pool8"
	"github.com/octet-ml/octet/internal/kernel/quantize"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/internal/kernel/statistics"
	"github.com/octet-ml/octet/internal/kernel/winograd32"
	"github.com/octet-ml/octet/internal/kernel/winograd8"
)

// KernelRow is a row of a kernel table.
type KernelRow struct {
	Family   string // the package of the table
	Name     string
	ISA      string // the instruction set; "go" for portable code
	Requires string // CPU features, as Options.CPU lists them; "none" for portable code
	Unless   string // it is not chosen with any of these features; "none" mostly
}

// Kind is what rows have in common that compute the same thing: the name without
// tile and instruction set (gemm_u8s8 of gemm_u8s8_6x64_avx512vnni).
func (r KernelRow) Kind() string {
	kind := strings.TrimSuffix(r.Name, "_"+r.ISA)
	at := strings.LastIndexByte(kind, '_')
	if rows, columns, ok := strings.Cut(kind[at+1:], "x"); ok && isNumber(rows) && isNumber(columns) {
		kind = kind[:at]
	}
	return kind
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// Kernels lists the rows of all kernel tables, those of one table together and
// best first.
func Kernels() []KernelRow {
	var rows []KernelRow
	add := func(family, name, isa string, requires cpu.Features) {
		rows = append(rows, KernelRow{family, name, isa, requires.String(), "none"})
	}
	for _, k := range gemm8.Table {
		add("gemm8", k.Name, k.ISA, k.Requires)
	}
	for _, k := range winograd8.Table {
		add("winograd8", k.Name, k.ISA, k.Requires)
		rows[len(rows)-1].Unless = k.Unless.String()
	}
	for _, k := range requant8.Table {
		add("requant8", k.Name, k.ISA, k.Requires)
	}
	for _, k := range depthwise8.Table {
		add("depthwise8", k.Name, k.ISA, k.Requires)
	}
	for _, k := range pool8.Table {
		add("pool8", k.Name, k.ISA, k.Requires)
	}
	for _, k := range elementwise8.Table {
		add("elementwise8", k.Name, k.ISA, k.Requires)
	}
	for _, k := range quantize.Table {
		add("quantize", k.Name, k.ISA, k.Requires)
	}
	for _, k := range layout.Table {
		add("layout", k.Name, k.ISA, k.Requires)
	}
	for _, k := range sgemm.Table {
		add("sgemm", k.Name, k.ISA, k.Requires)
	}
	for _, k := range winograd32.Table {
		add("winograd32", k.Name, k.ISA, k.Requires)
	}
	for _, k := range depthwise32.Table {
		add("depthwise32", k.Name, k.ISA, k.Requires)
	}
	for _, k := range pool32.Table {
		add("pool32", k.Name, k.ISA, k.Requires)
	}
	for _, k := range elementwise32.Table {
		add("elementwise32", k.Name, k.ISA, k.Requires)
	}
	for _, k := range statistics.Table {
		add("statistics", k.Name, k.ISA, k.Requires)
	}
	for _, k := range matmul32.Table { // this and the following train
		add("matmul32", k.Name, k.ISA, k.Requires)
	}
	for _, k := range filters32.Table {
		add("filters32", k.Name, k.ISA, k.Requires)
	}
	for _, k := range channels32.Table {
		add("channels32", k.Name, k.ISA, k.Requires)
	}
	for _, k := range argmax32.Table {
		add("argmax32", k.Name, k.ISA, k.Requires)
	}
	return rows
}

// Picks returns, by kind, the name of the best row for a CPU with the features
// in the list, which need not be this machine's. A kind that no row computes
// there is missing.
func Picks(features string) (map[string]string, error) {
	have, err := cpu.Parse(features)
	if err != nil {
		return nil, err
	}
	picks := map[string]string{}
	for _, r := range Kernels() {
		if _, done := picks[r.Kind()]; !done && r.chosen(have) {
			picks[r.Kind()] = r.Name
		}
	}
	return picks, nil
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
		if need := required(r); host.Has(need) {
			candidates = append(candidates, need)
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
		if !seen[r.Kind()] && r.chosen(f) {
			seen[r.Kind()] = true
			s.WriteString(r.Name + "\n")
		}
	}
	return s.String()
}

// chosen reports whether the row may be picked on a CPU with features f.
func (r KernelRow) chosen(f cpu.Features) bool {
	unless, err := cpu.Parse(r.Unless)
	if err != nil {
		panic("engine: row " + r.Name + ": " + err.Error())
	}
	return f.Has(required(r)) && f&unless == 0
}

// required is what a row asks for; tables hold nothing that does not parse.
func required(r KernelRow) cpu.Features {
	f, err := cpu.Parse(r.Requires)
	if err != nil {
		panic("engine: row " + r.Name + ": " + err.Error())
	}
	return f
}
