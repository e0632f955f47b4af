package kerneltest

import (
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/testseed"
)

// Each runs f as a subtest of every kernel of table, and skips those that this
// machine cannot run; with OCTET_REQUIRE, those that need what it names fail instead.
// It logs the seed of r, which all kernels start from.
func Each[K any, P kernel.InTable[K]](t *testing.T, table []K, f func(t *testing.T, k *K, r *rand.Rand)) {
	t.Helper()
	seed := testseed.Of(t)
	for i, row := range kernel.Rows[K, P](table) {
		t.Run(row.Name, func(t *testing.T) {
			if lacks := row.Requires &^ cpu.Host(); lacks != 0 {
				if wrong := refused(lacks); wrong != "" {
					t.Fatal(wrong)
				}
				t.Skipf("this machine (%v) lacks %v", cpu.Host(), lacks)
			}
			f(t, &table[i], rand.New(rand.NewPCG(seed, 1)))
		})
	}
}

// Runnable are the kernels of table that this machine can run.
func Runnable[K any, P kernel.InTable[K]](table []K) iter.Seq[*K] {
	return func(yield func(*K) bool) {
		for i, row := range kernel.Rows[K, P](table) {
			if row.RunsOn(cpu.Host()) && !yield(&table[i]) {
				return
			}
		}
	}
}

// Names fails where a kernel of table is not called what name returns.
func Names[K any, P kernel.InTable[K]](t testing.TB, table []K, name func(*K) string) {
	t.Helper()
	for i, row := range kernel.Rows[K, P](table) {
		if want := name(&table[i]); row.Name != want {
			t.Errorf("%s should be called %s", row.Name, want)
		}
	}
}
