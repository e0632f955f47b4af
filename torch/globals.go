package torch

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/tensor"
)

// role is what the interpreter makes of a global.
type role uint8

const (
	roleInert   role = iota // REDUCE, NEWOBJ and BUILD make an Opaque
	roleStorage             // names the class of a storage in a persistent id
	roleCall                // REDUCE makes a value: see callOf
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

// roleOf compares g with what the interpreter knows. Module and name must match
// exactly: a dotted name is the way to smuggle an attribute in ("torch" +
// "_utils._rebuild_tensor_v2").
func roleOf(g Global) role {
	switch {
	case strings.Contains(g.Name, "."):
		return roleInert
	case callOf(g) != nil:
		return roleCall
	case g.String() == "torch.ScriptObject":
		return roleScript
	}
	if _, ok := storageClasses[g.String()]; ok {
		return roleStorage
	}
	return roleInert
}

// resolve turns a global into its value: a DType, or the Global itself. What it
// names is never looked up, so any class is as harmless as another; the names
// that attacks are made of are refused all the same.
func resolve(module, name string) (Value, error) {
	g := spelled(module, name)
	if strings.Contains(name, ".") || isHostile(g) {
		return nil, refuse(g)
	}
	if g.Module == "torch" {
		if dt, err := tensor.ParseDType(name); err == nil {
			return DType(dt), nil
		}
	}
	return g, nil
}

// resolveNested is resolve for the names of protocol 4, which may be those of a
// class within a class: Outer.Inner.
func resolveNested(module, name string) (Value, error) {
	g := spelled(module, name)
	if g == getattr {
		return g, nil
	}
	if !strings.Contains(name, ".") {
		return resolve(module, name)
	}
	if isHostile(g) || reachesInto(g) {
		return nil, refuse(g)
	}
	return g, nil
}

// getattr is how protocol 2 names a class within a class, and a bound method.
var getattr = Global{"builtins", "getattr"}

// attribute is getattr(object, name) for opaque objects.
func attribute(args []Value) (Value, error) {
	if len(args) == 2 {
		name, _ := args[1].(String)
		switch of := args[0].(type) {
		case Global:
			g := Global{of.Module, of.Name + "." + string(name)}
			harmless := roleOf(of) == roleInert && of != getattr && !isHostile(g) && !reachesInto(g)
			if harmless && name != "" && len(g.Name) <= longestName {
				return g, nil
			}
		case *Opaque:
			return &Opaque{Global: getattr, Args: args}, nil
		}
	}
	return nil, refuse(getattr)
}

// refuse is the error for a global that no checkpoint needs.
func refuse(g Global) error {
	return withRemedy(fmt.Errorf("%w: the pickle names %q, which can run code in Python; octet runs nothing and reads no such file", ErrGlobal, g),
		"do not load it in Python unless you know who made it; ask for the weights alone: "+SaveStateDict)
}
