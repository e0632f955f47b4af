package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// ROIAlign is torchvision.ops.roi_align: each region of x, [x1, y1, x2, y2] times SpatialScale,
// becomes an image of Output pixels. A pixel is the average of SamplingRatio times
// SamplingRatio samples, which are interpolated linearly; with 0 there are as many samples as
// the pixel covers pixels of x. Aligned shifts regions by half a pixel. With Max a pixel is, as
// ONNX defines it, the largest product of a pixel of x and its weight.
//
// Inputs: x [N, C, H, W], regions [R, 4], their images [R] in int64. Result: [R, C, Output].
type ROIAlign struct {
	Output        [2]int  `json:"output"` // (height, width)
	SpatialScale  float32 `json:"spatial_scale"`
	SamplingRatio int     `json:"sampling_ratio,omitempty"`
	Aligned       bool    `json:"aligned,omitempty"`
	Max           bool    `json:"max,omitempty"`
}

// Kind is "roi_align".
func (ROIAlign) Kind() string { return "roi_align" }

// Signatures: float.
func (ROIAlign) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{f32, f32, i64}, Out: f32}}
}

// Infer returns the shape.
func (o ROIAlign) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 3, 3); err != nil {
		return nil, err
	}
	if err := images(in[0]); err != nil {
		return nil, err
	}
	if err := attrRange("output", o.Output, 1); err != nil {
		return nil, err
	}
	r, b := in[1].Shape, in[2].Shape
	if len(r) != 2 || r[1] != 4 || len(b) != 1 || b[0] != r[0] || o.SamplingRatio < 0 || o.SamplingRatio > maxAttr {
		return nil, fmt.Errorf("regions have shape %v, their images %v, sampling ratio %d; expected [R, 4], [R] and at least 0", r, b, o.SamplingRatio)
	}
	if x := in[0].Shape; x[2] == 0 || x[3] == 0 {
		return nil, fmt.Errorf("images of shape %v have no pixels", x)
	}
	return float(tensor.Shape{r[0], in[0].Shape[1], o.Output[0], o.Output[1]})
}

// maxSamples limits the samples of one pixel, for huge regions.
const maxSamples = 1 << 20

// Eval sums in float64 and rounds once.
func (o ROIAlign) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	s, y := in[0].Shape(), tensor.New(f32, out[0].Shape...)
	plane, cells := s[2]*s[3], o.Output[0]*o.Output[1]
	for r, image := range in[2].Int64s() {
		if image < 0 || image >= int64(s[0]) {
			return nil, fmt.Errorf("region %d is of image %d; there are %d", r, image, s[0])
		}
		box := in[1].Float32s()[4*r : 4*r+4]
		var step, start [2]float32
		var samples [2]int
		for i := range 2 {
			start[i], step[i], samples[i] = o.along(i, box[1-i], box[3-i])
		}
		if samples[0]*samples[1] > maxSamples {
			return nil, fmt.Errorf("region %d, %v, has %d places for each pixel; at most %d are taken", r, box, samples[0]*samples[1], maxSamples)
		}
		for cell := range cells {
			rows := o.places(cell/o.Output[1], start[0], step[0], samples[0], s[2])
			columns := o.places(cell%o.Output[1], start[1], step[1], samples[1], s[3])
			for c := range s[1] {
				x := in[0].Float32s()[(int(image)*s[1]+c)*plane:][:plane]
				y.Float32s()[(r*s[1]+c)*cells+cell] = o.pixel(x, s[3], rows, columns)
			}
		}
	}
	return []*tensor.Tensor{y}, nil
}

// along returns where a region from lo to hi begins along an axis, how much of it a pixel
// covers, and how many samples a pixel has.
func (o ROIAlign) along(axis int, lo, hi float32) (start, step float32, samples int) {
	half := float32(0)
	if o.Aligned {
		half = 0.5
	}
	start = float32(lo*o.SpatialScale) - half
	length := float32(hi*o.SpatialScale) - half - start
	if !o.Aligned {
		length = max(length, 1)
	}
	step = length / float32(o.Output[axis])
	if samples = o.SamplingRatio; samples == 0 {
		samples = int(min(max(math.Ceil(float64(step)), 0), maxSamples+1))
	}
	return start, step, samples
}

// places are the pixels along an axis of n from which each sample of a part is interpolated;
// none outside.
func (o ROIAlign) places(part int, start, step float32, samples, n int) [][]Tap {
	list := make([][]Tap, samples)
	for i := range list {
		at := start + float32(float32(part)*step) + float32(float32(i)+0.5)*step/float32(samples)
		if !(at >= -1 && at <= float32(n)) {
			continue
		}
		at = max(at, 0)
		first := min(int(at), n-1)
		share := float64(at - float32(first))
		if first == n-1 {
			share = 0
		}
		list[i] = []Tap{{first, 1 - share}, {min(first+1, n-1), share}}
	}
	return list
}

// pixel is the average over all pairs of samples, or the largest product.
func (o ROIAlign) pixel(x []float32, width int, rows, columns [][]Tap) float32 {
	sum, best := 0.0, math.Inf(-1)
	for _, r := range rows {
		for _, c := range columns {
			if r == nil || c == nil {
				best = max(best, 0)
				continue
			}
			for _, v := range r {
				for _, h := range c {
					p := v.Share * h.Share * float64(x[v.At*width+h.At])
					sum, best = sum+p, max(best, p)
				}
			}
		}
	}
	switch count := len(rows) * len(columns); {
	case count == 0:
		return 0
	case o.Max:
		return float32(best)
	default:
		return float32(sum / float64(count))
	}
}
