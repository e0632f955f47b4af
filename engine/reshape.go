package engine

// reshape gives the memory of its operand another shape.
type reshape struct{ relabeled }

func (reshape) kernel() (string, string) { return "identity", "go" }

// wishes carries the wish back through the shape where that can be done.
func (reshape) wishes(in, out []desc) []order {
	wishes := make([]order, len(in)) // behind the first is the shape, which is known
	wishes[0] = order(nil).axes(len(in[0].Shape))
	if out[0].order != nil {
		if o, ok := out[0].order.reshaped(out[0].Shape, in[0].Shape); ok {
			wishes[0] = o.axes(len(in[0].Shape))
		}
	}
	return wishes
}

func (reshape) relabel(in, out desc) (order, bool) { return in.order.reshaped(in.Shape, out.Shape) }
