package vision

import (
	"errors"
	"slices"
)

// zigzag is the raster position of the k-th coefficient of a block.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// jpegScan decodes the coefficients of one scan.
type jpegScan struct {
	bitReader
	first, last int  // range of coefficients, in zigzag order
	high, low   uint // successive approximation: bits known, bits to be left
	blocksLeft  int  // blocks of an end-of-band run
	planes      []scanPlane
}

type scanPlane struct {
	*jpegComponent
	dc, ac *huffmanTable
	before int32 // DC value of the block before
}

// scan decodes the scan whose header is given and returns the length of its data.
func (f *jpegFile) scan(head, data []byte) (int, error) {
	s := &jpegScan{bitReader: bitReader{data: data}}
	if err := f.scanHeader(s, head); err != nil {
		return 0, err
	}
	one := len(s.planes) == 1
	columns, rows := ceilDiv(f.width, 8*f.maxH), ceilDiv(f.height, 8*f.maxV)
	if one { // then an MCU is one block, and padding blocks are absent
		columns, rows = ceilDiv(s.planes[0].width, 8), ceilDiv(s.planes[0].height, 8)
	}
	dry := false // the data have ended: the blocks up to the next restart stay zero
	restarts := 0
	for mcu := range columns * rows {
		if f.restart > 0 && mcu > 0 && mcu%f.restart == 0 {
			ready, sound, err := s.nextRestart(restarts & 7)
			if err != nil {
				return 0, err
			}
			if restarts++; ready {
				dry = false
			}
			if !sound {
				f.damaged("a restart marker is missing")
			}
			s.blocksLeft = 0
			for i := range s.planes {
				s.planes[i].before = 0
			}
		}
		if dry {
			continue
		}
		x, y := mcu%columns, mcu/columns
		for i := range s.planes {
			p := &s.planes[i]
			w, h := p.h, p.v
			if one {
				w, h = 1, 1
			}
			for b := range w * h {
				at := ((y*h+b/w)*p.columns + x*w + b%w) * 64
				if err := s.block(p, (*[64]int16)(p.coeff[at:]), f.progressive); err != nil {
					return 0, err
				}
			}
		}
		if s.short() {
			if s.cut {
				return 0, errJPEGCut
			}
			dry = true
			f.damaged("the compressed data end too early")
		}
	}
	if s.bad {
		f.damaged("the compressed data hold what is no code")
	}
	const readAhead = 8 // bytes that libjpeg wants to see
	if left := len(data) - s.pos + (s.n-s.fake)/8; s.cut && left < readAhead {
		return 0, errJPEGCut
	}
	f.scans++
	f.complete = f.scans == 1 && len(s.planes) == len(f.components) && !f.progressive
	return s.pos, nil
}

func (f *jpegFile) scanHeader(s *jpegScan, p []byte) error {
	bad := errors.New("bad scan header")
	if len(p) < 1 || p[0] < 1 || p[0] > 4 || len(p) != 4+2*int(p[0]) {
		return bad
	}
	n := int(p[0])
	s.first, s.last = int(p[1+2*n]), int(p[2+2*n])
	s.high, s.low = uint(p[3+2*n]>>4), uint(p[3+2*n]&15)
	if !f.progressive {
		s.first, s.last, s.high, s.low = 0, 63, 0, 0
	}
	if !s.validBand(f.progressive, n) || !s.validBits() {
		return bad
	}
	for ; n > 0; n-- {
		id, tables := p[1], p[2]
		p = p[2:]
		plane := scanPlane{}
		for i := range f.components {
			if c := &f.components[i]; c.id == id && plane.jpegComponent == nil {
				plane.jpegComponent = c
			}
		}
		if plane.jpegComponent == nil {
			return bad
		}
		for _, other := range s.planes {
			if other.jpegComponent == plane.jpegComponent {
				return bad
			}
		}
		if tables>>4 <= 3 {
			plane.dc = f.huffman[0][tables>>4]
		}
		if tables&15 <= 3 {
			plane.ac = f.huffman[1][tables&15]
		}
		needsDC := s.first == 0 && s.high == 0
		if needsDC && plane.dc == nil || s.last > 0 && plane.ac == nil {
			return errors.New("a Huffman table is missing, or is none")
		}
		if needsDC && len(plane.dc.values) > 0 && slices.Max(plane.dc.values) > 15 {
			return errors.New("bad Huffman table")
		}
		if plane.coeff == nil {
			plane.coeff = make([]int16, plane.columns*plane.rows*64)
		}
		plane.used = true
		for k := s.first; k <= s.last; k++ {
			plane.precision[k] = int8(s.low) + 1
		}
		s.planes = append(s.planes, plane)
	}
	return nil
}

func (s *jpegScan) block(p *scanPlane, c *[64]int16, progressive bool) error {
	switch {
	case !progressive:
		if err := s.dcFirst(p, c); err != nil {
			return err
		}
		s.acBaseline(p.ac, c)
	case s.first == 0 && s.high == 0:
		return s.dcFirst(p, c)
	case s.first == 0:
		if s.bits(1) != 0 {
			c[0] |= 1 << s.low
		}
		return nil
	case s.high == 0:
		s.acFirst(p.ac, c)
	default:
		s.acRefine(p.ac, c)
	}
	return nil
}

func (s *jpegScan) dcFirst(p *scanPlane, c *[64]int16) error {
	n := s.symbol(p.dc)
	if n > 15 {
		return errJPEGData
	}
	p.before += s.signed(int(n))
	c[0] = int16(p.before << s.low)
	return nil
}

// raster is the position of the k-th coefficient. Damaged data may count beyond the
// last one, which then is meant.
func raster(k int) uint8 { return zigzag[min(k, 63)] }

func (s *jpegScan) acBaseline(t *huffmanTable, c *[64]int16) {
	for k := 1; k < 64; k++ {
		v := s.symbol(t)
		run, n := int(v>>4), int(v&15)
		if n == 0 {
			if run < 15 {
				return
			}
			k += 15
			continue
		}
		k += run
		c[raster(k)] = int16(s.signed(n))
	}
}

// acFirst reads the upper bits of a band for the first time.
func (s *jpegScan) acFirst(t *huffmanTable, c *[64]int16) {
	if s.blocksLeft > 0 {
		s.blocksLeft--
		return
	}
	for k := s.first; k <= s.last; k++ {
		v := s.symbol(t)
		run, n := int(v>>4), int(v&15)
		if n == 0 {
			if run < 15 {
				s.blocksLeft = 1<<run + int(s.bits(run)) - 1
				return
			}
			k += 15
			continue
		}
		k += run
		c[raster(k)] = int16(s.signed(n) << s.low)
	}
}

// acRefine adds one bit to the coefficients of a band: a correction to those
// that are not zero, and new ones between them.
func (s *jpegScan) acRefine(t *huffmanTable, c *[64]int16) {
	k := s.first
	for ; s.blocksLeft == 0 && k <= s.last; k++ {
		v := s.symbol(t)
		run, fresh := int(v>>4), int16(0)
		if v&15 != 0 { // 1 in sound data
			s.bad = s.bad || v&15 != 1
			fresh = -1 << s.low
			if s.bits(1) != 0 {
				fresh = 1 << s.low
			}
		} else if run < 15 {
			s.blocksLeft = 1<<run + int(s.bits(run))
			break
		}
		for ; k <= s.last; k++ {
			if at := &c[zigzag[k]]; *at != 0 {
				s.correct(at)
			} else if run--; run < 0 {
				break
			}
		}
		if fresh != 0 {
			c[raster(k)] = fresh
		}
	}
	if s.blocksLeft > 0 {
		for ; k <= s.last; k++ {
			if at := &c[zigzag[k]]; *at != 0 {
				s.correct(at)
			}
		}
		s.blocksLeft--
	}
}

// correct reads whether the magnitude gains the current bit.
func (s *jpegScan) correct(at *int16) {
	if s.bits(1) == 0 || *at&(1<<s.low) != 0 {
		return
	}
	if *at > 0 {
		*at += 1 << s.low
	} else {
		*at -= 1 << s.low
	}
}

// validBand reports whether a scan of so many components may have these coefficients:
// those of the mean alone or without it where the file is progressive, and others than
// the mean of one component at a time.
func (s *jpegScan) validBand(progressive bool, components int) bool {
	if s.last > 63 || s.first > s.last || s.first > 0 && components > 1 {
		return false
	}
	return !progressive || (s.first == 0) == (s.last == 0)
}

// validBits reports whether a scan may bring these bits: all down to low, or one more.
func (s *jpegScan) validBits() bool {
	return s.low <= 13 && (s.high == 0 || s.high == s.low+1)
}
