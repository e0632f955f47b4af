package pt2

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
)

// entry is a name of a program: a tensor, or a view of one. Programs write tensors in place, also
// through views, which a graph cannot: each write makes a new value of the tensor that is
// written, and what is a view of it is computed again where it is read next.
type entry struct {
	root  *root
	value *graph.Value // as of stamp; nil where nothing was read, or the node was not
	stamp int
	load  func() (*graph.Value, error) // reads it the first time; nil where value is there
	from  *entry                       // what it is a view of; nil of a tensor
	view  *view
}

// root is what views share.
type root struct {
	stamp int    // how often it was written
	state string // its key, if it is a parameter or a buffer
	lost  string // why what it holds now is not known
}

// view is how a part of a tensor is seen, and how it is put back; put is nil where the program
// does not say whether there is a copy.
type view struct {
	get func(n *node, base *graph.Value) (*graph.Value, error)
	put func(n *node, base, part *graph.Value) (*graph.Value, error)
}

func fresh(v *graph.Value) *entry { return &entry{root: &root{}, value: v} }

// current is the value of an entry as it is now; nil of a result of a node that was not read.
// n is the node that reads it, whose name new nodes bear.
func (b *builder) current(n *node, e *entry) (*graph.Value, error) {
	if e.root.lost != "" {
		return nil, fmt.Errorf("it reads a tensor that was %s", e.root.lost)
	}
	if e.load != nil {
		v, err := e.load()
		if err != nil {
			return nil, err
		}
		e.value, e.load = v, nil
	}
	if e.stamp == e.root.stamp || e.from == nil || e.value == nil {
		return e.value, nil
	}
	base, err := b.current(n, e.from)
	if err != nil || base == nil {
		return base, err
	}
	if n == nil {
		n = b.helper("output")
	}
	if e.value, err = e.view.get(n, base); err != nil {
		return nil, err
	}
	e.stamp = e.root.stamp
	return e.value, nil
}

// helper is a node of no program, for operators that are added in front of outputs.
func (b *builder) helper(name string) *node {
	n := &node{builder: b, p: &programNode{}, name: b.unique(name)}
	n.To = n
	return n
}

// write makes v what an entry holds, and everything that it is a view of.
func (b *builder) write(n *node, e *entry, v *graph.Value) error {
	if e.root.state != "" {
		return fmt.Errorf("it writes %q, a parameter or buffer, in place: export the model after model.eval()", e.root.state)
	}
	top, part := e, v
	for ; top.from != nil; top = top.from {
		if top.view.put == nil {
			e.root.lost = fmt.Sprintf("written in place by %q through what may be a view of it or a copy", n.p.Name)
			*e = *fresh(v)
			return nil
		}
		base, err := b.current(n, top.from)
		if err != nil {
			return err
		}
		if base == nil {
			return nil // why not is on the list
		}
		if part, err = top.view.put(n, base, part); err != nil {
			return err
		}
	}
	e.root.stamp++
	top.value, top.stamp = part, e.root.stamp
	e.value, e.stamp, e.load = v, e.root.stamp, nil
	return nil
}
