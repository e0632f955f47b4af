package vision

import (
	"errors"
	"slices"
)

// faxForm is how rows of a fax are coded (ITU-T T.4 and T.6).
type faxForm struct {
	two     bool // in two dimensions: by the row above
	marked  bool // each row behind an end-of-line code, group 3
	aligned bool // each row begins at a byte
}

var errFaxCode = errors.New("a code of its fax is wrong")

// decodeFax returns rows of bits, the first pixel in the highest bit of a byte; those of black
// pixels are 1.
func decodeFax(data []byte, form faxForm, columns, rows int) ([]byte, error) {
	stride := (columns + 7) / 8
	r := &faxReader{data: data, columns: columns, tables: faxTables()}
	var above, row []int
	out := make([]byte, 0, min(stride*rows, 1<<20))
	for range rows {
		two := form.two
		if form.marked {
			r.endOfLine()
			two = two && r.take(1) == 0
		}
		var err error
		if two {
			row, err = r.rowBelow(above, row[:0])
		} else {
			row, err = r.row(row[:0])
		}
		if err != nil {
			return nil, err
		}
		out = appendRow(out, row, columns)
		if form.aligned {
			r.at = ceilDiv(r.at, 8) * 8
		}
		above, row = row, above
	}
	return out, nil
}

// faxReader reads codes. A row is the list of the places at which colours change, the first one
// to black, each to the right of the one before it.
type faxReader struct {
	data    []byte
	at      int // bit
	columns int
	tables  *[3]faxTable
}

// peek is the next n bits, at most 16; behind the end they are 0.
func (r *faxReader) peek(n int) int {
	v := 0
	for i := range 3 {
		v <<= 8
		if at := r.at/8 + i; at < len(r.data) {
			v |= int(r.data[at])
		}
	}
	return v << (r.at % 8) >> (24 - n) & (1<<n - 1)
}

func (r *faxReader) take(n int) int {
	v := r.peek(n)
	r.at += n
	return v
}

// endOfLine skips an end-of-line code, eleven zeros or more and a one, where one stands.
func (r *faxReader) endOfLine() {
	if r.peek(11) != 0 {
		return
	}
	for r.peek(1) == 0 && r.at < 8*len(r.data) {
		r.at++
	}
	r.at++
}

// code is the next code of a table.
func (r *faxReader) code(table int) (int, error) {
	c := r.tables[table][r.peek(faxCodeBits)]
	r.at += int(c.length)
	if r.at > 8*len(r.data) || c.length == 0 && r.at+faxCodeBits > 8*len(r.data) {
		return 0, errTIFFCut
	}
	if c.length == 0 {
		return 0, errFaxCode
	}
	return int(c.value), nil
}

// run is the length of the next run: of any number of codes for 64 pixels and more, and of one
// for fewer.
func (r *faxReader) run(colour int) (int, error) {
	total := 0
	for {
		n, err := r.code(colour)
		if err != nil {
			return 0, err
		}
		if total += n; total > r.columns {
			return 0, errFaxCode
		}
		if n < 64 {
			return total, nil
		}
	}
}

// change adds a change of colour to a row. Two at one place are none.
func change(row []int, at int) []int {
	if n := len(row); n > 0 && row[n-1] == at {
		return row[:n-1]
	}
	return append(row, at)
}

// row reads a row of runs.
func (r *faxReader) row(row []int) ([]int, error) {
	for at, colour := 0, 0; at < r.columns; colour = 1 - colour {
		n, err := r.run(colour)
		if err != nil {
			return row, err
		}
		if at += n; at > r.columns {
			return row, errFaxCode
		}
		row = change(row, at)
	}
	return row, nil
}

// rowBelow reads a row in two dimensions, by the changes of the row above.
func (r *faxReader) rowBelow(above, row []int) ([]int, error) {
	at, colour := 0, 0
	for next := -1; at < r.columns; { // next: changes from there on count, at first also one at 0
		b1, b2 := r.changesBehind(above, next, colour)
		mode, err := r.code(2)
		if err != nil {
			return row, err
		}
		switch mode {
		case faxPass:
			at = b2
		case faxHorizontal:
			for range 2 {
				n, err := r.run(colour)
				if err != nil {
					return row, err
				}
				if at += n; at > r.columns {
					return row, errFaxCode
				}
				row = change(row, at)
				colour = 1 - colour
			}
		default:
			to := b1 + faxShift[mode-faxVertical]
			if to < at || to > r.columns {
				return row, errFaxCode
			}
			at = to
			row = change(row, at)
			colour = 1 - colour
		}
		next = at
	}
	return row, nil
}

// changesBehind are the first change in the row above that lies behind at and leaves colour,
// and the one behind it.
func (r *faxReader) changesBehind(above []int, at, colour int) (b1, b2 int) {
	i, _ := slices.BinarySearch(above, at+1)
	if i%2 != colour {
		i++
	}
	b1, b2 = r.columns, r.columns
	if i < len(above) {
		b1 = above[i]
	}
	if i+1 < len(above) {
		b2 = above[i+1]
	}
	return b1, b2
}

// appendRow adds the bits of a row.
func appendRow(out []byte, row []int, columns int) []byte {
	start := len(out)
	out = append(out, make([]byte, (columns+7)/8)...)
	bits := out[start:]
	for i := 0; i < len(row); i += 2 {
		end := columns
		if i+1 < len(row) {
			end = row[i+1]
		}
		for x := row[i]; x < end; {
			if x%8 == 0 && end-x >= 8 {
				bits[x/8] = 0xff
				x += 8
				continue
			}
			bits[x/8] |= 0x80 >> (x % 8)
			x++
		}
	}
	return out
}
