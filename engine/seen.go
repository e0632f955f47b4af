package engine

import (
	"context"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Seen is the result of a node in the layout of the run's memory, images channels-last,
// [N, H, W, C]. It is valid only during the call of Look. One of Codes and Reals is set:
// Codes for quint8, Reals for float32.
type Seen struct {
	Type  graph.Type // with the shape, [N, C, H, W]
	Codes []uint8
	Reals []float32
}

// Look receives the result of one node.
type Look func(v *graph.Value, s Seen) error

// RunSeen runs and hands the result of every node, in node order, to look
// without copying it, except results of other types than quint8 and float32. An
// error of look ends the run.
func (s *Session) RunSeen(ctx context.Context, look Look, inputs ...*tensor.Tensor) error {
	f, err := s.begin(s.p.lowered, inputs)
	if err != nil {
		return err
	}
	defer f.plan.free.put(f)
	_, err = s.each(ctx, f, func(f *frame, v int) error {
		seen := Seen{Type: f.plan.values[v].Type}
		switch seen.Type.DType {
		case tensor.QUInt8:
			seen.Codes = f.usual(v).codes()
		case tensor.Float32:
			seen.Reals = f.usual(v).reals()
		default:
			return nil
		}
		return look(s.p.values[v], seen)
	})
	return err
}

// RunViewed is RunTapped for a view that keeps nothing: the next tensor may reuse the
// memory of the one before. The outputs are results of nodes, too.
func (s *Session) RunViewed(ctx context.Context, view Tap, inputs ...*tensor.Tensor) error {
	f, err := s.begin(s.p.lowered, inputs)
	if err != nil {
		return err
	}
	defer f.plan.free.put(f)
	_, err = s.each(ctx, f, func(f *frame, v int) error { return view(s.p.values[v], f.view(v)) })
	return err
}
