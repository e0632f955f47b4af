package rest

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"unsafe"

	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

// elements reads the data of a tensor, flat or nested as its shape is, and calls element for
// each element, which must read it. It counts them.
func (s *scanner) elements(shape tensor.Shape, want int, element func(at int) error) error {
	var counts [maxDepth]int // elements of the array that is open at each depth
	depth, at, deepest := 0, 0, 0
	nested := len(shape) > 1
	if err := s.expect('['); err != nil {
		return err
	}
	depth, deepest = 1, 1
	first := true // nothing stands in the array yet
	for {
		c := s.peek()
		switch {
		case c == '[' && (first || counts[depth-1] > 0):
			counts[depth-1]++
			if depth == len(shape) || !nested {
				return s.errorf("data is nested deeper than shape %v", []int(shape))
			}
			if at > 0 && depth+1 > deepest {
				return s.errorf("data has arrays and elements side by side")
			}
			s.i++
			depth++
			deepest = max(deepest, depth)
			counts[depth-1], first = 0, true
			continue
		case c == ']' && first:
			s.i++ // an empty array
		default:
			if deepest > 1 && depth < len(shape) {
				return s.errorf("data is nested %d deep, its shape is %v: nest it so, or not at all", depth, []int(shape))
			}
			if at == want {
				return s.errorf("data has more than the %d elements of shape %v", want, []int(shape))
			}
			if err := element(at); err != nil {
				return err
			}
			at++
			counts[depth-1]++
			more, err := s.more(']')
			if err != nil {
				return err
			}
			if first = false; more {
				continue
			}
		}
		// An array has ended, and perhaps those around it.
		for {
			if deepest > 1 && counts[depth-1] != shape[depth-1] {
				return s.errorf("data has an array of %d where shape %v has %d", counts[depth-1], []int(shape), shape[depth-1])
			}
			if depth--; depth == 0 {
				if at != want {
					return s.errorf("data has %d elements; shape %v has %d", at, []int(shape), want)
				}
				return nil
			}
			more, err := s.more(']')
			if err != nil {
				return err
			}
			if more {
				first = false
				break
			}
		}
	}
}

// data reads the data of a tensor into its elements.
func (s *scanner) data(d tensor.DType, shape tensor.Shape) (*tensor.Tensor, error) {
	n, err := shape.CheckedNumel()
	if err != nil {
		return nil, serve.Errorf(serve.Invalid, "%v", err)
	}
	if left := len(s.b) - s.i; n > left/2+1 { // an element and what parts it from the next
		return nil, s.errorf("%d bytes are left, which cannot hold the %d elements of shape %v", left, n, []int(shape))
	}
	x := tensor.New(d, shape...)
	switch d {
	case tensor.Float32:
		return x, floats(s, x.Float32s(), shape, 32)
	case tensor.Float64:
		return x, floats(s, tensor.Data[float64](x), shape, 64)
	case tensor.Int8:
		return x, integers(s, x.Int8s(), shape, math.MinInt8, math.MaxInt8)
	case tensor.Int16:
		return x, integers(s, tensor.Data[int16](x), shape, math.MinInt16, math.MaxInt16)
	case tensor.Int32:
		return x, integers(s, x.Int32s(), shape, math.MinInt32, math.MaxInt32)
	case tensor.Int64:
		return x, integers(s, x.Int64s(), shape, math.MinInt64, math.MaxInt64)
	case tensor.UInt8:
		return x, naturals(s, x.Uint8s(), shape, math.MaxUint8)
	case tensor.UInt16:
		return x, naturals(s, tensor.Data[uint16](x), shape, math.MaxUint16)
	case tensor.UInt32:
		return x, naturals(s, tensor.Data[uint32](x), shape, math.MaxUint32)
	case tensor.UInt64:
		return x, naturals(s, tensor.Data[uint64](x), shape, math.MaxUint64)
	case tensor.Bool:
		dst := x.Uint8s()
		return x, s.elements(shape, len(dst), func(at int) error {
			v, err := s.boolean()
			if v {
				dst[at] = 1
			}
			return err
		})
	}
	return nil, serve.Errorf(serve.Invalid, "%s has no form in JSON: send it as binary data", serve.DatatypeOf(d))
}

// boolean reads true or false, or 1 or 0.
func (s *scanner) boolean() (bool, error) {
	if c := s.peek(); c == '0' || c == '1' {
		text, _, err := s.number()
		if err == nil && len(text) > 1 {
			err = s.errorf("true or false is expected")
		}
		return c == '1', err
	}
	return s.truth()
}

func floats[T float32 | float64](s *scanner, dst []T, shape tensor.Shape, bits int) error {
	return s.elements(shape, len(dst), func(at int) error {
		if bits == 32 {
			if v, ok := s.float32(); ok {
				dst[at] = T(v)
				return nil
			}
		}
		text, _, err := s.number()
		if err != nil {
			return err
		}
		v, err := strconv.ParseFloat(unsafe.String(&text[0], len(text)), bits)
		if err != nil {
			return s.errorf("%s is out of the range of FP%d", text, bits)
		}
		dst[at] = T(v)
		return nil
	})
}

// exact10 are the powers of ten that float64 holds exactly.
var exact10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// float32 reads a number of at most 18 digits, zeros in front of them not counted, and without an
// exponent, as nearly all are, in one pass. It reads nothing where it cannot be sure of the last
// bit: then strconv does it.
//
// The digits as a whole number, rounded to float64, divided by an exact power of ten and
// rounded again, are at most 1.1 units in the last place of float64 away from the number. Where
// the bits that float32 has not are further than that from the middle, at which rounding turns,
// rounding to float32 is as that of the number itself.
func (s *scanner) float32() (float32, bool) {
	s.space()
	b, i := s.b, s.i
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	const most = 18 // digits, which uint64 holds
	first, m := i, uint64(0)
	for i < len(b) && b[i]-'0' <= 9 && i-first <= most {
		m = m*10 + uint64(b[i]-'0')
		i++
	}
	digits := i - first
	if digits == 0 || digits > most || digits > 1 && b[first] == '0' {
		return 0, false
	}
	behind := 0
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		if m == 0 {
			for digits = 0; i < len(b) && b[i] == '0'; i++ {
			}
		}
		last := min(len(b), i+most-digits+1)
		for last-i >= 8 {
			v, ok := eight(binary.LittleEndian.Uint64(b[i:]))
			if !ok {
				break
			}
			m, i = m*1e8+v, i+8
		}
		for i < last && b[i]-'0' <= 9 {
			m = m*10 + uint64(b[i]-'0')
			i++
		}
		if behind = i - point; behind == 0 || i == last || behind >= len(exact10) {
			return 0, false
		}
	}
	if i < len(b) && (b[i]|0x20 == 'e' || b[i] == '.' || b[i]-'0' <= 9) {
		return 0, false
	}
	v := float64(m) / exact10[behind]
	const lost, middle, margin = 1<<29 - 1, 1 << 28, 4
	if off := int64(math.Float64bits(v)&lost) - middle; m != 0 && -margin < off && off < margin || m != 0 && v < 1e-30 {
		return 0, false
	}
	s.i = i
	if negative {
		v = -v
	}
	return float32(v), true
}

// eight is the number of which eight digits are the text, the first of them in the lowest byte;
// false where one of them is no digit. Neighbours are joined, to four numbers below 100, two below
// 10,000 and one.
func eight(text uint64) (uint64, bool) {
	const (
		bytes, pairs, fours = 0x0101010101010101, 0x00ff00ff00ff00ff, 0x0000ffff0000ffff
		high                = 0xf0 * bytes
	)
	if text&high != '0'*bytes || (text+6*bytes)&high != '0'*bytes {
		return 0, false
	}
	text &= 0x0f * bytes
	text = (text*10 + text>>8) & pairs
	text = (text*100 + text>>16) & fours
	return (text*10_000 + text>>32) & (1<<32 - 1), true
}

func integers[T int8 | int16 | int32 | int64](s *scanner, dst []T, shape tensor.Shape, lo, hi int64) error {
	return s.elements(shape, len(dst), func(at int) error {
		text, whole, err := s.number()
		if err != nil {
			return err
		}
		v, err := strconv.ParseInt(unsafe.String(&text[0], len(text)), 10, 64)
		if err != nil || !whole || v < lo || v > hi {
			return s.errorf("%s is no whole number from %d to %d", text, lo, hi)
		}
		dst[at] = T(v)
		return nil
	})
}

func naturals[T uint8 | uint16 | uint32 | uint64](s *scanner, dst []T, shape tensor.Shape, hi uint64) error {
	return s.elements(shape, len(dst), func(at int) error {
		text, whole, err := s.number()
		if err != nil {
			return err
		}
		if len(text) == 2 && text[0] == '-' && text[1] == '0' {
			text = text[1:]
		}
		v, err := strconv.ParseUint(unsafe.String(&text[0], len(text)), 10, 64)
		if err != nil || !whole || v > hi {
			return s.errorf("%s is no whole number from 0 to %d", text, hi)
		}
		dst[at] = T(v)
		return nil
	})
}

// imageFiles reads the data of a BYTES tensor: image files in base64.
func (s *scanner) imageFiles(shape tensor.Shape) ([][]byte, error) {
	n, err := shape.CheckedNumel()
	if err != nil {
		return nil, serve.Errorf(serve.Invalid, "%v", err)
	}
	var files [][]byte
	err = s.elements(shape, n, func(at int) error {
		text, err := s.text()
		if err != nil {
			return err
		}
		file, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return s.errorf("element %d of BYTES is not an image: the file's content in base64 is expected, and neither its name nor an address", at)
		}
		files = append(files, file)
		return nil
	})
	return files, err
}
