package engine

// transpose renumbers the axes of its operand; no element moves.
type transpose struct {
	relabeled
	perm []int
}

func (transpose) kernel() (string, string) { return "identity", "go" }

// wishes is the preferred order, by the numbers of the operand's axes.
func (t transpose) wishes(_, out []desc) []order {
	if out[0].order == nil {
		return []order{nil}
	}
	back := make([]int, len(t.perm))
	for i, a := range t.perm {
		back[a] = i
	}
	return []order{out[0].order.permuted(back)}
}

func (t transpose) relabel(in, _ desc) (order, bool) { return in.order.permuted(t.perm), true }
