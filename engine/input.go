package engine

import (
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/internal/kernel/quantize"
	"github.com/octet-ml/octet/tensor"
)

// arrival is how an input gets from the caller's tensor into memory.
type arrival struct {
	mover
	fromTensor bool // a step reads the tensor instead
}

func (p *Program) arrival(input int, d desc) arrival {
	return arrival{newMover(d.Shape, nil, d.order, d.DType.Size(), p.cpu), p.readsTensor(input, d)}
}

// onlyQuantized tells, by input, whether all its uses are quantizations.
func (p *Program) onlyQuantized() []bool {
	uses := make([]int, len(p.g.Inputs))
	for _, l := range p.lowered {
		c, ok := l.op.(conversion)
		for _, v := range l.inputs {
			switch {
			case v >= len(uses) || uses[v] < 0:
			case ok && !c.k.ToReal:
				uses[v]++
			default:
				uses[v] = -1
			}
		}
	}
	for _, v := range p.outputs {
		if v < len(uses) {
			uses[v] = -1
		}
	}
	only := make([]bool, len(uses))
	for i, n := range uses {
		only[i] = n > 0
	}
	return only
}

// readsTensor reports whether value v is read from the caller's tensor: an image that
// is only quantized, and is needed channels-last.
func (p *Program) readsTensor(v int, d desc) bool {
	return v < len(p.fromTensor) && p.fromTensor[v] && len(d.Shape) == 4 &&
		sameMemory(d.Shape, d.order, channelsLast(4)) && !sameMemory(d.Shape, d.order, nil)
}

// load brings the inputs into memory, or notes where they are.
func (f *frame) load(inputs []*tensor.Tensor) {
	for i, t := range inputs {
		if a := &f.plan.inputs[i]; a.fromTensor {
			f.tensors[i] = t.Float32s()
		} else {
			a.all(&f.move, f.values[i], elementsOf(t))
			flip(f.values[i], t.DType())
		}
	}
}

// strip is the number of pixels that are quantized plane by plane before their
// codes are interleaved: few enough for the first-level cache.
const strip = 1024

// fixImage quantizes row-major images of shape s and leaves them channels-last.
func (c conversion) fixImage(s tensor.Shape, p *Program) fixed {
	pixels := s[2] * s[3]
	return fixedImage{c, layout.Select(layout.Table, 1, s[1], p.cpu), s[1], pixels, splitRuns(s[0]*pixels, shortest, p.Threads())}
}

type fixedImage struct {
	conversion
	move             *layout.Kernel
	channels, pixels int
	runs
}

func (fixedImage) macs() int64    { return 0 }
func (f fixedImage) scratch() int { return divUp(f.channels*strip, 8) }

func (fixedImage) bind(_, _ []memory, _ [][]uint64) step {
	panic("engine: an image is quantized from its tensor")
}

// bindTensor is bind for an operand that is the caller's tensor of the run.
func (f fixedImage) bindTensor(from *[]float32, out memory, scratch [][]uint64) step {
	t := &taskImage{f, from, out, make([]imageCalls, len(scratch))}
	for i := range t.calls {
		c := &t.calls[i]
		c.code.Rule = f.rule
		c.planes = words[byte](scratch[i])
		c.move.Rows = f.channels
	}
	return pieces{f.count, t}
}

type taskImage struct {
	fixedImage
	from  *[]float32
	out   memory
	calls []imageCalls
}

// imageCalls has the calls and the scratch memory of one worker.
type imageCalls struct {
	planes []byte // [channel][pixel] of a strip
	code   quantize.Call
	move   layout.Call
}

func (t *taskImage) Do(worker, i int) {
	c := &t.calls[worker]
	for from, to := t.bounds(i); from < to; {
		image, pixel := from/t.pixels, from%t.pixels
		n := min(to-from, t.pixels-pixel, strip)
		for ch := range t.channels {
			c.code.Real = (*t.from)[(image*t.channels+ch)*t.pixels+pixel:][:n]
			c.code.Codes = c.planes[ch*n:][:n]
			t.k.Run(&c.code)
		}
		c.move.Dst = t.out[from*t.channels:][:n*t.channels]
		c.move.Src = c.planes[:n*t.channels]
		c.move.Cols, c.move.Stride = n, n
		t.move.Run(&c.move)
		from += n
	}
	c.code.Real = nil // the caller's
}
