package torch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// pickler writes the protocol-2 pickle of a state dict. It uses no memo: a
// reader needs none, and the storages say what is shared.
type pickler struct {
	buf  bytes.Buffer
	pool *pool
}

// stateDict writes the OrderedDict and its _metadata.
func (p *pickler) stateDict(sd *StateDict) error {
	p.buf.Write([]byte{opProto, 2})
	p.orderedDict()
	for _, key := range sd.Keys() {
		v, _ := sd.Entry(key)
		p.str(key)
		if err := p.value(v); err != nil {
			return atKey(err, key)
		}
		p.op(opSetItem)
	}
	if sd.Metadata != nil {
		p.metadata(sd.Metadata)
	}
	p.op(opStop)
	return nil
}

// metadata writes BUILD with {'_metadata': OrderedDict(path -> {'version': n})}.
func (p *pickler) metadata(versions map[string]int) {
	p.op(opEmptyDict)
	p.str("_metadata")
	p.orderedDict()
	paths := make([]string, 0, len(versions))
	for path := range versions {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		p.str(path)
		p.op(opEmptyDict)
		p.str("version")
		p.int(int64(versions[path]))
		p.op(opSetItem, opSetItem)
	}
	p.op(opSetItem, opBuild)
}

func (p *pickler) value(v Value) error {
	switch v := v.(type) {
	case None:
		p.op(opNone)
	case Bool:
		p.bool(bool(v))
	case Int:
		p.int(int64(v))
	case Float:
		p.float(float64(v))
	case String:
		p.str(string(v))
	case DType:
		p.global("torch", tensor.DType(v).String())
	case *Tensor:
		return p.tensor(v)
	case *PackedLinear:
		if err := p.tensor(v.Weight); err != nil {
			return err
		}
		if v.Bias == nil {
			p.op(opNone)
		} else if err := p.tensor(v.Bias); err != nil {
			return err
		}
		p.op(opTuple2)
	case nil:
		return fmt.Errorf("no value")
	default:
		return fmt.Errorf("%s cannot be written: torch.load(weights_only=True) would refuse it", v.kind())
	}
	return nil
}

// tensor writes a tensor, wrapped as an nn.Parameter where it is one.
func (p *pickler) tensor(t *Tensor) error {
	if t == nil || t.Data == nil {
		return fmt.Errorf("a tensor without data")
	}
	if !t.Parameter {
		return p.bare(t, t.RequiresGrad)
	}
	p.global("torch._utils", "_rebuild_parameter")
	if err := p.bare(t, false); err != nil {
		return err
	}
	p.bool(t.RequiresGrad)
	p.orderedDict()
	p.op(opTuple3, opReduce)
	return nil
}

// storageNames are the typed storage classes; other types use untyped storage.
var storageNames = func() map[tensor.DType]string {
	m := map[tensor.DType]string{}
	for name, c := range storageClasses {
		if c.dtype != tensor.Invalid {
			m[c.dtype] = name[len("torch."):]
		}
	}
	return m
}()

func (p *pickler) bare(t *Tensor, requiresGrad bool) error {
	s, err := p.pool.place(t)
	if err != nil {
		return err
	}
	dtype := t.DType()
	class, typed := storageNames[dtype]
	switch {
	case dtype.IsQuantized():
		p.global("torch._utils", "_rebuild_qtensor")
	case typed:
		p.global("torch._utils", "_rebuild_tensor_v2")
	default:
		p.global("torch._utils", "_rebuild_tensor_v3")
	}
	p.op(opMark)
	p.op(opMark) // the persistent id
	p.str("storage")
	if typed {
		p.global("torch", class)
	} else {
		p.global("torch.storage", "UntypedStorage")
	}
	p.str(s.storage.key())
	p.str("cpu")
	if typed {
		p.int(s.storage.numel)
	} else {
		p.int(s.storage.numel * int64(dtype.Size()))
	}
	p.op(opTuple, opBinPersID)
	p.int(s.offset)
	p.ints(t.Shape())
	p.ints(s.stride)
	if q := t.Data.QParams(); q != nil {
		if err := p.quantParams(q); err != nil {
			return err
		}
	}
	p.bool(requiresGrad)
	p.orderedDict()
	if !typed {
		p.global("torch", dtype.String())
	}
	p.op(opTuple, opReduce)
	return nil
}

// quantParams writes (scheme, scale, zero point) or (scheme, scales, zero points, axis).
func (p *pickler) quantParams(q *tensor.QParams) error {
	p.op(opMark)
	if q.IsPerTensor() {
		p.global("torch", "per_tensor_affine")
		p.float(q.Scale())
		p.int(q.ZeroPoint())
		p.op(opTuple)
		return nil
	}
	n := len(q.Scales)
	scales, zeros := tensor.Of(q.Scales, n), tensor.Of(q.ZeroPoints, len(q.ZeroPoints))
	if q.FloatZeroPoints != nil { // PyTorch tells this scheme by the float32 tensors
		narrow := make([]float32, n)
		for i, s := range q.Scales {
			narrow[i] = float32(s)
		}
		scales, zeros = tensor.Of(narrow, n), tensor.Of(q.FloatZeroPoints, n)
	}
	p.global("torch", "per_channel_affine")
	if err := p.bare(NewTensor(scales), false); err != nil {
		return err
	}
	if err := p.bare(NewTensor(zeros), false); err != nil {
		return err
	}
	p.int(int64(q.Axis))
	p.op(opTuple)
	return nil
}

func (p *pickler) op(codes ...byte) { p.buf.Write(codes) }

func (p *pickler) global(module, name string) {
	p.op(opGlobal)
	p.buf.WriteString(module + "\n" + name + "\n")
}

func (p *pickler) orderedDict() {
	p.global("collections", "OrderedDict")
	p.op(opEmptyTuple, opReduce)
}

func (p *pickler) str(s string) {
	p.op(opBinUnicode)
	p.buf.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	p.buf.WriteString(s)
}

func (p *pickler) bool(b bool) {
	if b {
		p.op(opNewTrue)
	} else {
		p.op(opNewFalse)
	}
}

func (p *pickler) float(f float64) {
	p.op(opBinFloat)
	p.buf.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(f)))
}

func (p *pickler) int(n int64) {
	switch {
	case n >= 0 && n < 1<<8:
		p.op(opBinInt1, byte(n))
	case n >= 0 && n < 1<<16:
		p.op(opBinInt2, byte(n), byte(n>>8))
	case n == int64(int32(n)):
		p.op(opBinInt)
		p.buf.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	default:
		p.op(opLong1, 8)
		p.buf.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
	}
}

func (p *pickler) ints(ns []int) {
	p.op(opMark)
	for _, n := range ns {
		p.int(int64(n))
	}
	p.op(opTuple)
}
