package serve

import "github.com/octet-ml/octet/tensor"

// BytesType is the protocol's type of elements of any length; here each is an image file.
const BytesType = "BYTES"

// datatypes are the protocol's names of element types.
var datatypes = map[string]tensor.DType{
	"BOOL": tensor.Bool, "UINT8": tensor.UInt8, "UINT16": tensor.UInt16, "UINT32": tensor.UInt32, "UINT64": tensor.UInt64,
	"INT8": tensor.Int8, "INT16": tensor.Int16, "INT32": tensor.Int32, "INT64": tensor.Int64,
	"FP16": tensor.Float16, "BF16": tensor.BFloat16, "FP32": tensor.Float32, "FP64": tensor.Float64,
}

var datatypeNames = func() map[tensor.DType]string {
	names := map[tensor.DType]string{}
	for name, d := range datatypes {
		names[d] = name
	}
	return names
}()

// ParseDatatype is the element type with the protocol's name. BYTES is none.
func ParseDatatype(name string) (tensor.DType, error) {
	d, ok := datatypes[name]
	if !ok {
		return tensor.Invalid, Errorf(Invalid, "datatype %q: BOOL, INT8 to INT64, UINT8 to UINT64, FP16, BF16, FP32, FP64 and BYTES are known", name)
	}
	return d, nil
}

// DatatypeOf is the protocol's name of an element type; empty where it has none.
func DatatypeOf(d tensor.DType) string { return datatypeNames[d] }
