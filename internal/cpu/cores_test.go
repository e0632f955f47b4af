package cpu

import (
	"fmt"
	"runtime"
	"testing"
	"testing/fstest"
)

// tree is a system's folder of cores with these capacities; 0 says nothing.
func tree(capacities ...int) fstest.MapFS {
	system := fstest.MapFS{"possible": {Data: []byte("0-7\n")}, "cpufreq/cpu_capacity": {Data: []byte("x")}}
	for i, c := range capacities {
		name := fmt.Sprintf("cpu%d/", i)
		system[name+"online"] = &fstest.MapFile{Data: []byte("1\n")}
		if c != 0 {
			system[name+"cpu_capacity"] = &fstest.MapFile{Data: fmt.Appendf(nil, "%d\n", c)}
		}
	}
	return system
}

func TestCountLarge(t *testing.T) {
	every := func(int) bool { return true }
	for _, c := range []struct {
		name    string
		cores   []int
		allowed func(int) bool
		all     int
		want    int
	}{
		{"one kind", []int{1024, 1024, 1024, 1024}, every, 4, 4},
		{"four large, four small", []int{446, 446, 446, 446, 1024, 1024, 1024, 1024}, every, 8, 4},
		{"three kinds", []int{325, 325, 325, 325, 850, 850, 850, 1024}, every, 8, 4},
		{"bound to the small ones", []int{446, 446, 446, 446, 1024, 1024, 1024, 1024}, func(i int) bool { return i < 4 }, 4, 4},
		{"bound to some of both", []int{446, 446, 446, 446, 1024, 1024, 1024, 1024}, func(i int) bool { return i >= 3 && i < 6 }, 3, 2},
		{"no word", []int{0, 0, 0, 0}, every, 4, 4},
		{"a word of some", []int{446, 0, 1024, 1024}, every, 4, 4},
		{"nonsense", []int{446, -1, 1024, 1024}, every, 4, 4},
		{"ten cores", []int{250, 250, 250, 250, 250, 250, 250, 250, 1024, 1024}, every, 10, 2},
	} {
		if got := countLarge(tree(c.cores...), c.allowed, c.all); got != c.want {
			t.Errorf("%s: %d cores, want %d", c.name, got, c.want)
		}
	}
	if got := countLarge(nil, every, 6); got != 6 {
		t.Errorf("without a folder: %d", got)
	}
}

func TestThreads(t *testing.T) {
	if n := Threads(); n < 1 || n > runtime.GOMAXPROCS(0) {
		t.Errorf("%d threads of %d", n, runtime.GOMAXPROCS(0))
	}
}
