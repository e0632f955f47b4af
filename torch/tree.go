package torch

import "fmt"

// checkTree walks the tree once, without recursion, and refuses cycles, depth, rank, and a size
// beyond the limits when shared parts are counted each time they occur. Opaque objects are
// leaves: a training leftover may be of any depth and refer to its parent.
func checkTree(root Value, lim Limits) error {
	type frame struct {
		node     Value
		children []Value
		next     int
		size     int // nodes below, shared parts counted each time
		height   int
	}
	type measure struct{ size, height int }
	done := map[Value]measure{}
	open := map[Value]bool{}
	stack := []*frame{{node: root, children: []Value{root}}}
	for {
		f := stack[len(stack)-1]
		if f.next < len(f.children) {
			child := f.children[f.next]
			f.next++
			if err := checkLeaf(child, lim); err != nil {
				return err
			}
			kids := childrenOf(child)
			if _, ok := child.(*Opaque); ok {
				kids = nil // not looked into
			}
			m := measure{1, 1}
			if kids != nil {
				if open[child] {
					return fmt.Errorf("%s contains itself", child.kind())
				}
				var seen bool
				if m, seen = done[child]; !seen {
					open[child] = true
					stack = append(stack, &frame{node: child, children: kids})
					if len(stack) > lim.Depth {
						return limitf("the tree is more than %d levels deep", lim.Depth)
					}
					continue
				}
			}
			f.size, f.height = f.size+m.size, max(f.height, m.height)
			if f.size > lim.Nodes || f.height > lim.Depth {
				return limitf("the tree has more than %d nodes or %d levels", lim.Nodes, lim.Depth)
			}
			continue
		}
		stack = stack[:len(stack)-1]
		if len(stack) == 0 {
			return nil
		}
		delete(open, f.node)
		done[f.node] = measure{f.size + 1, f.height + 1}
		// The parent reads the measure when it visits the child again.
		stack[len(stack)-1].next--
	}
}

// childrenOf returns the parts of a container, nil for a leaf.
func childrenOf(v Value) []Value {
	switch v := v.(type) {
	case *Dict:
		if v.metadata != nil {
			return append(append([]Value{}, v.vals...), v.metadata)
		}
		return v.vals
	case *List:
		return v.Items
	case *Opaque:
		if v.State != nil {
			return append(append([]Value{}, v.Args...), v.State)
		}
		return v.Args
	case *ScriptObject:
		if v.State != nil {
			return []Value{v.State}
		}
	}
	return nil
}

// checkLeaf checks a value by itself.
func checkLeaf(v Value, lim Limits) error {
	if t, ok := v.(*Tensor); ok && len(t.Shape()) > lim.Rank {
		return limitf("a tensor of %d axes", len(t.Shape()))
	}
	return nil
}
