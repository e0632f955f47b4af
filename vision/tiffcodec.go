package vision

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/image/tiff/lzw"
)

// unpackBlock decompresses a block of size bytes, whose rows are stride bytes to the
// predictor. Samples of 16 and 32 bits are little-endian afterwards.
func (m *tiffCanvas) unpackBlock(b block, stride, size int) ([]byte, error) {
	data := b.data
	if m.reversed && m.compression != tiffJPEG {
		data = bytes.Clone(data)
		for i := range data {
			data[i] = bits.Reverse8(data[i])
		}
	}
	out, err := m.decompress(b, data, size)
	if err != nil {
		return nil, err
	}
	if len(out) < size {
		return nil, errTIFFCut
	}
	out = out[:size]
	return out, m.predict(out, stride)
}

// decompress returns at least size bytes, or fails.
func (m *tiffCanvas) decompress(b block, data []byte, size int) ([]byte, error) {
	switch m.compression {
	case tiffLZW:
		r := lzw.NewReader(bytes.NewReader(data), lzw.MSB, 8)
		defer r.Close()
		return readFull(r, size)
	case tiffDeflate, tiffDeflate2:
		r, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return readFull(r, size)
	case tiffPackBits:
		return unpackBitsRuns(data, size)
	case tiffZstandard:
		r, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30), zstd.WithDecoderMaxWindow(1<<27))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return readFull(r, size)
	case tiffLZMA:
		return unpackXZ(data, size)
	case tiffFaxRLE, tiffFax3, tiffFax4:
		return m.fax(b, data)
	case tiffJPEG:
		return m.jpegBlock(b, data)
	case tiffWebP:
		return m.webPBlock(b, data)
	}
	return nil, fmt.Errorf("compression %d is not supported", m.compression)
}

// readFull reads size bytes; what a checksum behind them says does not count.
func readFull(r io.Reader, size int) ([]byte, error) {
	out := make([]byte, 0, min(size, 1<<20))
	for len(out) < size {
		if len(out) == cap(out) {
			out = append(make([]byte, 0, min(size, 4*cap(out))), out...)
		}
		n, err := r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		if len(out) < size && err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				return nil, errTIFFCut
			}
			return nil, err
		}
	}
	return out, nil
}

// unpackBitsRuns unpacks PackBits: a byte below 128 announces literal bytes, one above
// it a run.
func unpackBitsRuns(data []byte, size int) ([]byte, error) {
	out := make([]byte, 0, min(size, 128*len(data)))
	for len(out) < size {
		if len(data) < 2 {
			return nil, errTIFFCut
		}
		n := int(int8(data[0]))
		switch {
		case n >= 0:
			if len(data) < n+2 {
				return nil, errTIFFCut
			}
			out = append(out, data[1:n+2]...)
			data = data[n+2:]
		case n == -128:
			data = data[1:]
		default:
			out = append(out, bytes.Repeat(data[1:2], 1-n)...)
			data = data[2:]
		}
	}
	return out, nil
}

// fax unpacks the compressions of CCITT. A white run is made of zeros, whatever zero
// stands for in the file.
func (m *tiffCanvas) fax(b block, data []byte) ([]byte, error) {
	if m.bits != 1 || m.samples != 1 {
		return nil, errors.New("a fax of more than 1 bit")
	}
	form := faxForm{}
	switch m.compression {
	case tiffFaxRLE:
		form.aligned = true
	case tiffFax3:
		form.marked, form.two = true, m.tags.number(292, 0)&1 != 0
	case tiffFax4:
		form.two = true
	}
	return decodeFax(data, form, b.columns, b.rows)
}

// webPBlock unpacks a WebP of three or four samples.
func (m *tiffCanvas) webPBlock(b block, data []byte) ([]byte, error) {
	w, h, err := webpSize(data)
	if err != nil {
		return nil, err
	}
	pixels := m.samples == 3 && m.bits == 8 && !m.separate
	if fits := w == b.columns && h >= b.rows; !pixels || !fits || isAnimated(data) {
		return nil, errors.New("WebP of this layout is not supported")
	}
	image, err := decodeWebPStill(data)
	if err != nil {
		return nil, err
	}
	return image.Pix, nil
}

// predict brings samples to little-endian order and undoes the predictor.
func (m *tiffCanvas) predict(data []byte, stride int) error {
	predictor := 1
	switch m.compression {
	case tiffLZW, tiffDeflate, tiffDeflate2, tiffZstandard, tiffLZMA:
		predictor = m.tags.number(317, 1)
	}
	step := m.samplesStored()
	size := m.bits / 8
	switch {
	case predictor == 1:
		m.swap(data, size)
	case predictor == 2 && (m.bits == 8 || m.bits == 16 || m.bits == 32):
		m.swap(data, size)
		for ; len(data) >= stride && stride > 0; data = data[stride:] {
			accumulate(data[:stride], step, size)
		}
	case predictor == 3 && m.bits == 32 && m.tags.number(339, 1) == 3:
		whole := make([]byte, stride)
		for ; len(data) >= stride; data = data[stride:] {
			accumulate(data[:stride], step, 1)
			n := stride / size
			for i := range n {
				for j := range size {
					whole[i*size+j] = data[(size-1-j)*n+i]
				}
			}
			copy(data, whole)
		}
	default:
		return fmt.Errorf("predictor %d of %d bits is not supported", predictor, m.bits)
	}
	return nil
}

// swap turns big-endian samples of a big-endian file.
func (m *tiffCanvas) swap(data []byte, size int) {
	if !m.bigEndian || m.compression == tiffJPEG {
		return
	}
	switch size {
	case 2:
		for i := 0; i+1 < len(data); i += 2 {
			data[i], data[i+1] = data[i+1], data[i]
		}
	case 4:
		for i := 0; i+3 < len(data); i += 4 {
			binary.LittleEndian.PutUint32(data[i:], binary.BigEndian.Uint32(data[i:]))
		}
	}
}

// accumulate adds to each sample the one step samples before it.
func accumulate(row []byte, step, size int) {
	le := binary.LittleEndian
	for i := step * size; i+size <= len(row); i += size {
		before, here := row[i-step*size:], row[i:]
		switch size {
		case 1:
			here[0] += before[0]
		case 2:
			le.PutUint16(here, le.Uint16(here)+le.Uint16(before))
		default:
			le.PutUint32(here, le.Uint32(here)+le.Uint32(before))
		}
	}
}
