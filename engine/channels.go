package engine

import (
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/quant"
)

// channelwise multiplies every channel by a parameter and adds another one. Channels are
// the second axis, which has to be innermost in memory.
type channelwise struct {
	k             *elementwise32.Kernel
	lo, hi        float32
	factor, shift []float32
}

func newChannelwise(factor, shift []float32, act quant.Activation, t target) channelwise {
	lo, hi := clampOf(act)
	return channelwise{elementwise32.Select(elementwise32.Table, elementwise32.Affine, t.cpu), lo, hi, factor, shift}
}

func (channelwise) packsParameters() {}

func (o channelwise) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (channelwise) wishes(in, _ []desc) []order { return []order{channelsLast(len(in[0].Shape))} }

func (channelwise) orders(in, _ []desc) (need, give []order) {
	o := []order{channelsLast(len(in[0].Shape))}
	return o, o
}

func (o channelwise) fix(_, outs []desc, threads int) (fixed, error) {
	return fixedChannelwise{o, splitRuns(outs[0].Shape.Numel(), shortest, threads)}, nil
}

type fixedChannelwise struct {
	channelwise
	runs
}

func (fixedChannelwise) macs() int64  { return 0 }
func (fixedChannelwise) scratch() int { return 0 }

func (f fixedChannelwise) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskChannelwise{f, in[0].reals(), outs[0].reals(), make([]elementwise32.Call, len(scratch))}
	for i := range t.calls {
		t.calls[i] = elementwise32.Call{Lo: f.lo, Hi: f.hi}
	}
	return pieces{f.count, t}
}

type taskChannelwise struct {
	fixedChannelwise
	in, out []float32
	calls   []elementwise32.Call
}

func (t *taskChannelwise) Do(worker, i int) {
	c, row := &t.calls[worker], len(t.factor)
	for from, to := t.bounds(i); from < to; {
		channel := from % row
		n := min(to-from, row-channel)
		c.A, c.Out = t.in[from:from+n], t.out[from:from+n]
		c.B, c.C = t.factor[channel:channel+n], t.shift[channel:channel+n]
		t.k.Run(c)
		from += n
	}
}
