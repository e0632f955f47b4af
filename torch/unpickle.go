package torch

import (
	"fmt"
	"strconv"
	"strings"
)

// unpickler interprets one pickle into a tree of values. It executes nothing.
type unpickler struct {
	in      *cursor
	lim     Limits
	persist func(id Value) (Value, error) // resolves a persistent id; nil: none may occur

	stack   []Value
	marks   []int // heights of the stack at each open MARK
	memo    memo
	ops     int
	objects int
}

// unpickle reads one pickle up to and including its STOP opcode.
func unpickle(in *cursor, lim Limits, persist func(Value) (Value, error)) (Value, error) {
	u := &unpickler{in: in, lim: lim, persist: persist}
	for {
		at := in.pos
		op, err := in.byte()
		if err != nil {
			return nil, err
		}
		if u.ops++; u.ops > lim.Opcodes {
			return nil, fmt.Errorf("%w: more than %d opcodes", ErrLimit, lim.Opcodes)
		}
		if op == opStop {
			if len(u.stack) != 1 || len(u.marks) != 0 {
				return nil, fmt.Errorf("byte %d: STOP with %d values on the stack, expected one", at, len(u.stack))
			}
			return u.stack[0], nil
		}
		if err := u.step(op); err != nil {
			return nil, atKey(prefixed(err, fmt.Sprintf("byte %d", at)), u.path())
		}
		if len(u.stack) > lim.Stack || u.objects > lim.Objects {
			return nil, fmt.Errorf("%w: byte %d: %d values on the stack, %d objects", ErrLimit, at, len(u.stack), u.objects)
		}
	}
}

// step executes one opcode.
func (u *unpickler) step(op byte) error {
	switch op {
	case opProto:
		v, err := u.in.byte()
		if err == nil && v > lastProtocol {
			err = withRemedy(fmt.Errorf("pickle protocol %d; the newest is %d", v, lastProtocol), "save again without pickle_protocol")
		}
		return err
	case opFrame:
		return u.frame()
	case opGlobal, opStackGlobal:
		return u.global(op)
	case opMark:
		u.marks = append(u.marks, len(u.stack))
		u.objects++
		return nil
	case opPop, opPopMark:
		return u.drop(op)
	case opBinPut, opLongBinPut, opMemoize:
		return u.put(op)
	case opBinGet, opLongBinGet:
		return u.get(op)
	case opEmptyDict:
		return u.pushObject(&Dict{})
	case opEmptyList:
		return u.pushObject(&List{})
	case opEmptySet:
		return u.pushObject(&List{Kind: Set})
	case opEmptyTuple:
		return u.pushObject(&List{Kind: Tuple})
	case opTuple, opTuple1, opTuple2, opTuple3, opFrozenSet:
		return u.tuple(op)
	case opNone:
		return u.push(None{}, nil)
	case opNewTrue:
		return u.push(Bool(true), nil)
	case opNewFalse:
		return u.push(Bool(false), nil)
	case opBinInt, opBinInt1, opBinInt2, opInt, opLong, opLong1, opLong4, opBinFloat:
		return u.push(u.number(op))
	case opBinUnicode, opShortBinUnicode, opBinUnicode8, opBinString, opShortBinString,
		opBinBytes, opShortBinBytes, opBinBytes8, opByteArray8:
		return u.push(u.text(op))
	case opSetItem, opSetItems, opAppend, opAppends, opAddItems:
		return u.fill(op)
	case opReduce, opNewObj, opNewObjEx, opBuild, opBinPersID:
		return u.construct(op)
	}
	if name := forbidden[op]; name != "" {
		return withRemedy(fmt.Errorf("opcode %s, which torch.save does not write", name), "save again with torch.save and its default protocol")
	}
	return withRemedy(fmt.Errorf("unknown opcode 0x%02x", op), "the file is damaged or no pickle")
}

func (u *unpickler) push(v Value, err error) error {
	if err == nil {
		u.stack = append(u.stack, v)
	}
	return err
}

func (u *unpickler) pushObject(v Value) error {
	u.objects++
	return u.push(v, nil)
}

// pop takes n values that lie above the innermost MARK.
func (u *unpickler) pop(n int) ([]Value, error) {
	floor := 0
	if len(u.marks) > 0 {
		floor = u.marks[len(u.marks)-1]
	}
	if len(u.stack)-n < floor {
		return nil, fmt.Errorf("%d values wanted, %d on the stack", n, len(u.stack)-floor)
	}
	vals := u.stack[len(u.stack)-n:]
	u.stack = u.stack[:len(u.stack)-n]
	return vals, nil
}

// popMark takes everything above the innermost MARK, and the MARK.
func (u *unpickler) popMark() ([]Value, error) {
	if len(u.marks) == 0 {
		return nil, fmt.Errorf("no MARK on the stack")
	}
	at := u.marks[len(u.marks)-1]
	u.marks = u.marks[:len(u.marks)-1]
	vals := u.stack[at:]
	u.stack = u.stack[:at]
	return vals, nil
}

func (u *unpickler) top() (Value, error) {
	vals, err := u.pop(1)
	if err != nil {
		return nil, err
	}
	u.stack = u.stack[:len(u.stack)+1]
	return vals[0], nil
}

// frame checks the length that protocol 4 writes before a run of opcodes.
func (u *unpickler) frame() error {
	n, err := u.in.uint(8)
	if err == nil && n > uint64(u.in.left) {
		err = fmt.Errorf("%w (a frame of %d bytes where %d are left)", errCut, n, u.in.left)
	}
	return err
}

// drop executes POP and POP_MARK, which writers use for a tuple that contains itself.
func (u *unpickler) drop(op byte) error {
	if op == opPopMark {
		_, err := u.popMark()
		return err
	}
	if n := len(u.marks); n > 0 && u.marks[n-1] == len(u.stack) {
		u.marks = u.marks[:n-1]
		return nil
	}
	_, err := u.pop(1)
	return err
}

// global reads the name of a class or function: from two lines, or from the stack.
func (u *unpickler) global(op byte) error {
	if op == opStackGlobal {
		pair, err := u.pop(2)
		if err != nil {
			return err
		}
		module, ok1 := pair[0].(String)
		name, ok2 := pair[1].(String)
		if !ok1 || !ok2 || len(module) > longestName || len(name) > longestName {
			return fmt.Errorf("a global is named by %s and %s, expected two short texts", pair[0].kind(), pair[1].kind())
		}
		return u.push(resolveNested(string(module), string(name)))
	}
	module, err := u.in.line()
	if err != nil {
		return err
	}
	name, err := u.in.line()
	if err != nil {
		return err
	}
	if spelled(module, name) == getattr {
		return u.push(getattr, nil)
	}
	return u.push(resolve(module, name))
}

// tuple executes TUPLE, TUPLE1 to 3 and FROZENSET: what cannot be changed later.
func (u *unpickler) tuple(op byte) error {
	var items []Value
	var err error
	kind := Tuple
	switch op {
	case opFrozenSet:
		kind = FrozenSet
		fallthrough
	case opTuple:
		items, err = u.popMark()
	default:
		items, err = u.pop(int(op-opTuple1) + 1)
	}
	if err != nil {
		return err
	}
	return u.pushObject(&List{Kind: kind, Items: append([]Value(nil), items...)})
}

// path is the key path of the value being built: in each open dict, the key
// whose value is still missing. For messages only.
func (u *unpickler) path() string {
	var keys []string
	from := 0
	for i := 0; i <= len(u.marks); i++ {
		end := len(u.stack)
		if i < len(u.marks) {
			end = u.marks[i]
		}
		part := u.stack[from:end]
		if from > 0 && len(part) > 0 { // MARK, key, value, ..., SETITEMS
			if _, ok := u.stack[from-1].(*Dict); ok {
				keys = appendKey(keys, part[(len(part)-1)/2*2])
			}
		}
		for j := range max(len(part)-1, 0) { // dict, key, value, SETITEM
			if _, ok := part[j].(*Dict); ok {
				keys = appendKey(keys, part[j+1])
			}
		}
		from = end
	}
	return strings.Join(keys, ".")
}

func appendKey(keys []string, v Value) []string {
	switch k := v.(type) {
	case String:
		return append(keys, string(k))
	case Int:
		return append(keys, strconv.FormatInt(int64(k), 10))
	}
	return keys
}
