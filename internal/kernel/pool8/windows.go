//go:build (amd64 || arm64) && !noasm

package pool8

import (
	"runtime"

	"github.com/octet-ml/octet/internal/operand"
)

// windows is the argument of an assembly routine.
type windows struct {
	operand.WindowCursor
	zero   int32 // of the window; of averages, like the rest
	zero16 int16 // of the result
	lo, hi uint8
}

// vectorMax computes with vectors of that many codes. Pixels of less than least channels take
// portable code.
func (c *Call) vectorMax(lanes, least int) {
	if c.Channels < least {
		runMax(c)
		return
	}
	var w windows
	for m := c.M0; m < c.M1; {
		m = operand.Walk(&w.WindowCursor, &c.Windows, m, lanes, nil)
		w.max(lanes)
	}
}

func (c *Call) vectorAverage(lanes, least int) {
	if c.Channels < least {
		runAverage(c)
		return
	}
	from, zero, lo, hi := c.Rule.Limits()
	w := windows{zero: from, zero16: int16(zero), lo: uint8(lo), hi: uint8(hi)}
	for m := c.M0; m < c.M1; {
		m = operand.Walk(&w.WindowCursor, &c.Windows, m, lanes, c.Mult)
		w.average(lanes)
	}
	runtime.KeepAlive(c) // the factors
}
