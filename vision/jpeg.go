package vision

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
	if err != nil {
		return nil, err
	}
	out := NewImage(f.width, f.height)
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
	enlarge := make([]func(y int), len(f.components))
	for i := range f.components {
		c := &f.components[i]
		p := c.samples(&f.quant[c.quant])
		c.coeff = nil
		rows[i] = make([]uint8, f.width)
		up := chromaUpsampler(p, f.maxH/c.h, f.maxV/c.v)
		enlarge[i] = func(y int) { up(rows[i], p, y) }
	}
	for y := range f.height {
		for _, e := range enlarge {
			e(y)
		}
		if !yield(y, rows) {
			return
		}
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
	case len(ids) == 4 && f.adobe && f.transform != 0:
		return ycckRow
	case len(ids) == 4:
		return cmykRow
	case !f.jfif && f.adobe && f.transform == 0, !f.jfif && !f.adobe && string(ids) == "RGB":
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
	luma, cb, cr := rows[0], rows[1][:len(rows[0])], rows[2][:len(rows[0])]
	for x, y := range luma {
		dst[3*x], dst[3*x+1], dst[3*x+2] = ycc(y, cb[x], cr[x])
	}
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
		r, g, b := ycc(rows[0][x], rows[1][x], rows[2][x])
		dst[3*x], dst[3*x+1], dst[3*x+2] = overprint(255-r, k), overprint(255-g, k), overprint(255-b, k)
	}
}

// overprint is the light that a paper of lightness k returns through inverted
// ink.
func overprint(ink, k uint8) uint8 {
	t := int32(255-ink)*int32(k) + 128
	return clamp8(int32(k) - (t>>8+t)>>8) // k minus a rounded product over 255
}

// ycc converts a pixel by the JFIF equations in 16-bit fixed point, each
// product rounded on its own save the two of green, as libjpeg does.
func ycc(y, cb, cr uint8) (r, g, b uint8) {
	const one = 1 << 16
	const rounding = one / 2
	// 1.402, 1.772, 0.71414 and 0.34414 in units of 1/one, rounded.
	const rv, bu, gv, gu = 91881, 116130, 46802, 22554
	u, v, luma := int32(cb)-128, int32(cr)-128, int32(y)
	return clamp8(luma + (rv*v+rounding)>>16),
		clamp8(luma + (-gu*u-gv*v+rounding)>>16),
		clamp8(luma + (bu*u+rounding)>>16)
}

func clamp8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
