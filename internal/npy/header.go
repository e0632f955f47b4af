package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/octet-ml/octet/tensor"
)

const (
	magic     = "\x93NUMPY"
	maxHeader = 64 << 10 // numpy writes a few hundred bytes, and itself refuses more than 10,000 by default
	maxRank   = 64       // numpy's limit since version 2
)

// Header says what a .npy file holds.
type Header struct {
	DType   tensor.DType // of the elements
	Shape   tensor.Shape // empty of a single number
	Fortran bool         // column-major order: the first axis runs fastest
	Big     bool         // elements are big-endian

	bytes int64 // of all elements
}

// readHeader reads magic, version and header, and leaves r at the first element.
func readHeader(r io.Reader) (Header, error) {
	var pre [8]byte
	if _, err := io.ReadFull(r, pre[:]); err != nil {
		return Header{}, fmt.Errorf("not a .npy array: shorter than its 8-byte preamble")
	}
	if string(pre[:6]) != magic {
		return Header{}, fmt.Errorf("not a .npy array: it starts with %q instead of %q", pre[:6], magic)
	}
	width := 4
	switch pre[6] {
	case 1:
		width = 2
	case 2, 3:
	default:
		return Header{}, fmt.Errorf(".npy format version %d.%d; versions 1 to 3 are known", pre[6], pre[7])
	}
	var size [4]byte
	if _, err := io.ReadFull(r, size[:width]); err != nil {
		return Header{}, errors.New("the .npy header is cut off")
	}
	n := binary.LittleEndian.Uint32(size[:]) // the unread bytes of a 2-byte length are zero
	if n > maxHeader {
		return Header{}, fmt.Errorf("the .npy header claims %d bytes; at most %d are accepted", n, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return Header{}, fmt.Errorf("the .npy header is cut off: %d bytes were announced", n)
	}
	return parseHeader(string(text))
}

// parseHeader reads the Python dictionary that describes the array.
func parseHeader(text string) (Header, error) {
	p := &literal{text: text}
	var h Header
	descr, haveOrder, haveShape := "", false, false
	err := p.dict(func(key string) (err error) {
		switch key {
		case "descr":
			if p.peek() == '[' {
				return errors.New("structured arrays are not supported; save one array per field")
			}
			descr, err = p.str()
		case "fortran_order":
			haveOrder = true
			h.Fortran, err = p.boolean()
		case "shape":
			haveShape = true
			h.Shape, err = p.tuple()
		default:
			err = fmt.Errorf("unknown key %q", key)
		}
		return err
	})
	if err == nil && (descr == "" || !haveOrder || !haveShape) {
		err = errors.New("it needs descr, fortran_order and shape")
	}
	if err == nil {
		h.DType, h.Big, err = parseDescr(descr)
	}
	if err != nil {
		return Header{}, fmt.Errorf("bad .npy header %.200q: %w", text, err)
	}
	n, err := h.Shape.CheckedNumel()
	if err != nil {
		return Header{}, err
	}
	if int64(n) > (1<<62)/int64(h.DType.Size()) {
		return Header{}, fmt.Errorf("shape %v has more bytes than can be addressed", h.Shape)
	}
	h.bytes = int64(n) * int64(h.DType.Size())
	return h, nil
}

// descrs maps numpy's kind and width to the element types held.
var descrs = map[string]tensor.DType{
	"f2": tensor.Float16, "f4": tensor.Float32, "f8": tensor.Float64,
	"i1": tensor.Int8, "i2": tensor.Int16, "i4": tensor.Int32, "i8": tensor.Int64,
	"u1": tensor.UInt8, "u2": tensor.UInt16, "u4": tensor.UInt32, "u8": tensor.UInt64,
	"b1": tensor.Bool, "?": tensor.Bool,
}

func parseDescr(s string) (d tensor.DType, big bool, err error) {
	kind := strings.TrimLeft(s, "<>|=")
	if len(s)-len(kind) > 1 {
		return 0, false, fmt.Errorf("unknown element type %q", s)
	}
	d, ok := descrs[kind]
	if !ok {
		if strings.HasPrefix(kind, "O") {
			return 0, false, errors.New("it holds pickled Python objects, which are never read; save a numeric array")
		}
		return 0, false, fmt.Errorf("element type %q is not supported; use float16/32/64, int8 to int64, uint8 to uint64 or bool", s)
	}
	return d, s[0] == '>' && d.Size() > 1, nil
}

// headerText returns the preamble and header that numpy.save writes, to the
// byte: padded to a multiple of 64, with room for the first extent to grow.
func headerText(d tensor.DType, shape tensor.Shape) ([]byte, error) {
	descr := ""
	for k, v := range descrs {
		if v == d && k != "?" {
			descr = "<" + k
			if d.Size() == 1 {
				descr = "|" + k
			}
		}
	}
	if descr == "" {
		return nil, fmt.Errorf(".npy cannot hold %v; write its integers or convert it to float32", d)
	}
	dims := strings.Trim(shape.String(), "[]")
	if len(shape) == 1 {
		dims += ","
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, dims)
	if len(shape) > 0 {
		const widest = 21 // digits of 8 bytes, with sign
		text += strings.Repeat(" ", widest-len(fmt.Sprint(shape[0])))
	}
	const fixed = len(magic) + 2 + 2
	pad := 64 - (fixed+len(text)+1)%64 // numpy pads a full 64 where none is needed
	text += strings.Repeat(" ", pad) + "\n"
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	return append(b, text...), nil
}
