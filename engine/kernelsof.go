package engine

import (
	"embed"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/cpu"
)

// kernelLists has the rows of every architecture that has rows of its own: a program is built
// with the tables of its own architecture alone. A test of each compares its list.
//
//go:embed kernels_*.txt
var kernelLists embed.FS

// Architectures lists those that have kernels of their own, in Go's words: amd64, arm64.
func Architectures() []string { return []string{"amd64", "arm64"} }

// KernelsOf lists the rows of the tables of programs for an architecture, as Kernels does
// for that of this program. Others than Architectures have portable rows alone.
func KernelsOf(arch string) []KernelRow {
	if arch == runtime.GOARCH {
		return Kernels()
	}
	if !slices.Contains(Architectures(), arch) {
		return slices.DeleteFunc(Kernels(), func(r KernelRow) bool { return r.ISA != "go" })
	}
	text, err := kernelLists.ReadFile("kernels_" + arch + ".txt")
	if err != nil {
		panic(err)
	}
	rows, err := parseKernels(string(text))
	if err != nil {
		panic(err) // a test reads every list
	}
	return rows
}

// kernelFields are those of a line of a list; a tile may be missing.
const kernelFields = "%s %s isa=%s tile=%s requires=%s unless=%s\n"

// formatKernels writes rows as parseKernels reads them.
func formatKernels(rows []KernelRow) string {
	var text strings.Builder
	for _, r := range rows {
		tile := r.row.Tile
		if tile == "" {
			tile = "none"
		}
		fmt.Fprintf(&text, kernelFields, r.Family, r.Name, r.ISA, tile, r.Requires, r.Unless)
	}
	return text.String()
}

func parseKernels(text string) ([]KernelRow, error) {
	var rows []KernelRow
	for line := range strings.Lines(text) {
		var r KernelRow
		if _, err := fmt.Sscanf(line, kernelFields, &r.Family, &r.Name, &r.ISA, &r.row.Tile, &r.Requires, &r.Unless); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		var err error
		if r.row.Requires, err = cpu.Parse(r.Requires); err != nil {
			return nil, err
		}
		if r.row.Unless, err = cpu.Parse(r.Unless); err != nil {
			return nil, err
		}
		if r.row.Tile == "none" {
			r.row.Tile = ""
		}
		r.row.Name, r.row.ISA = r.Name, r.ISA
		rows = append(rows, r)
	}
	return rows, nil
}

// PicksOf is Picks of a program for an architecture. A feature that CPUs of another
// architecture have is an error.
func PicksOf(arch, features string) (map[string]string, error) {
	have, err := cpu.Parse(features)
	if err != nil {
		return nil, err
	}
	if known := cpu.Of(arch); !known.Has(have) {
		return nil, fmt.Errorf("no CPU of %s has %v: the features that its kernels ask for are %v", arch, have&^known, known)
	}
	return picks(KernelsOf(arch), have), nil
}

// picks returns the best row of each kind.
func picks(rows []KernelRow, have cpu.Features) map[string]string {
	best := map[string]string{}
	for _, r := range rows {
		if _, done := best[r.Kind()]; !done && r.row.ChosenOn(have) {
			best[r.Kind()] = r.Name
		}
	}
	return best
}
