package serve

import (
	"encoding/binary"
	"time"

	"github.com/octet-ml/octet/tensor"
)

// Timeout is the parameter of that name, microseconds.
func Timeout(us int64) (time.Duration, error) {
	const most = int64(24 * time.Hour / time.Microsecond)
	if us < 0 {
		return 0, Errorf(Invalid, "timeout %d: microseconds, 0 for none", us)
	}
	return time.Duration(min(us, most)) * time.Microsecond, nil
}

// Raw is an input of its elements, little-endian and row-major; those of BYTES have their
// lengths in front of them, in four bytes. The input may share the memory of data, which must not
// change before the request is answered.
func Raw(name, datatype string, shape tensor.Shape, data []byte) (Input, error) {
	in := Input{Name: name, Shape: shape}
	if datatype == BytesType {
		n, err := shape.CheckedNumel()
		if err != nil {
			return in, Errorf(Invalid, "input %s: %v", name, err)
		}
		in.Images, err = split(name, data, n)
		return in, err
	}
	d, err := ParseDatatype(datatype)
	if err != nil {
		return in, err
	}
	if d == tensor.Bool {
		for _, b := range data {
			if b > 1 {
				return in, Errorf(Invalid, "input %s: a byte %d among BOOL, which are 0 and 1", name, b)
			}
		}
	}
	if d == tensor.Float32 { // as images are; others are small
		if in.Data = tensor.Float32View(shape, data); in.Data != nil {
			return in, nil
		}
	}
	if in.Data, err = tensor.FromBytes(d, nil, shape, data); err != nil {
		return in, Errorf(Invalid, "input %s: %v", name, err)
	}
	return in, nil
}

// split are the n elements of BYTES.
func split(name string, data []byte, n int) ([][]byte, error) {
	const prefix = 4
	if n > len(data)/prefix {
		return nil, Errorf(Invalid, "input %s: %d bytes cannot hold %d elements with their lengths", name, len(data), n)
	}
	files := make([][]byte, 0, n)
	for len(data) >= prefix && len(files) < n {
		size := binary.LittleEndian.Uint32(data)
		if data = data[prefix:]; uint64(size) > uint64(len(data)) {
			return nil, Errorf(Invalid, "input %s: element %d has %d bytes, of which %d have come", name, len(files), size, len(data))
		}
		files, data = append(files, data[:size:size]), data[size:]
	}
	if len(files) != n || len(data) > 0 {
		return nil, Errorf(Invalid, "input %s: %d elements and %d bytes behind them; %d elements are expected", name, len(files), len(data), n)
	}
	return files, nil
}

// Datatype is the protocol's name of the output's elements.
func (o Output) Datatype() string {
	if o.Data == nil {
		return BytesType
	}
	return DatatypeOf(o.Data.DType())
}

// Raw are the elements as function Raw takes them. The caller must not change them.
func (o Output) Raw() []byte {
	if o.Data != nil {
		return o.Data.Bytes()
	}
	var b []byte
	for _, text := range o.Texts {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	return b
}
