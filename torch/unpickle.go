package torch

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The opcodes that torch.save writes (protocol 2, with the byte strings of
// protocol 3). Every other one is refused.
const (
	opMark           = '('
	opStop           = '.'
	opBinFloat       = 'G'
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opBinInt2        = 'M'
	opNone           = 'N'
	opBinPersID      = 'Q'
	opReduce         = 'R'
	opBinString      = 'T'
	opShortBinString = 'U'
	opBinUnicode     = 'X'
	opAppend         = 'a'
	opBuild          = 'b'
	opGlobal         = 'c'
	opAppends        = 'e'
	opBinGet         = 'h'
	opLongBinGet     = 'j'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opSetItem        = 's'
	opTuple          = 't'
	opSetItems       = 'u'
	opEmptyDict      = '}'
	opEmptyList      = ']'
	opEmptyTuple     = ')'
	opBinBytes       = 'B'
	opShortBinBytes  = 'C'
	opProto          = 0x80
	opNewObj         = 0x81
	opTuple1         = 0x85
	opTuple2         = 0x86
	opTuple3         = 0x87
	opNewTrue        = 0x88
	opNewFalse       = 0x89
	opLong1          = 0x8a
)

// forbidden names the opcodes that have a well-known way to do harm, so that the
// error can say which it was.
var forbidden = map[byte]string{
	'i': "INST", 'o': "OBJ", 'P': "PERSID", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4",
	0x8b: "LONG4", 0x8d: "BINUNICODE8", 0x8e: "BINBYTES8", 0x8f: "EMPTY_SET", 0x92: "NEWOBJ_EX", 0x93: "STACK_GLOBAL",
	0x94: "MEMOIZE", 0x95: "FRAME", 0x8c: "SHORT_BINUNICODE",
}

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
		if err == nil && v > 3 {
			err = withRemedy(fmt.Errorf("pickle protocol %d; torch.save writes 2", v), "save again without pickle_protocol")
		}
		return err
	case opGlobal:
		return u.global()
	case opMark:
		u.marks = append(u.marks, len(u.stack))
		u.objects++
		return nil
	case opBinPut, opLongBinPut:
		return u.put(op)
	case opBinGet, opLongBinGet:
		return u.get(op)
	case opEmptyDict:
		return u.pushObject(&Dict{})
	case opEmptyList:
		return u.pushObject(&List{})
	case opEmptyTuple:
		return u.pushObject(&List{Kind: Tuple})
	case opTuple, opTuple1, opTuple2, opTuple3:
		return u.tuple(op)
	case opNone:
		return u.push(None{}, nil)
	case opNewTrue:
		return u.push(Bool(true), nil)
	case opNewFalse:
		return u.push(Bool(false), nil)
	case opBinInt, opBinInt1, opBinInt2, opLong1, opBinFloat:
		return u.push(u.number(op))
	case opBinUnicode, opBinString, opShortBinString, opBinBytes, opShortBinBytes:
		return u.push(u.text(op))
	case opSetItem, opSetItems, opAppend, opAppends:
		return u.fill(op)
	case opReduce, opNewObj, opBuild, opBinPersID:
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

func (u *unpickler) global() error {
	module, err := u.in.line()
	if err != nil {
		return err
	}
	name, err := u.in.line()
	if err != nil {
		return err
	}
	return u.push(resolve(module, name))
}

func (u *unpickler) put(op byte) error {
	i, err := u.in.uint(memoWidth(op))
	if err != nil {
		return err
	}
	v, err := u.top()
	if err != nil {
		return err
	}
	u.objects++
	u.memo.put(uint32(i), v)
	return nil
}

func (u *unpickler) get(op byte) error {
	i, err := u.in.uint(memoWidth(op))
	if err != nil {
		return err
	}
	v := u.memo.get(uint32(i))
	if v == nil {
		return fmt.Errorf("memo slot %d was never set", i)
	}
	return u.push(v, nil)
}

// memo holds the values that a pickle numbers. Writers count from 0, but any
// 32-bit number is legal.
type memo struct {
	dense  []Value
	sparse map[uint32]Value
}

func (m *memo) put(i uint32, v Value) {
	switch {
	case uint64(i) < uint64(len(m.dense)):
		m.dense[i] = v
	case uint64(i) == uint64(len(m.dense)):
		m.dense = append(m.dense, v)
	default:
		if m.sparse == nil {
			m.sparse = map[uint32]Value{}
		}
		m.sparse[i] = v
	}
}

// get returns nil for a number that was never put.
func (m *memo) get(i uint32) Value {
	if uint64(i) < uint64(len(m.dense)) {
		return m.dense[i]
	}
	return m.sparse[i]
}

func memoWidth(op byte) int64 {
	if op == opLongBinPut || op == opLongBinGet {
		return 4
	}
	return 1
}

func (u *unpickler) tuple(op byte) error {
	var items []Value
	var err error
	if op == opTuple {
		items, err = u.popMark()
	} else {
		items, err = u.pop(int(op-opTuple1) + 1)
	}
	if err != nil {
		return err
	}
	return u.pushObject(&List{Kind: Tuple, Items: append([]Value(nil), items...)})
}

func (u *unpickler) number(op byte) (Value, error) {
	switch op {
	case opBinInt1:
		n, err := u.in.uint(1)
		return Int(n), err
	case opBinInt2:
		n, err := u.in.uint(2)
		return Int(n), err
	case opBinInt:
		n, err := u.in.uint(4)
		return Int(int32(n)), err
	case opLong1:
		n, err := u.in.byte()
		if err != nil {
			return nil, err
		}
		if n > 16 {
			return nil, fmt.Errorf("an integer of %d bytes; 16 are allowed", n)
		}
		b, err := u.in.bytes(int64(n))
		return parseLong(b), err
	default: // opBinFloat, the one big-endian number
		b, err := u.in.bytes(8)
		if err != nil {
			return nil, err
		}
		var bits uint64
		for _, x := range b {
			bits = bits<<8 | uint64(x)
		}
		return Float(math.Float64frombits(bits)), nil
	}
}

func (u *unpickler) text(op byte) (Value, error) {
	width := int64(4)
	if op == opShortBinString || op == opShortBinBytes {
		width = 1
	}
	n, err := u.in.uint(width)
	if err != nil {
		return nil, err
	}
	b, err := u.in.bytes(int64(n))
	if err != nil {
		return nil, err
	}
	// Python 2 wrote bytes and text alike: what is no text stays bytes.
	if op == opBinBytes || op == opShortBinBytes || !utf8.Valid(b) {
		return Bytes(b), nil
	}
	return String(b), nil
}

// fill executes SETITEM(S) and APPEND(S).
func (u *unpickler) fill(op byte) error {
	var items []Value
	var err error
	switch op {
	case opSetItem:
		items, err = u.pop(2)
	case opAppend:
		items, err = u.pop(1)
	default:
		items, err = u.popMark()
	}
	if err != nil {
		return err
	}
	target, err := u.top()
	if err != nil {
		return err
	}
	if op == opAppend || op == opAppends {
		switch t := target.(type) {
		case *List:
			if t.Kind == PlainList {
				t.Items = append(t.Items, items...)
				return nil
			}
		case *Opaque: // collections.deque
			t.Args = append(t.Args, items...)
			return nil
		}
		return fmt.Errorf("%s cannot be appended to", target.kind())
	}
	d, ok := target.(*Dict)
	if !ok {
		return fmt.Errorf("items are set in %s, expected a dict", target.kind())
	}
	if len(items)%2 != 0 {
		return fmt.Errorf("a key without a value")
	}
	for i := 0; i < len(items); i += 2 {
		if err := d.set(items[i], items[i+1]); err != nil {
			return err
		}
	}
	return nil
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
