package vision

import (
	"sync"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel/pixels8"
)

// kernelsHere are the kernels of this machine, by their function.
var kernelsHere = sync.OnceValue(func() (run [pixels8.Column + 1]func(*pixels8.Call)) {
	for f := range run {
		run[f] = pixels8.Select(pixels8.Table, pixels8.Function(f), cpu.Host()).Run
	}
	return run
})
