//go:build (amd64 || arm64) && !noasm

package parallel

// pause lets some tens of nanoseconds pass, in the way of the CPU for loops that
// wait for memory to change.
//
//go:noescape
func pause()
