//go:build !unix

package torch

import "time"

var began = time.Now()

// cpuTime is the time since the tests began.
func cpuTime() time.Duration { return time.Since(began) }
