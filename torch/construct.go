package torch

import (
	"fmt"
	"slices"
)

// construct executes REDUCE, NEWOBJ, BUILD and BINPERSID: the opcodes that run code in Python,
// and make inert values here.
func (u *unpickler) construct(op byte) error {
	u.objects++
	if op == opBinPersID {
		id, err := u.pop(1)
		if err != nil {
			return err
		}
		if u.persist == nil {
			return fmt.Errorf("a persistent id where none may be")
		}
		return u.push(u.persist(id[0]))
	}
	if op == opNewObjEx {
		return u.newObjectEx()
	}
	pair, err := u.pop(2)
	if err != nil {
		return err
	}
	subject, arg := pair[0], pair[1]
	switch op {
	case opBuild:
		return u.push(build(subject, arg))
	case opNewObj:
		u.objects += copied(arg)
		return u.push(newObject(subject, arg))
	default:
		u.objects += copied(arg)
		return u.push(reduce(subject, arg))
	}
}

// newObjectEx is cls.__new__(cls, *args, **kwargs), which only opaque classes have.
func (u *unpickler) newObjectEx() error {
	three, err := u.pop(3)
	if err != nil {
		return err
	}
	cls, ok1 := three[0].(Global)
	args, ok2 := three[1].(*List)
	named, ok3 := three[2].(*Dict)
	if !ok1 || !ok2 || !ok3 || args.Kind != Tuple || roleOf(cls) != roleInert {
		return fmt.Errorf("an object is made of %s, %s and %s, expected an unknown class, a tuple and a dict", three[0].kind(), three[1].kind(), three[2].kind())
	}
	u.objects += len(args.Items)
	return u.push(&Opaque{Global: cls, Args: append(slices.Clone(args.Items), named)}, nil)
}

// copied counts the values that a call may copy out of its arguments, so that repeated calls
// with one large shared argument reach the limit on objects.
func copied(args Value) int {
	t, ok := args.(*List)
	if !ok {
		return 0
	}
	n := len(t.Items)
	for _, a := range t.Items {
		switch a := a.(type) {
		case *Dict:
			n += a.Len()
		case *List:
			n += len(a.Items)
		case String:
			n += len(a) / 16
		case Global:
			n += len(a.Name) / 16
		}
	}
	return n
}

// reduce is callee(*args).
func reduce(callee, args Value) (Value, error) {
	t, ok := args.(*List)
	if !ok || t.Kind != Tuple {
		return nil, fmt.Errorf("%s is called with %s, expected a tuple", callee.kind(), args.kind())
	}
	switch g := callee.(type) {
	case Global:
		if g == getattr {
			return attribute(t.Items)
		}
		if call := callOf(g); call != nil {
			v, err := call(t.Items)
			if err != nil {
				return nil, prefixed(err, g.String())
			}
			return v, nil
		}
		if roleOf(g) == roleInert {
			return &Opaque{Global: g, Args: slices.Clip(t.Items)}, nil
		}
	case *Opaque: // functools.partial of a class, a bound method
		return &Opaque{Global: g.Global, Args: append(slices.Clone(t.Items), g)}, nil
	}
	return nil, fmt.Errorf("%s may not be called", callee.kind())
}

// newObject is cls.__new__(cls, *args).
func newObject(cls, args Value) (Value, error) {
	t, isTuple := args.(*List)
	if !isTuple || t.Kind != Tuple {
		return nil, fmt.Errorf("an object of %s is made of %s, expected a tuple", cls.kind(), args.kind())
	}
	switch g := cls.(type) {
	case Global:
		switch {
		case roleOf(g) == roleScript && len(t.Items) == 0:
			return &ScriptObject{}, nil
		case roleOf(g) == roleInert && g != getattr:
			return &Opaque{Global: g, Args: slices.Clip(t.Items)}, nil
		case g.String() == "collections.OrderedDict" && len(t.Items) == 0:
			return &Dict{ordered: true}, nil
		}
	case *Opaque: // a class that was made as the pickle was loaded
		return &Opaque{Global: g.Global, Args: slices.Clip(t.Items)}, nil
	}
	return nil, fmt.Errorf("no object of %s may be made", cls.kind())
}

// scriptClasses are the packed recurrent cells of dynamic quantization.
var scriptClasses = newSet(
	"__torch__.torch.classes.rnn.CellParamsBase",
	"__torch__.torch.classes.quantized.LinearPackedParamsBase",
)

// build fills an object with its state.
func build(subject, state Value) (Value, error) {
	switch s := subject.(type) {
	case *Dict:
		if !s.ordered {
			return nil, fmt.Errorf("%s is built from %s; only subclasses of dict have attributes", subject.kind(), state.kind())
		}
		// Of the attributes a state dict may carry, only _metadata has a meaning.
		if d, ok := state.(*Dict); ok && d != s {
			if m, ok := d.Get("_metadata"); ok {
				s.metadata, _ = m.(*Dict)
			}
		}
		return s, nil
	case *Tensor: // attributes that Python code has set
		return s, nil
	case *Opaque:
		s.State = state
		return s, nil
	case *ScriptObject:
		pair, ok := state.(*List)
		if !ok || len(pair.Items) != 2 {
			return nil, fmt.Errorf("a packed recurrent cell is built from %s, expected (state, class)", state.kind())
		}
		class, ok := pair.Items[1].(String)
		if !ok || !scriptClasses[string(class)] {
			return nil, refuse(Global{"torch.jit", string(class)})
		}
		s.State, s.Class = pair.Items[0], string(class)
		return s, nil
	}
	return nil, fmt.Errorf("%s is built from %s; only objects have state", subject.kind(), state.kind())
}
