package vision

import "github.com/octet-ml/octet/internal/kernel/pixels8"

// A JPEG is decoded by the package's own code, because the pixels of PIL, that
// is of libjpeg-turbo, depend on roundings that other decoders do otherwise:
// those of the inverse cosine transform, the upsampling and the colours.

func jpegSize(b []byte) (int, int, error) {
	f, err := parseJPEG(b, false)
	if err != nil {
		return 0, 0, err
	}
	return f.width, f.height, nil
}

func decodeJPEG(b []byte) (*Image, error) {
	f, err := parseJPEG(b, true)
	defer f.release()
	if err != nil {
		return nil, err
	}
	out := blankImage(f.width, f.height)
	convert := f.colors()
	for y, rows := range f.rows {
		convert(out.row(y), rows)
	}
	out.Damage = f.damage
	return out, nil
}

// rows yields the samples of each row, one slice per component, which are valid
// until the next. The coefficients are used up.
func (f *jpegFile) rows(yield func(y int, rows [][]uint8) bool) {
	rows := make([][]uint8, len(f.components))
	enlarge := make([]upsampler, len(f.components))
	for i := range f.components {
		c := &f.components[i]
		if c.samples == nil {
			f.transform(i, 0, c.coeff)
		}
		p := plane{pix: c.samples, stride: 8 * c.columns, width: c.width, height: c.height}
		enlarge[i] = chromaUpsampler(p, f.maxH/c.h, f.maxV/c.v, f.width)
	}
	for y := range f.height {
		for i, e := range enlarge {
			rows[i] = e(y)
		}
		if !yield(y, rows) {
			return
		}
	}
}

// transform makes samples of the coefficients of whole lines of blocks of component i; first is
// the number of the first line.
func (f *jpegFile) transform(i, first int, coeff []int16) {
	c := &f.components[i]
	if c.samples == nil {
		m := f.memory()
		m.samples[i] = resized(m.samples[i], c.columns*c.rows*64)
		c.samples = m.samples[i]
	}
	call := pixels8.Call{Stride: 8 * c.columns, Quant: new([64]int16)}
	for k, at := range zigzag {
		call.Quant[at] = int16(f.quant[c.quant][k])
	}
	run := kernelsHere()[pixels8.Transform]
	for line := 64 * c.columns; len(coeff) > 0; first++ {
		call.Coeff, coeff = coeff[:line], coeff[line:]
		call.Out = c.samples[first*line:]
		run(&call)
	}
}

// colors decides, as libjpeg does, what the components mean, and returns what
// turns a row of them to RGB.
func (f *jpegFile) colors() func(dst []uint8, rows [][]uint8) {
	var ids []byte
	for _, c := range f.components {
		ids = append(ids, c.id)
	}
	switch {
	case len(ids) == 1:
		return grayRow
	case len(ids) == 4 && f.adobe && f.transformed != 0:
		return ycckRow
	case len(ids) == 4:
		return cmykRow
	case !f.jfif && f.adobe && f.transformed == 0, !f.jfif && !f.adobe && string(ids) == "RGB":
		return rgbRow
	default:
		return yccRow
	}
}

func grayRow(dst []uint8, rows [][]uint8) {
	for x, v := range rows[0] {
		dst[3*x], dst[3*x+1], dst[3*x+2] = v, v, v
	}
}

func rgbRow(dst []uint8, rows [][]uint8) {
	for x := range rows[0] {
		dst[3*x], dst[3*x+1], dst[3*x+2] = rows[0][x], rows[1][x], rows[2][x]
	}
}

func yccRow(dst []uint8, rows [][]uint8) {
	kernelsHere()[pixels8.Color](&pixels8.Call{Out: dst, A: rows[0], B: rows[1], C: rows[2]})
}

// cmykRow converts as PIL does: always understood as Adobe's inverted ink,
// with black on top of the colours.
func cmykRow(dst []uint8, rows [][]uint8) {
	for x, k := range rows[3] {
		for c := range 3 {
			dst[3*x+c] = overprint(rows[c][x], k)
		}
	}
}

// ycckRow is cmykRow after the conversion to CMY, which inverts.
func ycckRow(dst []uint8, rows [][]uint8) {
	for x, k := range rows[3] {
		r, g, b := pixels8.RGB(rows[0][x], rows[1][x], rows[2][x])
		dst[3*x], dst[3*x+1], dst[3*x+2] = overprint(255-r, k), overprint(255-g, k), overprint(255-b, k)
	}
}

// overprint is the light that a paper of lightness k returns through inverted
// ink.
func overprint(ink, k uint8) uint8 {
	t := int32(255-ink)*int32(k) + 128
	return clamp8(int32(k) - (t>>8+t)>>8) // k minus a rounded product over 255
}

func clamp8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
