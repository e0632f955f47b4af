package vision

import "errors"

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
	for mcu := range columns * rows {
		if f.restart > 0 && mcu > 0 && mcu%f.restart == 0 {
			if err := s.nextRestart(); err != nil {
				return 0, err
			}
			s.blocksLeft = 0
			for i := range s.planes {
				s.planes[i].before = 0
			}
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
			return 0, errJPEGCut
		}
	}
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
	if s.last > 63 || s.first > s.last || s.low > 13 || s.high > 0 && s.high != s.low+1 ||
		f.progressive && (s.first == 0) != (s.last == 0) || s.first > 0 && n > 1 {
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
		if plane.jpegComponent == nil || tables>>4 > 3 || tables&15 > 3 {
			return bad
		}
		for _, other := range s.planes {
			if other.jpegComponent == plane.jpegComponent {
				return bad
			}
		}
		plane.dc, plane.ac = f.huffman[0][tables>>4], f.huffman[1][tables&15]
		if s.first == 0 && s.high == 0 && plane.dc == nil || s.last > 0 && plane.ac == nil {
			return errors.New("a Huffman table is missing")
		}
		if plane.coeff == nil {
			plane.coeff = make([]int16, plane.columns*plane.rows*64)
		}
		plane.used = true
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
		return s.acBaseline(p.ac, c)
	case s.first == 0 && s.high == 0:
		return s.dcFirst(p, c)
	case s.first == 0:
		if s.bits(1) != 0 {
			c[0] |= 1 << s.low
		}
		return nil
	case s.high == 0:
		return s.acFirst(p.ac, c)
	default:
		return s.acRefine(p.ac, c)
	}
}

func (s *jpegScan) dcFirst(p *scanPlane, c *[64]int16) error {
	n, err := s.symbol(p.dc)
	if err != nil {
		return err
	}
	if n > 15 {
		return errJPEGData
	}
	p.before += s.signed(int(n))
	c[0] = int16(p.before << s.low)
	return nil
}

func (s *jpegScan) acBaseline(t *huffmanTable, c *[64]int16) error {
	for k := 1; k < 64; k++ {
		v, err := s.symbol(t)
		if err != nil {
			return err
		}
		run, n := int(v>>4), int(v&15)
		if n == 0 {
			if run < 15 {
				return nil
			}
			k += 15
			continue
		}
		if k += run; k > 63 {
			return errJPEGData
		}
		c[zigzag[k]] = int16(s.signed(n))
	}
	return nil
}

// acFirst reads the upper bits of a band for the first time.
func (s *jpegScan) acFirst(t *huffmanTable, c *[64]int16) error {
	if s.blocksLeft > 0 {
		s.blocksLeft--
		return nil
	}
	for k := s.first; k <= s.last; k++ {
		v, err := s.symbol(t)
		if err != nil {
			return err
		}
		run, n := int(v>>4), int(v&15)
		if n == 0 {
			if run < 15 {
				s.blocksLeft = 1<<run + int(s.bits(run)) - 1
				return nil
			}
			k += 15
			continue
		}
		if k += run; k > s.last {
			return errJPEGData
		}
		c[zigzag[k]] = int16(s.signed(n) << s.low)
	}
	return nil
}

// acRefine adds one bit to the coefficients of a band: a correction to those
// that are not zero, and new ones between them.
func (s *jpegScan) acRefine(t *huffmanTable, c *[64]int16) error {
	k := s.first
	for s.blocksLeft == 0 && k <= s.last {
		v, err := s.symbol(t)
		if err != nil {
			return err
		}
		run, fresh := int(v>>4), int16(0)
		switch v & 15 {
		case 0:
			if run < 15 {
				s.blocksLeft = 1<<run + int(s.bits(run))
				continue
			}
		case 1:
			fresh = -1 << s.low
			if s.bits(1) != 0 {
				fresh = 1 << s.low
			}
		default:
			return errJPEGData
		}
		for ; k <= s.last; k++ {
			at := &c[zigzag[k]]
			if *at != 0 {
				s.correct(at)
			} else if run == 0 {
				*at = fresh
				k++
				break
			} else {
				run--
			}
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
	return nil
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
