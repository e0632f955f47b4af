package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise8"
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/op"
)

// shuffle is a channel shuffle: of every pixel, the transposition of a matrix whose
// rows are the groups of channels. Its operands may be those of a concatenation,
// which it then computes itself, some pixels at a time.
type shuffle struct {
	groups int
	k      *layout.Kernel
	join   *cat // nil for one operand
}

func lowerShuffle(n *graph.Node, s op.ChannelShuffle, t target) (operation, string) {
	d, reason := uniform(n)
	if reason != "" {
		return nil, reason
	}
	if d.Size() != 1 && d.Size() != 4 {
		return nil, "values of type " + d.String()
	}
	return shuffle{groups: s.Groups, k: layout.Select(layout.Table, d.Size(), s.Groups, t.cpu)}, ""
}

// joining returns the shuffle of what c joins, if that is channels.
func (o shuffle) joining(c cat) (operation, bool) {
	o.join = &c
	return o, c.axis == 1 || c.axis == -3
}

func (o shuffle) kernel() (string, string) { return o.k.Name, o.k.ISA }

// shuffledBytes of pixels, at least one, are joined before they are shuffled.
const shuffledBytes = 8 << 10

func (o shuffle) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	channels := out.Shape[1]
	f := fixedShuffle{shuffle: o, columns: channels / o.groups, pixel: channels * o.k.Size, grouped: len(in) == o.groups}
	for _, t := range in {
		f.parts = append(f.parts, t.Shape[1]*o.k.Size)
		f.grouped = f.grouped && t.Shape[1] == f.columns
	}
	f.together = max(1, shuffledBytes/max(1, f.pixel))
	f.runs = splitRuns(out.Shape.Numel()/max(1, channels), max(f.together, divUp(shortest, max(1, channels))), threads)
	return f, nil
}

type fixedShuffle struct {
	shuffle
	runs           // of pixels
	columns  int   // channels of a group
	pixel    int   // bytes of one
	parts    []int // of a pixel, in bytes, by operand
	grouped  bool  // the parts are the groups
	together int   // pixels that are joined at a time
}

func (fixedShuffle) macs() int64 { return 0 }

func (f fixedShuffle) scratch() int {
	if f.join == nil {
		return 0
	}
	return divUp(f.together*f.pixel, 8)
}

func (f fixedShuffle) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskShuffle{f, in, out, make([]shuffler, len(scratch))}
	for i := range t.workers {
		w := &t.workers[i]
		w.call = layout.Call{Rows: f.groups, Cols: f.columns, Stride: f.columns}
		if f.join == nil {
			continue
		}
		w.joined = words[byte](scratch[i])[:f.together*f.pixel]
		if f.grouped {
			w.call.Stride *= f.together
		}
	}
	return pieces{f.count, t}
}

type taskShuffle struct {
	fixedShuffle
	in      []memory
	out     memory
	workers []shuffler
}

// shuffler has the call and the scratch memory of one worker.
type shuffler struct {
	call   layout.Call
	table  elementwise8.Call
	joined []byte // some pixels; where parts are groups, first of all pixels the first part
}

func (t *taskShuffle) Do(worker, i int) {
	w := &t.workers[worker]
	for from, to := t.bounds(i); from < to; from += t.together {
		n := min(to-from, t.together)
		if t.join == nil {
			t.pixels(w, t.in[0][from*t.pixel:], t.pixel, from, n)
			continue
		}
		t.gather(w, from, n)
		distance := t.pixel
		if t.grouped {
			distance = t.parts[0]
		}
		t.pixels(w, w.joined, distance, from, n)
	}
}

// pixels shuffles n pixels of source, distance bytes apart, into the result from pixel from on.
func (t *taskShuffle) pixels(w *shuffler, source []byte, distance, from, n int) {
	for p := range n {
		w.call.Src = source[p*distance:]
		w.call.Dst = t.out[(from+p)*t.pixel:][:t.pixel]
		t.k.Run(&w.call)
	}
}

// gather joins n pixels.
func (t *taskShuffle) gather(w *shuffler, from, n int) {
	at := 0
	for i, part := range t.parts {
		src := t.in[i][from*part:][:n*part]
		if t.grouped {
			t.join.part(&w.table, i, w.joined[at*t.together:][:n*part], src)
		} else {
			for p := range n {
				t.join.part(&w.table, i, w.joined[p*t.pixel+at:][:part], src[p*part:][:part])
			}
		}
		at += part
	}
}
