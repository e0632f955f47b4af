package op

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// NonMaxSuppression chooses boxes as ONNX does. For every image and class it goes through the
// boxes above the score threshold, from the highest score down (of equal scores the first comes
// first), and takes those that overlap no box taken before by more than the IoU threshold. The
// number of boxes depends on the data.
//
// Inputs: boxes [N, B, 4], two opposite corners y1, x1, y2, x2, or, with CenterPointBox,
// x, y, width, height; scores [N, C, B]; then, where given, int64 the most boxes of a class
// (else none), float32 the IoU threshold (else 0), float32 the score threshold (else there
// is none), each of one element. Result: int64 [chosen, 3]: image, class, box.
type NonMaxSuppression struct {
	CenterPointBox bool `json:"center_point_box,omitempty"` // boxes are centre and size, not corners
}

// Kind is "non_max_suppression".
func (NonMaxSuppression) Kind() string { return "non_max_suppression" }

// Signatures: float boxes and scores.
func (NonMaxSuppression) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{f32, f32, i64, f32, f32}, Out: i64}}
}

// Defers is true unless all inputs are known.
func (NonMaxSuppression) Defers(in []graph.Fact) bool { return !allKnown(in) }

// Infer returns [chosen, 3]; if the inputs are not known, with the largest possible number of
// boxes.
func (o NonMaxSuppression) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 5); err != nil {
		return nil, err
	}
	boxes, scores := in[0].Shape, in[1].Shape
	if len(boxes) != 3 || boxes[2] != 4 || len(scores) != 3 || scores[0] != boxes[0] || scores[2] != boxes[1] {
		return nil, fmt.Errorf("boxes have shape %v and scores %v; expected [N, B, 4] and [N, C, B]", boxes, scores)
	}
	for i, f := range in[2:] {
		if f.Shape.Numel() != 1 {
			return nil, fmt.Errorf("input %d has shape %v; expected one number", i+2, f.Shape)
		}
	}
	if !o.Defers(in) {
		data, err := loaded(in)
		if err != nil {
			return nil, err
		}
		return typed(graph.Type{DType: i64, Shape: tensor.Shape{len(o.choose(data)), 3}})
	}
	most := 0
	if len(in) > 2 {
		most = boxes[1]
		if d := in[2].Data; d != nil {
			if err := d.Load(); err != nil {
				return nil, err
			}
			most = MostBoxes(d.Int64s()[0], most)
		}
	}
	if _, err := checked(tensor.Shape{scores[0], scores[1], most}); err != nil {
		return nil, err
	}
	return typed(graph.Type{DType: i64, Shape: tensor.Shape{scores[0] * scores[1] * most, 3}})
}

// MostBoxes is how many of n boxes may be chosen with limit as the third input.
func MostBoxes(limit int64, n int) int { return int(min(max(limit, 0), int64(n))) }

// choose lists image, class and box of those that are chosen.
func (o NonMaxSuppression) choose(in []*tensor.Tensor) [][3]int64 {
	boxes, scores := in[0], in[1]
	n, most := boxes.Dim(1), 0
	if len(in) > 2 {
		most = MostBoxes(in[2].Int64s()[0], n)
	}
	var iou float32
	if len(in) > 3 {
		iou = in[3].Float32s()[0]
	}
	var chosen [][3]int64
	for image := range scores.Dim(0) {
		for class := range scores.Dim(1) {
			score := scores.Float32s()[(image*scores.Dim(1)+class)*n:][:n]
			var candidates []int
			for i, v := range score {
				if len(in) < 5 || v > in[4].Float32s()[0] {
					candidates = append(candidates, i)
				}
			}
			slices.SortStableFunc(candidates, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
			first := len(chosen)
			for _, i := range candidates {
				box := o.Box(boxes.Float32s()[(image*n+i)*4:])
				overlaps := func(other [3]int64) bool {
					return box.Overlap(o.Box(boxes.Float32s()[(image*n+int(other[2]))*4:])) > iou
				}
				if len(chosen)-first < most && !slices.ContainsFunc(chosen[first:], overlaps) {
					chosen = append(chosen, [3]int64{int64(image), int64(class), int64(i)})
				}
			}
		}
	}
	return chosen
}

// Eval lists image, class and box of those that are chosen.
func (o NonMaxSuppression) Eval(_ graph.Context, in []*tensor.Tensor, _ []graph.Type) ([]*tensor.Tensor, error) {
	chosen := o.choose(in)
	y := tensor.New(i64, len(chosen), 3)
	for i, c := range chosen {
		copy(y.Int64s()[3*i:], c[:])
	}
	return []*tensor.Tensor{y}, nil
}

// Box is a rectangle.
type Box struct{ Left, Top, Right, Bottom float32 } // the edges

// Box reads the four numbers of a box.
func (o NonMaxSuppression) Box(v []float32) Box {
	if o.CenterPointBox {
		w, h := float32(v[2]/2), float32(v[3]/2)
		return Box{v[0] - w, v[1] - h, v[0] + w, v[1] + h}
	}
	return Box{min(v[1], v[3]), min(v[0], v[2]), max(v[1], v[3]), max(v[0], v[2])}
}

// Overlap is the intersection of two boxes divided by their union, -1 for boxes that do not
// meet or have no area.
func (b Box) Overlap(c Box) float32 {
	width, height := min(b.Right, c.Right)-max(b.Left, c.Left), min(b.Bottom, c.Bottom)-max(b.Top, c.Top)
	common, one, other := float32(width*height), b.area(), c.area()
	if !(width > 0 && height > 0 && one > 0 && other > 0) {
		return -1
	}
	union := one + other - common
	if !(common > 0 && union > 0) {
		return -1
	}
	return common / union
}

func (b Box) area() float32 { return float32((b.Right - b.Left) * (b.Bottom - b.Top)) }
