package main

import (
	"debug/elf"
	"debug/gosym"
	"fmt"
	"path"
	"slices"
	"strings"
)

// functions finds those of a Go program by address.
type functions struct{ table *gosym.Table }

func readFunctions(program string) (*functions, error) {
	file, err := elf.Open(program)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines, text := file.Section(".gopclntab"), file.Section(".text")
	if lines == nil || text == nil {
		return nil, fmt.Errorf("%s is no program of Go", program)
	}
	data, err := lines.Data()
	if err != nil {
		return nil, err
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	return &functions{table}, nil
}

// kind says whose an instruction is.
type kind int

const (
	assembly kind = iota // of a kernel
	portable             // of a kernel, in Go
	outside              // of kernels: the engine, and what it calls
	waiting              // Go's runtime without its copies: sleeps more on a busy machine
)

// at names the function at an address.
func (f *functions) at(address uint64) (string, kind) {
	fn := f.table.PCToFunc(address)
	if fn == nil {
		return "unknown", waiting
	}
	file, _, _ := f.table.PCToLine(fn.Entry)
	name := strings.TrimPrefix(fn.Name, "github.com/octet-ml/octet/")
	_, inKernel, ok := strings.Cut(file, "/internal/kernel/")
	switch {
	case !ok && strings.HasPrefix(name, "runtime.") && !strings.HasPrefix(name, "runtime.mem"):
		return name, waiting
	case !ok:
		return name, outside
	case strings.HasSuffix(file, ".s"):
		// Local names of assembly have no package.
		return path.Dir(inKernel) + "." + path.Base(name)[strings.Index(path.Base(name), ".")+1:], assembly
	default:
		return strings.TrimPrefix(name, "internal/kernel/"), portable
	}
}

// profile is what an inference costs, by function.
type profile struct {
	total    counts
	kinds    [waiting + 1]int64
	function map[string]int64
}

// add counts a process, n times; -1 takes one away.
func (p *profile) add(f *functions, n int64, blocks []block) {
	if p.function == nil {
		p.function = map[string]int64{}
	}
	for _, b := range blocks {
		p.total = p.total.plus(n*b.runs, b.each)
		if f == nil {
			continue
		}
		name, kind := f.at(b.address)
		p.kinds[kind] += n * b.runs * b.each.Total
		p.function[name] += n * b.runs * b.each.Total
	}
}

// divide makes what n inferences cost the cost of one.
func (p *profile) divide(n int64) {
	for _, c := range []*int64{&p.total.Total, &p.total.SIMD, &p.total.Load, &p.total.Store, &p.total.Dot, &p.total.MMLA,
		&p.total.Mull, &p.total.FMLA} {
		*c /= n
	}
	for i := range p.kinds {
		p.kinds[i] /= n
	}
	for name := range p.function {
		p.function[name] /= n
	}
}

// top are the names of the n functions that cost most.
func (p *profile) top(n int) []string {
	var names []string
	for name := range p.function {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := p.function[b] - p.function[a]; d != 0 {
			return int(max(-1, min(1, d)))
		}
		return strings.Compare(a, b)
	})
	return names[:min(n, len(names))]
}
