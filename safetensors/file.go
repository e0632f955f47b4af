package safetensors

import (
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// File is the content of a safetensors file: tensors by name, in the order of
// their data, and free metadata. The zero value is empty and ready for use.
type File struct {
	Metadata map[string]string // __metadata__; nil when there is none

	names   []string
	tensors map[string]*tensor.Tensor
}

// Names returns the names in order. The caller must not change them.
func (f *File) Names() []string { return f.names }

// Tensor returns the tensor of a name.
func (f *File) Tensor(name string) (*tensor.Tensor, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

// Set stores a tensor: in its place when the name exists, else at the end.
func (f *File) Set(name string, t *tensor.Tensor) {
	if f.tensors == nil {
		f.tensors = map[string]*tensor.Tensor{}
	}
	if _, ok := f.tensors[name]; !ok {
		f.names = append(f.names, name)
	}
	f.tensors[name] = t
}

// Delete removes a tensor.
func (f *File) Delete(name string) {
	if _, ok := f.tensors[name]; ok {
		delete(f.tensors, name)
		f.names = slices.DeleteFunc(f.names, func(n string) bool { return n == name })
	}
}

// dtype is the format's name of an element type. Its place in the list is its
// rank: the reference library lays tensors out by descending rank.
type dtype struct {
	name string
	is   tensor.DType
}

// dtypes lists the types that package tensor can hold, in the format's order.
var dtypes = []dtype{
	{"BOOL", tensor.Bool}, {"U8", tensor.UInt8}, {"I8", tensor.Int8}, {"F8_E5M2", tensor.Float8E5M2}, {"F8_E4M3", tensor.Float8E4M3},
	{"I16", tensor.Int16}, {"U16", tensor.UInt16}, {"F16", tensor.Float16}, {"BF16", tensor.BFloat16},
	{"I32", tensor.Int32}, {"U32", tensor.UInt32}, {"F32", tensor.Float32}, {"C64", tensor.Complex64},
	{"F64", tensor.Float64}, {"I64", tensor.Int64}, {"U64", tensor.UInt64},
}

func rank(d tensor.DType) int {
	return slices.IndexFunc(dtypes, func(e dtype) bool { return e.is == d })
}
