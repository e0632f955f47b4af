package torch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/internal/shell"
)

// isModule reports whether the object is an nn.Module: what holds parameters and
// modules below. An FX graph module has them in the arguments of a function.
func (o *Opaque) isModule() bool {
	parts := o.State
	if parts == nil && len(o.Args) > 0 {
		parts = o.Args[0]
	}
	d, ok := parts.(*Dict)
	if !ok {
		return false
	}
	_, ok1 := d.Get("_parameters")
	_, ok2 := d.Get("_modules")
	return ok1 && ok2
}

// found is a module in the tree. steps are the keys and indices that lead to it,
// nil where it lies in an object.
type found struct {
	module *Opaque
	steps  []Value
}

// findModule returns the first module of the tree, nil where there is none.
func findModule(root Value) *found {
	seen := map[Value]bool{}
	var visit func(v Value, steps []Value) *found
	visit = func(v Value, steps []Value) *found {
		switch v.(type) {
		case *Dict, *List, *Opaque:
		default:
			return nil
		}
		if seen[v] || len(seen) > 1<<16 || len(steps) > 16 {
			return nil
		}
		seen[v] = true
		if o, ok := v.(*Opaque); ok && o.isModule() {
			return &found{o, steps}
		}
		for i, kid := range childrenOf(v) {
			var step Value = Int(i)
			if d, ok := v.(*Dict); ok && i < len(d.keys) {
				step = d.keys[i]
			}
			if f := visit(kid, append(steps[:len(steps):len(steps)], step)); f != nil {
				if _, inside := v.(*Opaque); inside {
					f.steps = nil
				}
				return f
			}
		}
		return nil
	}
	return visit(root, []Value{})
}

// withObjectsOpened returns the tree with the objects that are no modules as dicts of their
// attributes: for a checkpoint that is an object, or keeps its state dict in one. An object
// built from a single dict becomes that dict.
func withObjectsOpened(root Value) Value {
	const deepest = 8
	done := map[Value]Value{}
	var open func(v Value, depth int) Value
	opened := func(vals []Value, depth int) []Value {
		out := make([]Value, len(vals))
		for i, v := range vals {
			out[i] = open(v, depth+1)
		}
		return out
	}
	open = func(v Value, depth int) Value {
		switch v.(type) {
		case *Dict, *List, *Opaque:
		default:
			return v
		}
		if out, ok := done[v]; ok {
			return out
		}
		if depth > deepest || len(done) > 1<<16 {
			return v
		}
		done[v] = None{} // for cycles
		switch x := v.(type) {
		case *Dict:
			out := &Dict{keys: x.keys, vals: opened(x.vals, depth), metadata: x.metadata, ordered: x.ordered}
			done[v] = out
		case *List:
			done[v] = &List{Kind: x.Kind, Items: opened(x.Items, depth)}
		case *Opaque:
			done[v] = v
			if d := x.attributes(); d != nil && !x.isModule() {
				done[v] = None{}
				done[v] = open(d, depth+1)
			} else if d == nil && len(x.Args) > 0 && !x.isModule() {
				done[v] = None{}
				done[v] = numbered(opened(x.Args, depth))
			}
		}
		return done[v]
	}
	return open(root, 0)
}

// numbered is the dict of what a namedtuple holds, by position.
func numbered(vals []Value) *Dict {
	d := &Dict{}
	for i, v := range vals {
		d.keys, d.vals = append(d.keys, String(strconv.Itoa(i))), append(d.vals, v)
	}
	return d
}

// attributes returns the dict that an object keeps its attributes or items in, nil
// where it has none.
func (o *Opaque) attributes() *Dict {
	switch s := o.State.(type) {
	case *Dict:
		return s
	case *List: // (attributes, slots)
		for _, part := range s.Items {
			if d, ok := part.(*Dict); ok {
				return d
			}
		}
	case nil:
		if len(o.Args) == 1 {
			d, _ := o.Args[0].(*Dict)
			return d
		}
	}
	return nil
}

// openObjects looks into objects where the tree has no state dict outside of them.
func (c *Checkpoint) openObjects() error {
	if len(c.Candidates()) > 0 {
		return nil
	}
	closed := c.root
	c.root = withObjectsOpened(closed)
	if len(c.Candidates()) == 0 {
		c.root = closed
		return nil
	}
	c.opened = true
	return checkTree(c.root, c.lim)
}

// noStateDict is the error for a tree without one.
func (c *Checkpoint) noStateDict() error {
	if f := findModule(c.root); f != nil {
		return c.pickledModel(f.module.Global, f.steps)
	}
	if len(c.storages.modules) > 0 {
		return c.pickledModel(c.storages.modules[0], []Value{})
	}
	return withRemedy(fmt.Errorf("%w: the file holds %s without a dict of tensors", ErrNoStateDict, c.root.kind()),
		"save one with "+SaveStateDict+"; what the file holds instead, if you trust it:"+
			c.inPython([]Value{}, "saved = ", "print(type(saved), list(saved) if hasattr(saved, \"__iter__\") else saved)"))
}

func (c *Checkpoint) pickledModel(class Global, steps []Value) error {
	return withRemedy(fmt.Errorf("%w (it holds an object of the class %q)", ErrPickledModel, class),
		"where its code can be imported and if you trust the file, save the weights alone: "+SaveStateDict+
			c.inPython(steps, "model = ", "torch.save(model.state_dict(), \"model_state.pth\")"))
}

// objectInside is the error for a value of the state dict that is no tensor.
func (c *Checkpoint) objectInside(err error, d *Dict, steps []Value) error {
	drop := ""
	bad, tensors := 0, 0
	for i := range d.Len() {
		k, v := d.At(i)
		if _, err := entry(v); err == nil {
			tensors += len(tensorsIn(v))
			continue
		}
		if o, ok := v.(*Opaque); ok && o.isModule() {
			if steps != nil {
				steps = append(steps, k)
			}
			return c.pickledModel(o.Global, steps)
		}
		bad++
		drop += "sd.pop(" + pythonKey(k) + "); "
	}
	if bad > tensors { // the state of an optimizer or generator, not of a model
		return c.noStateDict()
	}
	if bad > 4 {
		drop = "sd = {k: v for k, v in sd.items() if isinstance(v, torch.Tensor)}; "
	}
	remedy := "save the weights alone: " + SaveStateDict
	if e, ok := err.(*Error); ok && e.Remedy != "" {
		remedy = e.Remedy
	}
	return withNewRemedy(err, remedy+", or leave it out, if you trust the file:"+
		c.inPython(steps, "sd = ", drop+"torch.save(sd, \"model_state.pth\")"))
}

// inPython is the last line of an error: a command that saves what octet reads.
func (c *Checkpoint) inPython(steps []Value, assign, save string) string {
	if steps == nil || c.opened {
		return ""
	}
	path := ""
	for _, s := range steps {
		path += "[" + pythonKey(s) + "]"
	}
	code := "import sys, torch; " + assign + `torch.load(sys.argv[1], map_location="cpu", weights_only=False)` + path + "; " + save
	return "\n  python -c " + shell.Quote(code) + " " + shell.Quote(c.name)
}

// withKey is the last line of an error: a command that opens one of several.
func (c *Checkpoint) withKey(key string) string {
	return "\n  octet inspect " + shell.Quote(c.name) + " --key " + shell.Quote(key)
}

func pythonKey(v Value) string {
	switch v := v.(type) {
	case String:
		return strconv.QuoteToASCII(string(v))
	case Int:
		return strconv.FormatInt(int64(v), 10)
	}
	return "..."
}

// stepsTo returns the keys that a path of lookup leads through, nil where it leads
// nowhere.
func stepsTo(v Value, path string) []Value {
	if path == "" {
		return []Value{}
	}
	switch v := v.(type) {
	case *Dict:
		for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
			if next, ok := v.Get(path[:end]); ok {
				if steps := stepsTo(next, strings.TrimPrefix(path[end:], ".")); steps != nil {
					return append([]Value{String(path[:end])}, steps...)
				}
			}
		}
	case *List:
		first, rest, _ := strings.Cut(path, ".")
		if i, err := strconv.Atoi(first); err == nil && i >= 0 && i < len(v.Items) {
			if steps := stepsTo(v.Items[i], rest); steps != nil {
				return append([]Value{Int(i)}, steps...)
			}
		}
	}
	return nil
}
