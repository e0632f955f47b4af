package cpu

import (
	"fmt"
	"io/fs"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// Threads is how many threads a computation takes unless it is told: GOMAXPROCS, but no more
// than there are large cores, where the system says that cores differ. All threads wait for the
// last one, and a small core's share of the work costs more time than it saves.
func Threads() int {
	return min(runtime.GOMAXPROCS(0), largeCores())
}

// largeCores counts once: a system's cores do not change.
var largeCores = sync.OnceValue(func() int {
	return countLarge(capacities(), allowed(), runtime.NumCPU())
})

// countLarge counts the cores among those that may be used that have at least half of the
// largest one's capacity. Where one says nothing about itself it is all of them.
func countLarge(system fs.FS, allowed func(core int) bool, all int) int {
	if system == nil {
		return all
	}
	files, err := fs.Glob(system, "cpu[0-9]*/cpu_capacity")
	if err != nil {
		return all
	}
	var found []int
	largest := 0
	for _, file := range files {
		core, capacity, err := readCapacity(system, file)
		if err != nil {
			return all
		}
		if allowed(core) {
			found = append(found, capacity)
			largest = max(largest, capacity)
		}
	}
	if len(found) != all { // some are off, or say nothing
		return all
	}
	large := 0
	for _, capacity := range found {
		if 2*capacity >= largest {
			large++
		}
	}
	return max(1, large)
}

// readCapacity reads a file such as cpu3/cpu_capacity, of a number up to 1024.
func readCapacity(system fs.FS, file string) (core, capacity int, err error) {
	name, _, _ := strings.Cut(file, "/")
	if core, err = strconv.Atoi(strings.TrimPrefix(name, "cpu")); err != nil {
		return 0, 0, err
	}
	text, err := fs.ReadFile(system, file)
	if err != nil {
		return 0, 0, err
	}
	capacity, err = strconv.Atoi(strings.TrimSpace(string(text)))
	if err == nil && capacity < 1 {
		err = fmt.Errorf("%s: a capacity of %d", file, capacity)
	}
	return core, capacity, err
}
