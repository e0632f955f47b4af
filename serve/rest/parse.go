package rest

import (
	"bytes"
	"strconv"

	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

// inferRequest is a request and how its answer is to be written.
type inferRequest struct {
	serve.Request
	binary    bool            // outputs are binary unless told otherwise
	outputs   map[string]bool // which are binary, where the request says so of one
	requested bool            // it lists outputs
}

// binaryOf reports whether an output is written as binary data.
func (q *inferRequest) binaryOf(name string) bool {
	if b, ok := q.outputs[name]; ok {
		return b
	}
	return q.binary
}

// rawInput is an input as it stands in a request.
type rawInput struct {
	name, datatype string
	shape          tensor.Shape
	hasShape       bool
	data           int // where its data stands; -1 where it has none
	input          serve.Input
	done           bool
	size           int // of its binary data; -1 where it has none
}

// parseInfer reads a request: JSON, and behind it the binary data of its inputs.
func parseInfer(head, tail []byte) (*inferRequest, error) {
	s := &scanner{b: head}
	q := &inferRequest{outputs: map[string]bool{}}
	inputs := false
	err := s.object(1, func(name string) (err error) {
		switch name {
		case "id":
			q.ID, err = s.text()
		case "parameters":
			err = s.parameters(q)
		case "inputs":
			inputs = true
			err = s.array(func() error {
				in, err := s.input(&tail)
				if err == nil {
					q.Inputs = append(q.Inputs, in)
				}
				return err
			})
		case "outputs":
			q.requested = true
			err = s.array(func() error { return s.output(q) })
		default:
			err = s.skip(1)
		}
		return err
	})
	if err == nil {
		err = s.end()
	}
	switch {
	case err != nil:
		return nil, err
	case !inputs:
		return nil, serve.Errorf(serve.Invalid, "the request has no inputs")
	case len(tail) > 0:
		return nil, serve.Errorf(serve.Invalid, "%d bytes are left behind the binary data of all inputs: binary_data_size of each must add up to what follows the JSON", len(tail))
	}
	if len(q.Outputs) == 0 {
		q.Outputs = nil
	}
	return q, nil
}

// parameters reads those of the request.
func (s *scanner) parameters(q *inferRequest) error {
	return s.object(2, func(name string) (err error) {
		switch name {
		case "binary_data_output":
			q.binary, err = s.truth()
		case "timeout":
			var us int
			if us, err = s.size("timeout"); err == nil {
				q.Timeout, err = serve.Timeout(int64(us))
			}
		case "sequence_id", "sequence_start", "sequence_end":
			from := s.i
			err = s.skip(2)
			if v := string(bytes.TrimSpace(s.b[from:s.i])); err == nil && v != "0" && v != "false" && v != `""` {
				err = serve.Errorf(serve.Invalid, "parameter %s: models here keep no state between requests", name)
			}
		default: // priority: all requests have the same
			err = s.skip(2)
		}
		return err
	})
}

// size reads a whole number from 0.
func (s *scanner) size(what string) (int, error) {
	text, whole, err := s.number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || !whole || n < 0 {
		return 0, s.errorf("%s: %s is no whole number from 0 up", what, text)
	}
	return int(n), nil
}

// shape reads the extents of a tensor.
func (s *scanner) shape() (tensor.Shape, error) {
	shape := tensor.Shape{}
	err := s.array(func() error {
		if len(shape) == maxDepth {
			return s.errorf("a shape of more than %d axes", maxDepth)
		}
		n, err := s.size("an extent of shape")
		shape = append(shape, n)
		return err
	})
	return shape, err
}

// input reads an input; its binary data is taken from the front of tail.
func (s *scanner) input(tail *[]byte) (serve.Input, error) {
	in := rawInput{data: -1, size: -1}
	err := s.object(2, func(name string) (err error) {
		switch name {
		case "name":
			in.name, err = s.text()
		case "datatype":
			in.datatype, err = s.text()
		case "shape":
			in.hasShape = true
			in.shape, err = s.shape()
		case "parameters":
			err = s.object(3, func(name string) (err error) {
				if name == "binary_data_size" {
					in.size, err = s.size(name)
					return err
				}
				if name == "shared_memory_region" {
					return serve.Errorf(serve.Unimplemented, "shared memory is not served: send the data")
				}
				return s.skip(3)
			})
		case "data":
			in.data = s.i
			if in.hasShape && in.datatype != "" {
				in.done = true
				err = s.values(&in)
			} else { // in another order than usual: it is read when its type is known
				err = s.skip(2)
			}
		default:
			err = s.skip(2)
		}
		return err
	})
	switch {
	case err != nil:
		return serve.Input{}, err
	case in.name == "" || in.datatype == "" || !in.hasShape:
		return serve.Input{}, s.errorf("an input needs a name, a datatype and a shape")
	case in.data >= 0 && in.size >= 0:
		return serve.Input{}, serve.Errorf(serve.Invalid, "input %s has both data and binary_data_size", in.name)
	case in.data < 0 && in.size < 0:
		return serve.Input{}, serve.Errorf(serve.Invalid, "input %s has neither data nor binary_data_size", in.name)
	case in.size >= 0:
		if in.size > len(*tail) {
			return serve.Input{}, serve.Errorf(serve.Invalid, "input %s: %d bytes of binary data, of which %d have come", in.name, in.size, len(*tail))
		}
		data := (*tail)[:in.size]
		*tail = (*tail)[in.size:]
		in.input, err = serve.Raw(in.name, in.datatype, in.shape, data)
	case !in.done:
		again := &scanner{b: s.b, i: in.data}
		err = again.values(&in)
	}
	in.input.Name = in.name
	return in.input, err
}

// values reads the data of an input.
func (s *scanner) values(in *rawInput) (err error) {
	if in.datatype == serve.BytesType {
		in.input.Shape = in.shape
		in.input.Images, err = s.imageFiles(in.shape)
		return err
	}
	d, err := serve.ParseDatatype(in.datatype)
	if err != nil {
		return err
	}
	if in.input.Data, err = s.data(d, in.shape); err == nil {
		in.input.Shape = in.shape
	}
	return err
}

// output reads what is asked for of an output.
func (s *scanner) output(q *inferRequest) error {
	out := serve.Requested{}
	binary, told := false, false
	err := s.object(2, func(name string) (err error) {
		switch name {
		case "name":
			out.Name, err = s.text()
		case "parameters":
			err = s.object(3, func(name string) (err error) {
				switch name {
				case "binary_data":
					told = true
					binary, err = s.truth()
				case "classification":
					out.Classes, err = s.size(name)
				case "shared_memory_region":
					err = serve.Errorf(serve.Unimplemented, "shared memory is not served: take the data")
				default:
					err = s.skip(3)
				}
				return err
			})
		default:
			err = s.skip(2)
		}
		return err
	})
	if err == nil && out.Name == "" {
		err = s.errorf("an output needs a name")
	}
	if told {
		q.outputs[out.Name] = binary
	}
	q.Outputs = append(q.Outputs, out)
	return err
}
