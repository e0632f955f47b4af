package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// rearrange copies elements to other places of lines: of each line of line
// elements in memory, those at the places of from.
type rearrange struct {
	name string
	// lines returns the number and length of the operand's lines, and which
	// elements of each the result's line holds.
	lines func(in, out tensor.Shape) (count, line int, from []int32)
}

func (o rearrange) kernel() (string, string) { return o.name, "go" }

func lowerSlice(n *graph.Node, s op.Slice) (operation, string) {
	if _, reason := uniform(n); reason != "" {
		return nil, reason
	}
	return rearrange{"slice", func(in, out tensor.Shape) (int, int, []int32) {
		axis := s.Axis
		if axis < 0 {
			axis += len(in)
		}
		stored, at := storedOrder(in, axis)
		inner := stored[at+1:].Numel()
		from := make([]int32, (s.End-s.Start)*inner)
		for i := range from {
			from[i] = int32(s.Start*inner + i)
		}
		return stored[:at].Numel(), stored[at] * inner, from
	}}, ""
}

func lowerShuffle(n *graph.Node, s op.ChannelShuffle) (operation, string) {
	if _, reason := uniform(n); reason != "" {
		return nil, reason
	}
	return rearrange{"channel_shuffle", func(in, _ tensor.Shape) (int, int, []int32) {
		channels := in[1]
		from := make([]int32, channels)
		for c := range from {
			from[c] = int32(s.Source(c, channels))
		}
		return in.Numel() / max(1, channels), channels, from
	}}, ""
}

func (o rearrange) fix(in []graph.Type, out graph.Type, threads int) (fixed, error) {
	count, line, from := o.lines(in[0].Shape, out.Shape)
	straight := true
	for i, v := range from {
		straight = straight && v == from[0]+int32(i)
	}
	return fixedRearrange{o, splitRuns(count, max(1, shortest/max(1, line)), threads), line, from, straight, out.DType}, nil
}

type fixedRearrange struct {
	rearrange
	runs
	line     int
	from     []int32
	straight bool // from counts up
	dtype    tensor.DType
}

func (fixedRearrange) macs() int64  { return 0 }
func (fixedRearrange) scratch() int { return 0 }

func (f fixedRearrange) bind(in []memory, out memory, _ [][]uint64) step {
	if f.dtype == tensor.Float32 {
		return pieces{f.count, &taskRearrange[float32]{f, in[0].reals(), out.reals()}}
	}
	return pieces{f.count, &taskRearrange[uint8]{f, in[0].codes(), out.codes()}}
}

type taskRearrange[T any] struct {
	fixedRearrange
	in, out []T
}

func (t *taskRearrange[T]) Do(_, i int) {
	first, end := t.bounds(i)
	for l := first; l < end; l++ {
		src, dst := t.in[l*t.line:][:t.line], t.out[l*len(t.from):][:len(t.from)]
		if t.straight {
			copy(dst, src[t.from[0]:])
			continue
		}
		for j, v := range t.from {
			dst[j] = src[v]
		}
	}
}
