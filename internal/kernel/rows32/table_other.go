//go:build (!amd64 && !arm64) || noasm

package rows32

var archTable []Kernel

// run is never called: no row has vectors.
func (p *pass) run(routine, int) { panic("rows32: no vectors") }
