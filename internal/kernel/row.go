package kernel

import (
	"path"
	"reflect"
	"strings"

	"github.com/octet-ml/octet/internal/cpu"
)

// Row describes a kernel of any family. The Kernel of each family embeds it.
type Row struct {
	Name     string       // <function>_<types>[_<tile>]_<ISA>; no two rows of all tables share one
	Tile     string       // such as 6x16; empty for kernels without one
	ISA      string       // the instruction set; "go" for portable code
	Requires cpu.Features // features that the row needs; none for portable code
	Unless   cpu.Features // features that exclude the row, since a faster row has them
}

// Kind is the name without tile and instruction set. Rows of one kind compute the same.
func (r *Row) Kind() string {
	kind := strings.TrimSuffix(r.Name, "_"+r.ISA)
	if r.Tile != "" {
		kind = strings.TrimSuffix(kind, "_"+r.Tile)
	}
	return kind
}

// RunsOn reports whether a machine with features f can run the row.
func (r *Row) RunsOn(f cpu.Features) bool { return f.Has(r.Requires) }

// ChosenOn reports whether a machine with features f may choose the row: it runs
// there, and nothing there is faster.
func (r *Row) ChosenOn(f cpu.Features) bool { return r.RunsOn(f) && f&r.Unless == 0 }

func (r *Row) row() *Row { return r }

// InTable is a pointer to a kernel: to a struct that embeds Row.
type InTable[K any] interface {
	*K
	row() *Row
}

// Select returns the first kernel of table that a machine with features f may
// choose and that fits, or nil where there is none. Without fits all do.
func Select[K any, P InTable[K]](table []K, f cpu.Features, fits func(*K) bool) *K {
	for i := range table {
		k := &table[i]
		if P(k).row().ChosenOn(f) && (fits == nil || fits(k)) {
			return k
		}
	}
	return nil
}

// MustSelect is Select from a table that has a kernel for any machine. Where it
// has none, it panics.
func MustSelect[K any, P InTable[K]](table []K, f cpu.Features, fits func(*K) bool) *K {
	if k := Select[K, P](table, f, fits); k != nil {
		return k
	}
	panic(path.Base(reflect.TypeFor[K]().PkgPath()) + ": no kernel for " + f.String())
}

// Rows returns the rows of table.
func Rows[K any, P InTable[K]](table []K) []Row {
	rows := make([]Row, len(table))
	for i := range table {
		rows[i] = *P(&table[i]).row()
	}
	return rows
}
