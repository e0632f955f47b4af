package op

import "github.com/octet-ml/octet/tensor"

// windows are the positions of a pooling kernel over images.
type windows struct {
	in, out tensor.Shape // [N, C, H, W]
	Sliding
}

// windowsOf are those of s.
func windowsOf(s Sliding, in, out tensor.Shape) windows { return windows{in, out, s.For(in)} }

// each calls visit for every element of the result, in order: its index, the number of taps of
// its window that lie in the input or its padding, and the indices of those in the input, row
// by row. cells is valid during the call.
func (w windows) each(visit func(i, padded int, cells []int)) {
	oh, ow := w.out[2], w.out[3]
	var cells []int
	for plane := range w.in[0] * w.in[1] {
		base := plane * w.in[2] * w.in[3]
		for y := range oh {
			rows := w.along(0, y)
			for x := range ow {
				columns := w.along(1, x)
				cells = cells[:0]
				for r := rows.first; r < rows.end; r += w.Dilation[0] {
					for c := columns.first; c < columns.end; c += w.Dilation[1] {
						cells = append(cells, base+r*w.in[3]+c)
					}
				}
				visit((plane*oh+y)*ow+x, rows.padded*columns.padded, cells)
			}
		}
	}
}

// cover is the part of an axis under one window: elements from first up to end, a dilation
// apart, and the number of taps with those in the padding.
type cover struct{ first, end, padded int }

// along returns what the window at position i of axis 0 or 1 covers.
func (w windows) along(axis, i int) cover {
	in, dilation, padding := w.in[2+axis], w.Dilation[axis], w.Padding[axis]
	start := i*w.Stride[axis] - padding
	end := start + dilation*(w.Kernel[axis]-1) + 1
	first := start
	if start < 0 {
		first = start + ceilDiv(-start, dilation)*dilation
	}
	return cover{first, min(end, in), ceilDiv(min(end, in+padding+w.Uneven[axis])-start, dilation)}
}

// ceilDiv is a/b rounded up, for a >= 0.
func ceilDiv(a, b int) int { return (a + b - 1) / b }
