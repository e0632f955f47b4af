package vision

import (
	"bytes"
	"encoding/binary"
)

// exifHead stands before the tags in a JPEG, and in some WebP files too.
const exifHead = "Exif\x00\x00"

// orientation returns the EXIF orientation that a JPEG, PNG or WebP file states; 0
// where it states none. That of a TIFF is applied when it is decoded.
func orientation(b []byte) int {
	tags := bytes.TrimPrefix(exifOf(b), []byte(exifHead))
	if !bytes.HasPrefix(tags, []byte("II*\x00")) && !bytes.HasPrefix(tags, []byte("MM\x00*")) {
		return 0
	}
	t, _, err := readTIFFTags(tags)
	if err != nil {
		return 0
	}
	return t.number(tagOrientation, 0)
}

// exifOf returns the block of EXIF tags of a file, which is not checked; nil where
// there is none.
func exifOf(b []byte) []byte {
	switch {
	case matches("\xff\xd8", b):
		return jpegEXIF(b)
	case matches("\x89PNG\r\n\x1a\n", b):
		return chunk(b[8:], "eXIf", pngChunk)
	case matches("RIFF????WEBP", b):
		return chunk(b[12:], "EXIF", webpChunk)
	}
	return nil
}

// jpegEXIF returns the first APP1 segment with tags that stands before the image.
func jpegEXIF(b []byte) []byte {
	for b = b[2:]; len(b) >= 4 && b[0] == 0xff; {
		marker, size := b[1], int(binary.BigEndian.Uint16(b[2:]))
		if marker == 0xff { // padding
			b = b[1:]
			continue
		}
		if marker == 0xda || size < 2 || 2+size > len(b) {
			return nil
		}
		if payload := b[4 : 2+size]; marker == 0xe1 && bytes.HasPrefix(payload, []byte(exifHead)) {
			return payload
		}
		b = b[2+size:]
	}
	return nil
}

// layout tells a chunk's name and size from its first 8 bytes, and how many bytes
// follow its payload.
type layout func(head []byte) (name string, size uint32, behind uint32)

func pngChunk(head []byte) (string, uint32, uint32) { // a checksum follows
	return string(head[4:]), binary.BigEndian.Uint32(head), 4
}

func webpChunk(head []byte) (string, uint32, uint32) { // sizes are rounded up to even ones
	size := binary.LittleEndian.Uint32(head[4:])
	return string(head[:4]), size, size & 1
}

// chunk returns the payload of the first chunk of that name.
func chunk(b []byte, name string, of layout) []byte {
	for len(b) >= 8 {
		n, size, behind := of(b[:8])
		if b = b[8:]; uint64(size) > uint64(len(b)) {
			return nil
		}
		if n == name {
			return b[:size]
		}
		b = b[min(uint64(size)+uint64(behind), uint64(len(b))):]
	}
	return nil
}
