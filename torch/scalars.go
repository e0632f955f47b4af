package torch

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

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
	case opInt, opLong:
		return u.decimal(op)
	case opLong1, opLong4:
		return u.long(op)
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

// decimal reads the numbers of protocol 1: 00 and 01 are its bools.
func (u *unpickler) decimal(op byte) (Value, error) {
	text, err := u.in.line()
	if err != nil {
		return nil, err
	}
	if op == opInt && (text == "00" || text == "01") {
		return Bool(text == "01"), nil
	}
	if op == opLong {
		text = strings.TrimSuffix(text, "L")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return BigInt(canonical(text)), nil
	case err != nil:
		return nil, fmt.Errorf("%q, expected an integer", text)
	}
	return Int(n), nil
}

// long reads an integer of any length. Beyond 256 bytes it is kept as written: nothing computes
// with it.
func (u *unpickler) long(op byte) (Value, error) {
	const longest = 256
	width := int64(1)
	if op == opLong4 {
		width = 4
	}
	n, err := u.in.uint(width)
	if err != nil {
		return nil, err
	}
	if op == opLong4 && int32(n) < 0 {
		return nil, fmt.Errorf("an integer of %d bytes", int32(n))
	}
	b, err := u.in.bytes(int64(n))
	if err != nil {
		return nil, err
	}
	if len(b) > longest {
		return &Opaque{Global: Global{"builtins", "int"}, Args: []Value{Bytes(b)}}, nil
	}
	return parseLong(b), nil
}

func (u *unpickler) text(op byte) (Value, error) {
	width := int64(4)
	switch op {
	case opShortBinString, opShortBinBytes, opShortBinUnicode:
		width = 1
	case opBinUnicode8, opBinBytes8, opByteArray8:
		width = 8
	}
	n, err := u.in.uint(width)
	if err != nil {
		return nil, err
	}
	b, err := u.in.bytes(int64(n))
	if err != nil {
		return nil, err
	}
	switch op {
	case opBinBytes, opShortBinBytes, opBinBytes8, opByteArray8:
		return Bytes(b), nil
	}
	// Python 2 wrote bytes and text alike: what is no valid text stays bytes.
	if !utf8.Valid(b) {
		return Bytes(b), nil
	}
	return String(b), nil
}
