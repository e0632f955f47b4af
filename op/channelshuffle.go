package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// ChannelShuffle is torch.nn.functional.channel_shuffle: the channels of an
// image, seen as Groups rows, are read by columns. Channel c of the result is
// channel c%Groups * C/Groups + c/Groups of the input.
//
// Input: x [N, C, H, W]. Result: the shape of x.
type ChannelShuffle struct {
	Groups int `json:"groups"` // a divisor of C
}

// Kind is "channel_shuffle".
func (ChannelShuffle) Kind() string { return "channel_shuffle" }

func (ChannelShuffle) moves() {}

// Signatures: any type; codes keep their parameters.
func (ChannelShuffle) Signatures() []graph.Signature { return anyType }

// Infer returns the shape of x.
func (s ChannelShuffle) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if err := images(in[0]); err != nil {
		return nil, err
	}
	if c := in[0].Shape[1]; s.Groups < 1 || c%s.Groups != 0 {
		return nil, fmt.Errorf("%d groups do not divide %d channels", s.Groups, c)
	}
	return like(in[0], in[0].Shape.Clone())
}

// Source is the channel of the input that becomes channel c of the result, of the given number
// of channels.
func (s ChannelShuffle) Source(c, channels int) int {
	return c%s.Groups*(channels/s.Groups) + c/s.Groups
}

// Eval copies the channels.
func (s ChannelShuffle) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	if err := needPerTensor(out); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{moved(in[0], out, s.source(out.Shape))}, nil
}

// source returns the function from an element of the result to that of x.
func (s ChannelShuffle) source(x tensor.Shape) func(i int) int {
	channels, plane := x[1], x[2:].Numel()
	return func(i int) int {
		image, c := i/plane/channels, i/plane%channels
		return (image*channels+s.Source(c, channels))*plane + i%plane
	}
}

// Gradient is up with its channels in the input's order.
func (s ChannelShuffle) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return scattered(s, in, up, s.source(in[0].Shape()))
}
