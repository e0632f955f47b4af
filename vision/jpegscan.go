package vision

import (
	"bytes"
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
	alone       bool // no other scan follows: samples are made while it is read
	planes      []scanPlane
}

type scanPlane struct {
	*jpegComponent
	index        int // of the component
	across, down int // blocks in an MCU
	dc, ac       *huffmanTable
	before       int32 // DC value of the block before
}

// scan decodes the scan whose header is given and returns the length of its data.
func (f *jpegFile) scan(head, data []byte) (int, error) {
	s := &jpegScan{bitReader: bitReader{data: data}}
	if err := f.scanHeader(s, head); err != nil {
		return 0, err
	}
	columns, rows := ceilDiv(f.width, 8*f.maxH), ceilDiv(f.height, 8*f.maxV)
	if one := len(s.planes) == 1; one { // then an MCU is one block, and padding blocks are absent
		columns, rows = ceilDiv(s.planes[0].width, 8), ceilDiv(s.planes[0].height, 8)
		s.planes[0].across, s.planes[0].down = 1, 1
	}
	dry := false // the data have ended: the blocks up to the next restart stay zero
	restarts := 0
	for y := range rows {
		for x := range columns {
			if mcu := y*columns + x; f.restart > 0 && mcu > 0 && mcu%f.restart == 0 {
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
			if err := s.unit(x, y, f.progressive); err != nil {
				return 0, err
			}
			if s.short() {
				if s.cut {
					return 0, errJPEGCut
				}
				dry = true
				f.damaged("the compressed data end too early")
			}
		}
		for i := range s.planes {
			if p := &s.planes[i]; s.alone {
				f.transform(p.index, y*p.down, p.coeff)
				clear(p.coeff)
			}
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

// unit decodes an MCU: blocks of all planes.
func (s *jpegScan) unit(x, y int, progressive bool) error {
	if s.alone { // coefficients are those of one line of MCUs
		y = 0
	}
	for i := range s.planes {
		p := &s.planes[i]
		for v := range p.down {
			for h := range p.across {
				at := ((y*p.down+v)*p.columns + x*p.across + h) * 64
				if err := s.block(p, (*[64]int16)(p.coeff[at:]), progressive); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// onlyScan reports whether no table and no scan stand behind the data of a scan: then nothing
// can change what becomes of them.
func onlyScan(data []byte) bool {
	for {
		at := bytes.IndexByte(data, 0xff)
		if at < 0 || at+1 == len(data) {
			return false
		}
		switch m := data[at+1]; {
		case m == 0xd9:
			return true
		case m != 0 && (m < 0xd0 || m > 0xd7):
			return false
		}
		data = data[at+2:]
	}
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
	s.alone = !f.progressive && f.scans == 0 && n == len(f.components) && onlyScan(s.data)
	for ; n > 0; n-- {
		id, tables := p[1], p[2]
		p = p[2:]
		plane := scanPlane{}
		for i := range f.components {
			if c := &f.components[i]; c.id == id && plane.jpegComponent == nil {
				plane.jpegComponent, plane.index = c, i
				plane.across, plane.down = c.h, c.v
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
		switch {
		case s.alone:
			plane.coeff = f.coefficients(plane.index, plane.columns*plane.v)
		case plane.coeff == nil:
			plane.coeff = f.coefficients(plane.index, plane.columns*plane.rows)
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
func raster(k int) uint8 { return rasters[k&127] & 63 }

// rasters has what raster returns, which also tells the compiler the bounds.
var rasters = func() (all [128]uint8) {
	for k := range all {
		all[k] = zigzag[min(k, 63)]
	}
	return all
}()

// acBaseline keeps the next bits in variables of its own, since most of the time of decoding is
// spent here.
func (s *jpegScan) acBaseline(t *huffmanTable, c *[64]int16) {
	acc, left := s.acc, s.n
	for k := 1; k < 64; k++ {
		if left < enough {
			s.acc, s.n = acc, left
			s.fill()
			acc, left = s.acc, s.n
		}
		next := t.fast[acc>>(64-lookAhead)]
		if next&whole != 0 {
			k += next.run()
			c[raster(k)] = int16(next.number())
			acc <<= next.bits()
			left -= next.bits()
			continue
		}
		s.acc, s.n = acc, left
		v := s.symbol(t)
		run, n := int(v>>4), int(v&15)
		if n == 0 && run < 15 {
			return
		}
		k += run
		if n > 0 {
			c[raster(k)] = int16(s.signed(n))
		}
		acc, left = s.acc, s.n
	}
	s.acc, s.n = acc, left
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
