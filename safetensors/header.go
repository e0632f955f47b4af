package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/octet-ml/octet/tensor"
)

// entry is a tensor of the header.
type entry struct {
	name       string
	dtype      tensor.DType
	shape      tensor.Shape
	begin, end int64 // bytes, relative to the start of the data
}

const (
	maxHeader = 100_000_000 // as the reference library
	maxRank   = 64
)

// parseHeader reads the JSON header, without recursion, and checks that the
// tensors cover exactly the dataSize bytes behind it. Entries come in data order.
func parseHeader(text []byte, dataSize int64) ([]entry, map[string]string, error) {
	if !utf8.Valid(text) {
		return nil, nil, errors.New("the header is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	p := parser{d}
	var entries []entry
	var metadata map[string]string
	err := p.object(func(name string) (err error) {
		if name == "__metadata__" {
			metadata, err = p.metadata()
			return err
		}
		e, err := p.entry()
		e.name = name
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, errors.New("the header goes on behind its object")
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.begin != b.begin {
			return int(max(min(a.begin-b.begin, 1), -1))
		}
		return int(max(min(a.end-b.end, 1), -1))
	})
	at := int64(0)
	for _, e := range entries {
		if e.begin != at {
			return nil, nil, fmt.Errorf("tensor %q begins at byte %d, expected %d: the data has holes or overlaps", e.name, e.begin, at)
		}
		at = e.end
	}
	if at != dataSize {
		return nil, nil, fmt.Errorf("the tensors cover %d bytes of %d", at, dataSize)
	}
	return entries, metadata, nil
}

// parser reads the fixed shape of the header token by token.
type parser struct{ *json.Decoder }

func (p parser) token() (json.Token, error) {
	t, err := p.Token()
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = errors.New("the header ends in the middle")
	}
	return t, err
}

func (p parser) delim(want json.Delim) error {
	t, err := p.token()
	if err == nil && t != json.Token(want) {
		err = fmt.Errorf("%v where %v belongs", t, want)
	}
	return err
}

// object calls field for each field name, which must be unique; field reads the value.
func (p parser) object(field func(name string) error) error {
	if err := p.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.More() {
		t, err := p.token()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok || seen[name] {
			return fmt.Errorf("the name %v occurs twice", t)
		}
		seen[name] = true
		if err := field(name); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	return p.delim('}')
}

func (p parser) metadata() (map[string]string, error) {
	out := map[string]string{}
	return out, p.object(func(name string) error {
		s, err := p.text()
		out[name] = s
		return err
	})
}

func (p parser) text() (string, error) {
	t, err := p.token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("%v, expected a string", t)
	}
	return s, nil
}

// entry reads {"dtype": ..., "shape": [...], "data_offsets": [begin, end]}.
func (p parser) entry() (e entry, err error) {
	var offsets []int64
	fields := 0
	err = p.object(func(name string) (err error) {
		fields++
		switch name {
		case "dtype":
			e.dtype, err = p.dtype()
		case "shape":
			var dims []int64
			if dims, err = p.numbers(); err == nil {
				e.shape, err = asShape(dims)
			}
		case "data_offsets":
			offsets, err = p.numbers()
		default:
			err = errors.New("no field of a tensor")
		}
		return err
	})
	if err != nil {
		return e, err
	}
	if fields != 3 || len(offsets) != 2 || offsets[1] < offsets[0] {
		return e, fmt.Errorf("expected dtype, shape and data_offsets [begin, end], found %d fields and offsets %v", fields, offsets)
	}
	e.begin, e.end = offsets[0], offsets[1]
	n, err := e.shape.CheckedNumel()
	if err != nil {
		return e, err
	}
	size, have := int64(e.dtype.Size()), e.end-e.begin
	if have%size != 0 || have/size != int64(n) {
		return e, fmt.Errorf("%v%v needs %d elements of %d bytes, the offsets give %d bytes", e.dtype, e.shape, n, size, have)
	}
	return e, nil
}

func (p parser) dtype() (tensor.DType, error) {
	s, err := p.text()
	if err != nil {
		return tensor.Invalid, err
	}
	for _, d := range dtypes {
		if d.name == s {
			return d.is, nil
		}
	}
	return tensor.Invalid, fmt.Errorf("element type %q is unknown or not supported", s)
}

// numbers reads an array of non-negative integers.
func (p parser) numbers() ([]int64, error) {
	if err := p.delim('['); err != nil {
		return nil, err
	}
	out := []int64{}
	for p.More() {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		n, ok := t.(json.Number)
		if !ok || len(out) >= maxRank {
			return nil, fmt.Errorf("%v, expected at most %d integers", t, maxRank)
		}
		v, err := strconv.ParseInt(n.String(), 10, 64)
		if err != nil || v < 0 {
			return nil, fmt.Errorf("%v, expected a non-negative integer", n)
		}
		out = append(out, v)
	}
	return out, p.delim(']')
}

func asShape(dims []int64) (tensor.Shape, error) {
	s := make(tensor.Shape, len(dims))
	for i, d := range dims {
		if s[i] = int(d); int64(s[i]) != d {
			return nil, fmt.Errorf("extent %d is too large", d)
		}
	}
	return s, nil
}
