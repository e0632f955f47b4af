package testseed

import (
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
)

// Variable is the environment variable that fixes the seed of every test, a decimal
// number below 2^64.
const Variable = "OCTET_SEED"

// running are the tests that have drawn a seed, by name, with what gives their next.
var running = struct {
	sync.Mutex
	source map[string]*rand.Rand
}{source: map[string]*rand.Rand{}}

// Of is a seed for a test. What it follows from is in the test's log; a test that asks
// again gets another one, which follows from the same.
func Of(t testing.TB) uint64 {
	t.Helper()
	running.Lock()
	defer running.Unlock()
	name := t.Name()
	if running.source[name] == nil {
		running.source[name] = rand.New(rand.NewPCG(first(t), 1))
		t.Cleanup(func() {
			running.Lock()
			defer running.Unlock()
			delete(running.source, name)
		})
	}
	return running.source[name].Uint64()
}

// Rand is a source of random numbers from a seed for a test.
func Rand(t testing.TB) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(Of(t), 1))
}

// first is what all seeds of a test follow from.
func first(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if fixed, ok := os.LookupEnv(Variable); ok {
		var err error
		if seed, err = strconv.ParseUint(fixed, 10, 64); err != nil {
			t.Fatalf("%s is %q: it wants a decimal number below 2^64, like those that tests log", Variable, fixed)
		}
	}
	t.Logf("%s=%d", Variable, seed)
	return seed
}
