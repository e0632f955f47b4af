//go:build !linux || !amd64

package cpu

// tilesGranted is false where it is not known how to ask.
func tilesGranted() bool { return false }
