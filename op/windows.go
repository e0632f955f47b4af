package op

import "github.com/octet-ml/octet/tensor"

// windows are the positions of a pooling kernel over images.
type windows struct {
	in, out                           tensor.Shape // [N, C, H, W]
	kernel, stride, padding, dilation [2]int
}

// each calls visit for every element of the result, in order: its index, the
// number of cells of its window that lie in the input or its padding, and the
// indices of those in the input, row by row. cells is valid during the call.
func (w windows) each(visit func(i, padded int, cells []int)) {
	h, wd := w.in[2], w.in[3]
	oh, ow := w.out[2], w.out[3]
	cells := make([]int, 0, w.kernel[0]*w.kernel[1])
	for plane := range w.in[0] * w.in[1] {
		for y := range oh {
			for x := range ow {
				cells = cells[:0]
				padded := 0
				for ky := range w.kernel[0] {
					for kx := range w.kernel[1] {
						cy := y*w.stride[0] - w.padding[0] + ky*w.dilation[0]
						cx := x*w.stride[1] - w.padding[1] + kx*w.dilation[1]
						if cy < h+w.padding[0] && cx < wd+w.padding[1] {
							padded++
						}
						if cy >= 0 && cy < h && cx >= 0 && cx < wd {
							cells = append(cells, (plane*h+cy)*wd+cx)
						}
					}
				}
				visit((plane*oh+y)*ow+x, padded, cells)
			}
		}
	}
}
