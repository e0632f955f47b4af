package tensor

import "fmt"

// DType is the element type of a tensor. The names follow PyTorch.
type DType uint8

// The element types. A quantized type differs from the plain integer type of
// the same width in that its tensors carry QParams.
const (
	Invalid DType = iota
	Float32
	Float64
	Float16
	BFloat16
	Float8E4M3
	Float8E5M2
	Int8
	Int16
	Int32
	Int64
	UInt8
	UInt16
	UInt32
	UInt64
	Bool
	Complex64
	Complex128
	QInt8
	QUInt8
	QInt32
	// Types that models store, and none computes with: one element is a byte in memory.
	Float8E4M3FNUZ
	Float8E5M2FNUZ
	Float8E8M0
	Float4E2M1
	Int4
	UInt4
	Int2
	UInt2
	numDTypes
)

type dtypeInfo struct {
	name   string
	size   int
	lo, hi int64 // code range of a quantized type
}

var dtypes = [numDTypes]dtypeInfo{
	Invalid:    {name: "invalid"},
	Float32:    {name: "float32", size: 4},
	Float64:    {name: "float64", size: 8},
	Float16:    {name: "float16", size: 2},
	BFloat16:   {name: "bfloat16", size: 2},
	Float8E4M3: {name: "float8_e4m3fn", size: 1},
	Float8E5M2: {name: "float8_e5m2", size: 1},
	Int8:       {name: "int8", size: 1},
	Int16:      {name: "int16", size: 2},
	Int32:      {name: "int32", size: 4},
	Int64:      {name: "int64", size: 8},
	UInt8:      {name: "uint8", size: 1},
	UInt16:     {name: "uint16", size: 2},
	UInt32:     {name: "uint32", size: 4},
	UInt64:     {name: "uint64", size: 8},
	Bool:       {name: "bool", size: 1},
	Complex64:  {name: "complex64", size: 8},
	Complex128: {name: "complex128", size: 16},
	QInt8:      {name: "qint8", size: 1, lo: -128, hi: 127},
	QUInt8:     {name: "quint8", size: 1, lo: 0, hi: 255},
	QInt32:     {name: "qint32", size: 4, lo: -1 << 31, hi: 1<<31 - 1},

	Float8E4M3FNUZ: {name: "float8_e4m3fnuz", size: 1},
	Float8E5M2FNUZ: {name: "float8_e5m2fnuz", size: 1},
	Float8E8M0:     {name: "float8_e8m0fnu", size: 1},
	Float4E2M1:     {name: "float4_e2m1fn", size: 1},
	Int4:           {name: "int4", size: 1},
	UInt4:          {name: "uint4", size: 1},
	Int2:           {name: "int2", size: 1},
	UInt2:          {name: "uint2", size: 1},
}

// String returns PyTorch's name of the type, without the "torch." prefix.
func (d DType) String() string {
	if d < numDTypes {
		return dtypes[d].name
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// Size is the number of bytes of one element; 0 for Invalid.
func (d DType) Size() int {
	if d < numDTypes {
		return dtypes[d].size
	}
	return 0
}

// IsQuantized reports whether tensors of this type carry QParams.
func (d DType) IsQuantized() bool { return d == QInt8 || d == QUInt8 || d == QInt32 }

// IsFloat reports whether d is one of the floating point types.
func (d DType) IsFloat() bool { return d >= Float32 && d <= Float8E5M2 || d.IsSmallFloat() }

// CodeRange returns the smallest and largest integer code of a quantized type.
// It panics for any other type.
func (d DType) CodeRange() (lo, hi int64) {
	if !d.IsQuantized() {
		panic("tensor: CodeRange of " + d.String())
	}
	return dtypes[d].lo, dtypes[d].hi
}

// ParseDType returns the type with PyTorch's name s, with or without "torch.".
func ParseDType(s string) (DType, error) {
	if len(s) > 6 && s[:6] == "torch." {
		s = s[6:]
	}
	for d := Float32; d < numDTypes; d++ {
		if dtypes[d].name == s {
			return d, nil
		}
	}
	return Invalid, fmt.Errorf("unknown element type %q", s)
}

// MarshalText gives PyTorch's name of the type.
func (d DType) MarshalText() ([]byte, error) {
	if d == Invalid || d >= numDTypes {
		return nil, fmt.Errorf("%v is no element type", d)
	}
	return []byte(d.String()), nil
}

// UnmarshalText is the inverse of MarshalText.
func (d *DType) UnmarshalText(text []byte) error {
	v, err := ParseDType(string(text))
	if err == nil {
		*d = v
	}
	return err
}
