package engine

// reshape gives the memory of its operand another shape.
type reshape struct{ relabeled }

func (reshape) kernel() (string, string) { return "identity", "go" }

// wishes maps the preferred order of the result to the operand's shape, where there is one.
func (reshape) wishes(in, out []desc) []order {
	wishes := make([]order, len(in)) // the second operand is the shape, which is known
	wishes[0] = order(nil).axes(len(in[0].Shape))
	if out[0].order != nil {
		if o, ok := out[0].order.reshaped(out[0].Shape, in[0].Shape); ok {
			wishes[0] = o.axes(len(in[0].Shape))
		}
	}
	return wishes
}

func (reshape) relabel(in, out desc) (order, bool) { return in.order.reshaped(in.Shape, out.Shape) }
