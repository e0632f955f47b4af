package vision

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"hash/crc32"
	"image/png"
	"io"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

// decodePNG decodes a sound file by the standard library. Of a damaged one it makes a
// sound one as far as PIL reads it: PIL looks neither at the checksums of image data
// nor at what follows them, and leaves rows that are missing black.
func decodePNG(b []byte) (*Image, error) {
	m, sound := png.Decode(bytes.NewReader(b))
	if sound == nil {
		return toRGB(m)
	}
	repaired, err := repairPNG(b)
	if err != nil {
		return nil, err
	}
	if m, err = png.Decode(bytes.NewReader(repaired)); err != nil {
		return nil, err
	}
	out, err := toRGB(m)
	if err == nil {
		out.Damage = sound.Error()
	}
	return out, err
}

var errPNGCut = errors.New("its pixels end too early; it is cut off")

// repairPNG returns a file of the header, palette, transparency and pixels of b.
func repairPNG(b []byte) ([]byte, error) {
	out := bytes.NewBufferString(pngMagic)
	var head []byte
	for b = b[len(pngMagic):]; ; {
		if len(b) < 8 {
			return nil, errPNGCut
		}
		size, name := binary.BigEndian.Uint32(b), string(b[4:8])
		if name == "IDAT" {
			break
		}
		if uint64(len(b)) < 12+uint64(size) {
			return nil, errPNGCut
		}
		content := b[8 : 8+size]
		if crc32.ChecksumIEEE(b[4:8+size]) != binary.BigEndian.Uint32(b[8+size:]) {
			return nil, errors.New("the checksum of its chunk " + name + " is wrong")
		}
		switch name {
		case "IHDR":
			head = content
			writeChunk(out, name, content)
		case "PLTE", "tRNS":
			writeChunk(out, name, content)
		case "IEND":
			return nil, errPNGCut
		}
		b = b[12+size:]
	}
	if len(head) < 13 {
		return nil, errors.New("it has no header")
	}
	rows, err := pngRows(head)
	if err != nil {
		return nil, err
	}
	pixels, err := inflatePNG(pngData(b), rows)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	packed.Write([]byte{0x78, 1})
	z, err := flate.NewWriter(&packed, flate.NoCompression)
	if err != nil {
		return nil, err
	}
	z.Write(pixels) // into memory, which does not fail
	z.Close()
	packed.Write(binary.BigEndian.AppendUint32(nil, adler32.Checksum(pixels)))
	writeChunk(out, "IDAT", packed.Bytes())
	writeChunk(out, "IEND", nil)
	return out.Bytes(), nil
}

func writeChunk(out *bytes.Buffer, name string, content []byte) {
	out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(content))))
	at := out.Len()
	out.WriteString(name)
	out.Write(content)
	out.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(out.Bytes()[at:])))
}

// pngRows returns the bytes of each row, with its filter, in the order of the file.
func pngRows(head []byte) ([]int, error) {
	w, h := int(binary.BigEndian.Uint32(head)), int(binary.BigEndian.Uint32(head[4:]))
	samples, ok := map[byte]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[head[9]]
	if !ok {
		return nil, errors.New("its type of colour is unknown")
	}
	bits := samples * int(head[8])
	var rows []int
	pass := func(x0, y0, dx, dy int) {
		if x0 >= w {
			return
		}
		for y := y0; y < h; y += dy {
			rows = append(rows, 1+(ceilDiv(w-x0, dx)*bits+7)/8)
		}
	}
	if head[12] == 0 {
		pass(0, 0, 1, 1)
		return rows, nil
	}
	for _, p := range [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		pass(p[0], p[1], p[2], p[3])
	}
	return rows, nil
}

// pngData returns the contents of consecutive IDAT chunks in the pieces in which PIL
// hands them to zlib, as far as they are there.
func pngData(b []byte) [][]byte {
	const largest = 1 << 16
	var pieces [][]byte
	for len(b) >= 8 && string(b[4:8]) == "IDAT" {
		size := uint64(binary.BigEndian.Uint32(b))
		content := b[8:min(8+size, uint64(len(b)))]
		for len(content) > 0 {
			n := min(len(content), largest)
			pieces = append(pieces, content[:n])
			content = content[n:]
		}
		b = b[min(12+size, uint64(len(b))):]
	}
	return pieces
}

// inflatePNG unpacks the rows. The checksum behind them counts only if it ends in the
// same piece as the pixels, because zlib does not see it otherwise; rows may be
// missing only where it is right.
func inflatePNG(pieces [][]byte, rows []int) ([]byte, error) {
	data := bytes.Join(pieces, nil)
	if len(data) < 2 || data[0]&15 != 8 || data[0]>>4 > 7 || (int(data[0])<<8|int(data[1]))%31 != 0 || data[1]&0x20 != 0 {
		return nil, errors.New("its pixels are no zlib stream")
	}
	size := 0
	for _, n := range rows {
		size += n
	}
	in := bytes.NewReader(data[2:])
	z := flate.NewReader(in)
	pixels, err := readUpTo(z, size)
	ended := err == io.EOF
	if err != nil && !ended {
		if err == io.ErrUnexpectedEOF {
			err = errPNGCut
		}
		return nil, err
	}
	if len(pixels) == size {
		var more [1]byte
		n, _ := z.Read(more[:])
		_, err := z.Read(more[:])
		ended = n == 0 && err == io.EOF
	}
	checked := false
	if ended {
		at := len(data) - in.Len()
		if checked = at+4 <= len(data) && pieceOf(pieces, at-1) == pieceOf(pieces, at+3); checked &&
			binary.BigEndian.Uint32(data[at:]) != adler32.Checksum(pixels) {
			return nil, errors.New("the checksum of its pixels is wrong")
		}
	}
	if len(pixels) == size {
		return pixels, nil
	}
	return fillRows(pixels, rows, checked)
}

// fillRows adds empty rows.
func fillRows(pixels []byte, rows []int, checked bool) ([]byte, error) {
	at := 0
	for i, n := range rows {
		if at == len(pixels) && i > 0 && checked {
			for _, n := range rows[i:] {
				pixels = append(pixels, make([]byte, n)...)
			}
			return pixels, nil
		}
		if at += n; at > len(pixels) {
			break
		}
	}
	return nil, errPNGCut
}

// readUpTo reads at most size bytes; io.EOF says that there are less.
func readUpTo(r io.Reader, size int) ([]byte, error) {
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(r, int64(size)))
	if err == nil && n < int64(size) {
		err = io.EOF
	}
	return out.Bytes(), err
}

// pieceOf returns which piece byte i lies in.
func pieceOf(pieces [][]byte, i int) int {
	for at, p := range pieces {
		if i -= len(p); i < 0 {
			return at
		}
	}
	return -1
}
