package torch

import (
	"fmt"
	"math/big"
)

// construct executes REDUCE, NEWOBJ, BUILD and BINPERSID: the opcodes that in
// Python run code, and here make inert values.
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
	pair, err := u.pop(2)
	if err != nil {
		return err
	}
	subject, arg := pair[0], pair[1]
	switch op {
	case opBuild:
		return u.push(build(subject, arg))
	case opNewObj:
		return u.push(newObject(subject, arg))
	default:
		u.objects += copied(arg)
		return u.push(reduce(subject, arg))
	}
}

// copied counts what a call may copy out of its arguments, so that calling again
// and again with one large shared argument meets the limit on objects.
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
		}
	}
	return n
}

// reduce is callee(*args) for the callees of the lists.
func reduce(callee, args Value) (Value, error) {
	g, ok := callee.(Global)
	if !ok {
		return nil, fmt.Errorf("%s is called, expected a function", callee.kind())
	}
	t, ok := args.(*List)
	if !ok || t.Kind != Tuple {
		return nil, fmt.Errorf("%v is called with %s, expected a tuple", g, args.kind())
	}
	if call := callOf(g.String()); call != nil {
		v, err := call(t.Items)
		if err != nil {
			return nil, prefixed(err, g.String())
		}
		return v, nil
	}
	if roleOf(g) == roleInert {
		return &Opaque{Global: g, Args: t.Items}, nil
	}
	return nil, fmt.Errorf("%v may not be called", g)
}

// newObject is cls.__new__(cls, *args).
func newObject(cls, args Value) (Value, error) {
	g, ok := cls.(Global)
	t, isTuple := args.(*List)
	if !ok || !isTuple || t.Kind != Tuple {
		return nil, fmt.Errorf("an object is made of %s and %s, expected a class and a tuple", cls.kind(), args.kind())
	}
	switch {
	case roleOf(g) == roleScript && len(t.Items) == 0:
		return &ScriptObject{}, nil
	case roleOf(g) == roleInert:
		return &Opaque{Global: g, Args: t.Items}, nil
	case g.String() == "collections.OrderedDict" && len(t.Items) == 0:
		return &Dict{ordered: true}, nil
	}
	return nil, fmt.Errorf("no object of %v may be made", g)
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
		d, ok := state.(*Dict)
		if !s.ordered || !ok {
			return nil, fmt.Errorf("%s is built from %s; only an OrderedDict has attributes", subject.kind(), state.kind())
		}
		// Of the attributes a state dict may carry, only _metadata has a meaning.
		if m, ok := d.Get("_metadata"); ok {
			if s.metadata, ok = m.(*Dict); !ok {
				return nil, fmt.Errorf("_metadata is %s, expected a dict", m.kind())
			}
		}
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
	return nil, fmt.Errorf("%s is built from %s; only OrderedDict and training leftovers have state", subject.kind(), state.kind())
}

// callOf returns what a REDUCE of the function makes, nil for all others.
func callOf(name string) func([]Value) (Value, error) {
	switch name {
	case "collections.OrderedDict":
		return func(a []Value) (Value, error) { return makeDict(a, true) }
	case "collections.Counter":
		return func(a []Value) (Value, error) { return makeDict(a, false) }
	case "collections.defaultdict":
		return func(a []Value) (Value, error) { // the factory is a token or None and is dropped
			return makeDict(a[min(len(a), 1):], false)
		}
	case "builtins.set", "builtins.frozenset":
		return makeSet
	case "builtins.complex":
		return makeComplex
	case "builtins.bytes", "builtins.bytearray":
		return makeBytes
	case "_codecs.encode":
		return encode
	case "torch.Size":
		return makeSize
	}
	return rebuildOf(name)
}

// makeDict is dict() or dict(other): an OrderedDict of old writers holds pairs.
func makeDict(a []Value, ordered bool) (Value, error) {
	d := &Dict{ordered: ordered}
	if len(a) == 0 {
		return d, nil
	}
	if len(a) > 1 {
		return nil, fmt.Errorf("%d arguments, expected at most one", len(a))
	}
	switch src := a[0].(type) {
	case *Dict:
		d.keys = append(d.keys, src.keys...)
		d.vals = append(d.vals, src.vals...)
		return d, nil
	case *List:
		for _, item := range src.Items {
			pair, ok := item.(*List)
			if !ok || len(pair.Items) != 2 {
				return nil, fmt.Errorf("%s in a list of pairs", item.kind())
			}
			if err := d.set(pair.Items[0], pair.Items[1]); err != nil {
				return nil, err
			}
		}
		return d, nil
	}
	return nil, fmt.Errorf("%s, expected a dict or pairs", a[0].kind())
}

func makeSet(a []Value) (Value, error) {
	s := &List{Kind: Set}
	if len(a) == 1 {
		if src, ok := a[0].(*List); ok {
			s.Items = append(s.Items, src.Items...)
			return s, nil
		}
	}
	if len(a) != 0 {
		return nil, fmt.Errorf("expected one list")
	}
	return s, nil
}

func makeComplex(a []Value) (Value, error) {
	if len(a) == 2 {
		re, ok1 := a[0].(Float)
		im, ok2 := a[1].(Float)
		if ok1 && ok2 {
			return Complex(complex(re, im)), nil
		}
	}
	return nil, fmt.Errorf("expected two floats")
}

// makeBytes is bytes(), bytes(b) or bytearray(text, "latin-1").
func makeBytes(a []Value) (Value, error) {
	if len(a) == 0 {
		return Bytes{}, nil
	}
	if b, ok := a[0].(Bytes); ok && len(a) == 1 {
		return b, nil
	}
	return encode(a)
}

// encode is _codecs.encode(text, "latin1"), the way protocol 2 writes bytes.
func encode(a []Value) (Value, error) {
	if len(a) == 2 {
		text, ok1 := a[0].(String)
		codec, ok2 := a[1].(String)
		if ok1 && ok2 && (codec == "latin1" || codec == "latin-1") {
			out := make(Bytes, 0, len(text))
			for _, r := range string(text) {
				if r > 0xff {
					return nil, fmt.Errorf("%q is not latin-1", r)
				}
				out = append(out, byte(r))
			}
			return out, nil
		}
	}
	return nil, fmt.Errorf("expected a text and the codec latin1")
}

func makeSize(a []Value) (Value, error) {
	if len(a) == 1 {
		if src, ok := a[0].(*List); ok {
			return &List{Kind: Size, Items: src.Items}, nil
		}
	}
	return nil, fmt.Errorf("expected one tuple")
}

// parseLong reads a two's complement little-endian integer of at most 16 bytes.
func parseLong(b []byte) Value {
	be := make([]byte, len(b))
	for i, x := range b {
		be[len(b)-1-i] = x
	}
	n := new(big.Int).SetBytes(be)
	if len(be) > 0 && be[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.IsInt64() {
		return Int(n.Int64())
	}
	return BigInt{n}
}
