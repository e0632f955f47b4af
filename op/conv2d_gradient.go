package op

import "github.com/octet-ml/octet/tensor"

// Gradient is that of x, weight and, where there is one, bias.
func (c Conv2D) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(c, in, up); err != nil {
		return nil, err
	}
	x, w := float64s(in[0]), float64s(in[1])
	xs, ws, out := in[0].Shape(), in[1].Shape(), up.Shape()
	c = c.at(xs, ws)
	plane := out[2] * out[3]
	before := make([]float32, up.Numel())
	e := epilogue{bias: biasOf(in)}
	convolve(c, x, w, xs, ws, out, func(n, o int, sums []float64) {
		for i, v := range sums {
			before[(n*out[1]+o)*plane+i] = e.finish(float32(v), o)
		}
	})
	g := behind(c.Act, before, up)
	dx, dw, db := make([]float64, len(x)), make([]float64, len(w)), make([]float64, ws[0])
	perGroup, cells := ws[0]/c.Groups, ws[2]*ws[3]
	for n := range xs[0] {
		for o := range ws[0] {
			up := g[(n*out[1]+o)*plane:][:plane]
			for _, v := range up {
				db[o] += v
			}
			for ci := range ws[1] {
				at := (n*xs[1] + o/perGroup*ws[1] + ci) * xs[2] * xs[3]
				for k := range cells {
					weight := (o*ws[1]+ci)*cells + k
					c.tap(k/ws[3], k%ws[3], xs, out, func(dst, src, n int) {
						for i, v := range up[dst : dst+n] {
							from := at + src + i*c.Stride[1]
							dx[from] += float64(v * w[weight])
							dw[weight] += float64(v * x[from])
						}
					})
				}
			}
		}
	}
	grads := []*tensor.Tensor{rounded(dx, xs), rounded(dw, ws), rounded(db, ws[:1])}
	return grads[:len(in)], nil
}
