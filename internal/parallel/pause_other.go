//go:build (!amd64 && !arm64) || noasm

package parallel

import "runtime"

func pause() { runtime.Gosched() }
