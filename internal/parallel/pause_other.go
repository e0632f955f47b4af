//go:build !amd64 && !arm64

package parallel

import "runtime"

func pause() { runtime.Gosched() }
