package vision

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// jpegFile is the state of decoding one JPEG (ITU-T T.81), baseline or
// progressive, with Huffman coding and 8 bits. All coefficients are kept until
// the last scan, but where there is one scan alone.
type jpegFile struct {
	width, height int
	progressive   bool
	components    []jpegComponent
	maxH, maxV    int

	quant   [4][64]int32 // in zigzag order
	huffman [2][4]*huffmanTable
	restart int // MCUs between restart markers, 0 without

	scans    int
	complete bool   // the one scan of a sequential file was read: nothing behind it matters
	damage   string // the first thing that is wrong

	jfif        bool
	adobe       bool
	transformed byte // Adobe's: 0 none, 1 YCbCr, 2 YCCK

	lent *jpegMemory // what release gives back
}

// jpegMemory is what decoding needs by component, kept for the next file.
type jpegMemory struct {
	coeff   [4][]int16
	samples [4][]uint8
}

var jpegMemories = sync.Pool{New: func() any { return new(jpegMemory) }}

func (f *jpegFile) memory() *jpegMemory {
	if f.lent == nil {
		f.lent = jpegMemories.Get().(*jpegMemory)
	}
	return f.lent
}

// release ends the use of samples and coefficients.
func (f *jpegFile) release() {
	if f.lent == nil {
		return
	}
	size := 0
	for i := range f.lent.samples {
		size += cap(f.lent.samples[i]) + 2*cap(f.lent.coeff[i])
	}
	if size <= mostSpare {
		jpegMemories.Put(f.lent)
	}
	f.lent = nil
}

// jpegComponent is one plane of the file.
type jpegComponent struct {
	id, quant     byte
	h, v          int // sampling factors
	width, height int // in samples
	columns, rows int // in blocks, padded to whole MCUs
	coeff         []int16
	samples       []uint8  // of all blocks, once they are transformed
	used          bool     // a scan has touched it
	precision     [64]int8 // of each coefficient: 1 more than the bits that are missing, 0 for all
}

const maxJPEGScans = 500 // encoders write about ten

// parseJPEG reads the file up to its frame header, or, if whole is set, to its end.
func parseJPEG(b []byte, whole bool) (*jpegFile, error) {
	f := &jpegFile{}
	err := f.parse(b, whole)
	if err == nil && whole {
		err = f.finished()
	}
	return f, err
}

// parse reads what stands between SOI and EOI: tables, frame and scans. What was
// read before stays.
func (f *jpegFile) parse(b []byte, whole bool) error {
	scans := 0
	for i := 2; ; {
		for i < len(b) && (b[i] != 0xff || i+1 < len(b) && b[i+1] == 0xff) {
			i++ // padding, or rubbish between segments
		}
		if i+4 > len(b) {
			if i+2 <= len(b) && b[i+1] == 0xd9 {
				return nil
			}
			return f.cutOff()
		}
		marker := b[i+1]
		if marker == 0xd9 {
			return nil
		}
		if marker <= 1 || marker >= 0xd0 && marker <= 0xd7 { // no segment follows
			i += 2
			continue
		}
		if !beginsSegment(marker) {
			return fmt.Errorf("marker %#x is unknown here", marker)
		}
		size := int(binary.BigEndian.Uint16(b[i+2:]))
		end := i + 2 + size
		if size < 2 {
			return errors.New("a segment has no length")
		}
		if end > len(b) {
			return f.cutOff()
		}
		payload := b[i+4 : end]
		i = end
		var err error
		switch {
		case marker == 0xda:
			if scans++; scans > maxJPEGScans {
				return fmt.Errorf("more than %d scans", maxJPEGScans)
			}
			var n int
			n, err = f.scan(payload, b[i:])
			i += n
		case marker == 0xc4:
			err = f.huffmanTables(payload)
		case marker == 0xc8 || marker == 0xcc:
			err = fmt.Errorf("marker %#x is not supported", marker)
		case marker >= 0xc0 && marker <= 0xcf:
			if err = f.frame(marker, payload); err == nil && !whole {
				return nil
			}
		case marker == 0xdb:
			err = f.quantTables(payload)
		case marker == 0xdd && len(payload) >= 2:
			f.restart = int(binary.BigEndian.Uint16(payload))
		case marker == 0xe0 && len(payload) >= 5 && string(payload[:5]) == "JFIF\x00":
			f.jfif = true
		case marker == 0xee && len(payload) >= 12 && string(payload[:5]) == "Adobe":
			f.adobe, f.transformed = true, payload[11]
		}
		if err != nil {
			return err
		}
	}
}

// cutOff is what the end of a file without its marker means.
func (f *jpegFile) cutOff() error {
	if !f.complete {
		return errors.New("it is cut off")
	}
	f.damaged("its end is missing")
	return nil
}

// damaged notes what is wrong with a file that is read all the same.
func (f *jpegFile) damaged(how string) {
	if f.damage == "" {
		f.damage = how
	}
}

// finished checks what was read at the end of the file. What has no data is gray.
func (f *jpegFile) finished() error {
	if len(f.components) == 0 {
		return errors.New("it has no frame header")
	}
	if f.scans == 0 {
		return errors.New("it has no scan; it is cut off")
	}
	if f.progressive && f.smoothed() {
		return errors.New("it ends before all its details, which libjpeg would then guess from the coarse picture; it is cut off: fetch the whole file, or keep what PIL makes of it as PNG")
	}
	for i := range f.components {
		if c := &f.components[i]; !c.used {
			f.damaged("a component has no data")
			c.coeff = f.coefficients(i, c.columns*c.rows)
		}
	}
	return nil
}

// coefficients are so many blocks of zeros for component i.
func (f *jpegFile) coefficients(i, blocks int) []int16 {
	m := f.memory()
	m.coeff[i] = resized(m.coeff[i], 64*blocks)
	clear(m.coeff[i])
	return m.coeff[i]
}

// smoothed reports whether libjpeg smooths blocks: where the mean of each is known
// and some of the first coefficients are not, or not to the last bit.
func (f *jpegFile) smoothed() bool {
	const considered = 10
	coarse := false
	for _, c := range f.components {
		if c.precision[0] == 0 {
			return false
		}
		for _, p := range c.precision[1:considered] {
			coarse = coarse || p != 1
		}
	}
	return coarse
}

// frame reads the frame header.
func (f *jpegFile) frame(marker byte, p []byte) error {
	if marker > 0xc2 {
		return fmt.Errorf("coding process %#x is not supported; save it as a baseline or progressive JPEG", marker)
	}
	if len(f.components) > 0 {
		return errors.New("it has two frame headers")
	}
	if len(p) < 6 || len(p) != 6+3*int(p[5]) {
		return errors.New("bad frame header")
	}
	if p[0] != 8 {
		return fmt.Errorf("%d bits per sample are not supported, only 8", p[0])
	}
	if n := p[5]; n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("%d components are not supported, only 1, 3 and 4", n)
	}
	f.progressive = marker == 0xc2
	f.height, f.width = int(binary.BigEndian.Uint16(p[1:])), int(binary.BigEndian.Uint16(p[3:]))
	if f.width == 0 || f.height == 0 {
		return fmt.Errorf("it has %d x %d pixels", f.width, f.height)
	}
	for p := p[6:]; len(p) > 0; p = p[3:] {
		c := jpegComponent{id: p[0], h: int(p[1] >> 4), v: int(p[1] & 15), quant: p[2]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.quant > 3 {
			return errors.New("bad frame header")
		}
		f.components = append(f.components, c)
		f.maxH, f.maxV = max(f.maxH, c.h), max(f.maxV, c.v)
	}
	for i := range f.components {
		c := &f.components[i]
		if f.maxH%c.h != 0 || f.maxV%c.v != 0 {
			return fmt.Errorf("sampling %dx%d of %dx%d is not supported", c.h, c.v, f.maxH, f.maxV)
		}
		c.width, c.height = ceilDiv(f.width*c.h, f.maxH), ceilDiv(f.height*c.v, f.maxV)
		c.columns = ceilDiv(f.width, 8*f.maxH) * c.h
		c.rows = ceilDiv(f.height, 8*f.maxV) * c.v
	}
	return nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (f *jpegFile) quantTables(p []byte) error {
	for len(p) > 0 {
		wide, id := int(p[0]>>4), p[0]&15
		n := 64 * (1 + wide)
		if wide > 1 || id > 3 || len(p) < 1+n {
			return errors.New("bad quantization table")
		}
		for i := range 64 {
			if wide == 0 {
				f.quant[id][i] = int32(p[1+i])
			} else {
				f.quant[id][i] = int32(binary.BigEndian.Uint16(p[1+2*i:]))
			}
		}
		p = p[1+n:]
	}
	return nil
}

func (f *jpegFile) huffmanTables(p []byte) error {
	for len(p) > 0 {
		if len(p) < 17 || p[0]>>4 > 1 || p[0]&15 > 3 {
			return errors.New("bad Huffman table")
		}
		n := 0
		for _, c := range p[1:17] {
			n += int(c)
		}
		if n > 256 || len(p) < 17+n {
			return errors.New("bad Huffman table")
		}
		// A table that is none matters only where it is used.
		f.huffman[p[0]>>4][p[0]&15], _ = newHuffmanTable(p[1:17], p[17:17+n])
		p = p[17+n:]
	}
	return nil
}

// beginsSegment reports whether a marker is one of those that a length follows and that
// may stand between the start and the end of an image.
func beginsSegment(marker byte) bool {
	switch marker {
	case 0xd8, 0xde, 0xdf: // the start of another image, and what only hierarchies have
		return false
	case 0xfe: // a comment
		return true
	}
	return marker >= 0xc0 && marker < 0xf0
}
