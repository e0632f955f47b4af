package torch

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/tensor"
)

// role is what the interpreter may do with an allowed global.
type role uint8

const (
	roleNone    role = iota // not allowed
	roleToken               // may only be an argument or a value
	roleStorage             // names the class of a storage in a persistent id
	roleCall                // REDUCE makes a value: see callOf
	roleInert               // REDUCE, NEWOBJ and BUILD make an Opaque
	roleScript              // NEWOBJ makes a ScriptObject
)

// storageClass describes a torch.*Storage.
type storageClass struct {
	dtype tensor.DType // Invalid: untyped, or packed below a byte
	size  int64        // bytes of one counted element; 0 for classes octet does not load
}

var storageClasses = map[string]storageClass{
	"torch.FloatStorage":           {tensor.Float32, 4},
	"torch.DoubleStorage":          {tensor.Float64, 8},
	"torch.HalfStorage":            {tensor.Float16, 2},
	"torch.BFloat16Storage":        {tensor.BFloat16, 2},
	"torch.LongStorage":            {tensor.Int64, 8},
	"torch.IntStorage":             {tensor.Int32, 4},
	"torch.ShortStorage":           {tensor.Int16, 2},
	"torch.CharStorage":            {tensor.Int8, 1},
	"torch.ByteStorage":            {tensor.UInt8, 1},
	"torch.BoolStorage":            {tensor.Bool, 1},
	"torch.ComplexFloatStorage":    {tensor.Complex64, 8},
	"torch.ComplexDoubleStorage":   {tensor.Complex128, 16},
	"torch.QInt8Storage":           {tensor.QInt8, 1},
	"torch.QUInt8Storage":          {tensor.QUInt8, 1},
	"torch.QInt32Storage":          {tensor.QInt32, 4},
	"torch.QUInt4x2Storage":        {tensor.Invalid, 0},
	"torch.QUInt2x4Storage":        {tensor.Invalid, 0},
	"torch.storage.UntypedStorage": {tensor.Invalid, 1},
}

// tokens may stand where a value stands; nothing can be done with them.
var tokens = newSet(
	"torch.per_tensor_affine", "torch.per_channel_affine", "torch.per_channel_affine_float_qparams",
	"torch.per_tensor_symmetric", "torch.per_channel_symmetric",
	"torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer",
	"torch.strided", "torch.sparse_coo", "torch.contiguous_format", "torch.channels_last", "torch.preserve_format",
	"torch.quint4x2", "torch.quint2x4", "torch.complex32", "torch.float8_e4m3fnuz", "torch.float8_e5m2fnuz",
	"torch.FloatTensor", "torch.DoubleTensor", "torch.HalfTensor", "torch.LongTensor", "torch.IntTensor",
	"torch.ShortTensor", "torch.CharTensor", "torch.ByteTensor", // classes of tars
	"builtins.list", "builtins.dict", "builtins.tuple", "builtins.int", "builtins.float", "builtins.str", "builtins.bool",
	"builtins.object",
	"numpy.ndarray", "numpy.bool", "numpy.bool_", "numpy.int8", "numpy.int16", "numpy.int32", "numpy.int64", "numpy.uint8", "numpy.uint16",
	"numpy.uint32", "numpy.uint64", "numpy.float16", "numpy.float32", "numpy.float64",
)

// inert are training leftovers that hold data only. They become Opaque: the
// rest of the checkpoint can be read, they cannot be part of a state dict.
var inert = newSet(
	"argparse.Namespace", "types.SimpleNamespace", "easydict.EasyDict",
	"numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
	"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.dtype",
	"pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath",
	"pathlib.PurePath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath",
	"pathlib._local.Path", "pathlib._local.PosixPath", "pathlib._local.WindowsPath",
	"pathlib._local.PurePath", "pathlib._local.PurePosixPath", "pathlib._local.PureWindowsPath",
	"collections.deque", "builtins.slice", "builtins.range",
	"datetime.date", "datetime.time", "datetime.datetime", "datetime.timedelta", "datetime.timezone",
	"decimal.Decimal", "fractions.Fraction", "uuid.UUID",
	"torch.device", "torch.torch_version.TorchVersion", "torch.serialization._get_layout",
	"torch._utils._rebuild_meta_tensor_no_storage", "torch._utils._rebuild_sparse_tensor",
)

func newSet(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// spelled gives a global its Python 3 name: writers of protocol 2 use the old ones.
func spelled(module, name string) Global {
	switch module {
	case "__builtin__":
		module = "builtins"
	case "copy_reg":
		module = "copyreg"
	}
	return Global{module, name}
}

// roleOf compares g with the lists. The pair must match exactly: a dotted name
// is the way to smuggle an attribute in ("torch" + "_utils._rebuild_tensor_v2").
func roleOf(g Global) role {
	if strings.Contains(g.Name, ".") {
		return roleNone
	}
	name := g.String()
	switch {
	case callOf(name) != nil:
		return roleCall
	case tokens[name]:
		return roleToken
	case inert[name]:
		return roleInert
	case name == "torch.ScriptObject":
		return roleScript
	}
	if _, ok := storageClasses[name]; ok {
		return roleStorage
	}
	return roleNone
}

// resolve turns an allowed global into its value: a DType, or the Global itself.
func resolve(module, name string) (Value, error) {
	g := spelled(module, name)
	if g.Module == "torch" {
		if dt, err := tensor.ParseDType(name); err == nil && !strings.Contains(name, ".") {
			return DType(dt), nil
		}
	}
	if roleOf(g) != roleNone {
		return g, nil
	}
	return nil, refuse(g)
}

// refuse is the error for a global that is on no list.
func refuse(g Global) error {
	for _, p := range []string{"torch.nn", "torchvision", "torch.fx", "torch.jit", "torch.ao", "torch.quantization", "__main__", "timm"} {
		if g.Module == p || strings.HasPrefix(g.Module, p+".") {
			return withRemedy(fmt.Errorf("%w (it names the class %q)", ErrPickledModel, g),
				"load it in Python and save the weights alone: "+SaveStateDict)
		}
	}
	return withRemedy(fmt.Errorf("%w: the pickle names %q, which may run code; octet reads data only", ErrGlobal, g),
		"if you trust the file, load it in Python and save the weights alone: "+SaveStateDict)
}
