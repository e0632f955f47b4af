package onnxpb

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Marshal is the model's bytes, the same for the same model.
func Marshal(m *ModelProto) []byte {
	w := &wireWriter{out: make([]byte, 0, size(m))}
	m.fields(w)
	return w.out
}

// gettable is a message that hands its fields to the wire.
type gettable interface{ fields(*wireWriter) }

// wireWriter appends fields, or counts their bytes where out is nil: a message's length
// stands before it.
type wireWriter struct {
	out []byte
	n   int
}

func size(m gettable) int {
	var w wireWriter
	m.fields(&w)
	return w.n
}

func (w *wireWriter) tag(number protowire.Number, kind protowire.Type) {
	w.varint(protowire.EncodeTag(number, kind))
}

func (w *wireWriter) varint(v uint64) {
	if w.out == nil {
		w.n += protowire.SizeVarint(v)
		return
	}
	w.out = protowire.AppendVarint(w.out, v)
}

func (w *wireWriter) message(number protowire.Number, m gettable) {
	n := size(m)
	w.tag(number, protowire.BytesType)
	w.varint(uint64(n))
	if w.out == nil {
		w.n += n
		return
	}
	m.fields(w)
}

func (w *wireWriter) string(number protowire.Number, v string) { blob(w, number, v) }

func (w *wireWriter) bytes(number protowire.Number, v []byte) { blob(w, number, v) }

func blob[T string | []byte](w *wireWriter, number protowire.Number, v T) {
	w.tag(number, protowire.BytesType)
	w.varint(uint64(len(v)))
	if w.out == nil {
		w.n += len(v)
		return
	}
	w.out = append(w.out, v...)
}

func (w *wireWriter) int64(number protowire.Number, v int64) {
	w.tag(number, protowire.VarintType)
	w.varint(uint64(v))
}

func (w *wireWriter) int32(number protowire.Number, v int32) { w.int64(number, int64(v)) }

func (w *wireWriter) float32(number protowire.Number, v float32) {
	w.tag(number, protowire.Fixed32Type)
	w.fixed32(v)
}

func (w *wireWriter) fixed32(v float32) {
	if w.out == nil {
		w.n += 4
		return
	}
	w.out = protowire.AppendFixed32(w.out, math.Float32bits(v))
}

// packed writes the numbers of a packed field, whose bytes are counted first.
func packed[T any](w *wireWriter, number protowire.Number, v []T, each func(*wireWriter, T)) {
	if len(v) == 0 {
		return
	}
	var count wireWriter
	for _, x := range v {
		each(&count, x)
	}
	w.tag(number, protowire.BytesType)
	w.varint(uint64(count.n))
	if w.out == nil {
		w.n += count.n
		return
	}
	for _, x := range v {
		each(w, x)
	}
}

func (w *wireWriter) int32s(number protowire.Number, v []int32) {
	packed(w, number, v, func(w *wireWriter, x int32) { w.varint(uint64(x)) })
}

func (w *wireWriter) int64s(number protowire.Number, v []int64) {
	packed(w, number, v, func(w *wireWriter, x int64) { w.varint(uint64(x)) })
}

func (w *wireWriter) uint64s(number protowire.Number, v []uint64) {
	packed(w, number, v, (*wireWriter).varint)
}

func (w *wireWriter) float32s(number protowire.Number, v []float32) {
	packed(w, number, v, (*wireWriter).fixed32)
}

func (w *wireWriter) float64s(number protowire.Number, v []float64) {
	packed(w, number, v, func(w *wireWriter, x float64) {
		if w.out == nil {
			w.n += 8
			return
		}
		w.out = protowire.AppendFixed64(w.out, math.Float64bits(x))
	})
}
