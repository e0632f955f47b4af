package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// DepthToSpace makes blocks of Block times Block pixels of the channels of each pixel. The
// channels of x are numbered by row of the block, column and channel of the result, or, in
// ChannelsFirst (ONNX's CRD, torch.pixel_shuffle), by channel, row and column.
//
// Input: x [N, C, H, W]. Result: [N, C/Block², H*Block, W*Block].
type DepthToSpace struct {
	Block         int  `json:"block"`
	ChannelsFirst bool `json:"channels_first,omitempty"`
}

// Kind is "depth_to_space".
func (DepthToSpace) Kind() string { return "depth_to_space" }

func (DepthToSpace) moves() {}

// Signatures: any type; codes keep their parameters.
func (DepthToSpace) Signatures() []graph.Signature { return anyType }

// Infer returns the shape.
func (o DepthToSpace) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := checkBlocks(in, o.Block); err != nil {
		return nil, err
	}
	x, b := in[0].Shape, o.Block
	if x[1]%(b*b) != 0 {
		return nil, fmt.Errorf("the %d channels of %v are no multiple of %d x %d", x[1], x, b, b)
	}
	return like(in[0], tensor.Shape{x[0], x[1] / (b * b), x[2] * b, x[3] * b})
}

func checkBlocks(in []graph.Fact, block int) error {
	if err := arity(in, 1, 1); err != nil {
		return err
	}
	if err := images(in[0]); err != nil {
		return err
	}
	if block < 1 || block > 1<<10 {
		return fmt.Errorf("block is %d; it must be from 1 to %d", block, 1<<10)
	}
	return nil
}

// Blocks returns the shape of x with its axes split, and the order of these axes in the result.
func (o DepthToSpace) Blocks(x tensor.Shape) (fine tensor.Shape, perm []int) {
	b := o.Block
	if o.ChannelsFirst {
		return tensor.Shape{x[0], x[1] / (b * b), b, b, x[2], x[3]}, []int{0, 1, 4, 2, 5, 3}
	}
	return tensor.Shape{x[0], b, b, x[1] / (b * b), x[2], x[3]}, []int{0, 3, 4, 1, 5, 2}
}

// Eval copies the elements.
func (o DepthToSpace) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	fine, perm := o.Blocks(in[0].Shape())
	return rearranged(in[0], out[0], fine, perm)
}

// Gradient is up in its place.
func (o DepthToSpace) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	fine, perm := o.Blocks(in[0].Shape())
	return scattered(o, in, up, regrouped(fine, perm))
}

// rearranged returns the elements of x, of extents fine, with their axes permuted.
func rearranged(x *tensor.Tensor, out graph.Type, fine tensor.Shape, perm []int) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{moved(x, out, regrouped(fine, perm))}, nil
}

// regrouped returns the function from an element of the result of rearranged to that of x.
func regrouped(fine tensor.Shape, perm []int) func(i int) int {
	to := make(tensor.Shape, len(fine))
	for i, a := range perm {
		to[i] = fine[a]
	}
	return Transpose{Perm: perm}.source(fine, to)
}

// SpaceToDepth is the inverse of DepthToSpace: the pixels of each block of Block times Block
// become channels of one, numbered by row, column and channel of x.
//
// Input: x [N, C, H, W]. Result: [N, C*Block², H/Block, W/Block].
type SpaceToDepth struct {
	Block int `json:"block"`
}

// Kind is "space_to_depth".
func (SpaceToDepth) Kind() string { return "space_to_depth" }

func (SpaceToDepth) moves() {}

// Signatures: any type; codes keep their parameters.
func (SpaceToDepth) Signatures() []graph.Signature { return anyType }

// Infer returns the shape.
func (o SpaceToDepth) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := checkBlocks(in, o.Block); err != nil {
		return nil, err
	}
	x, b := in[0].Shape, o.Block
	if x[2]%b != 0 || x[3]%b != 0 {
		return nil, fmt.Errorf("height and width of %v are no multiples of %d", x, b)
	}
	return like(in[0], tensor.Shape{x[0], x[1] * b * b, x[2] / b, x[3] / b})
}

// Blocks returns the extents of x with its axes cut finer, and the order in which these
// follow each other in the result.
func (o SpaceToDepth) Blocks(x tensor.Shape) (fine tensor.Shape, perm []int) {
	b := o.Block
	return tensor.Shape{x[0], x[1], x[2] / b, b, x[3] / b, b}, []int{0, 3, 5, 1, 2, 4}
}

// Eval copies the elements.
func (o SpaceToDepth) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	fine, perm := o.Blocks(in[0].Shape())
	return rearranged(in[0], out[0], fine, perm)
}

// Gradient is up in its place.
func (o SpaceToDepth) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	fine, perm := o.Blocks(in[0].Shape())
	return scattered(o, in, up, regrouped(fine, perm))
}
