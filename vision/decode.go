package vision

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
)

// LargePixels is where PIL begins to warn of decompression bombs: a quarter of 2^30
// bytes of RGB.
const LargePixels = 1 << 30 / 4 / 3

// DefaultMaxPixels is the limit of a zero Decoder: PIL refuses what has more.
const DefaultMaxPixels = 2 * LargePixels

// maxBytes bounds the encoded file: 8 bytes per pixel allowed, so that the
// limit on pixels is the one that users meet.
func maxBytes(pixels int) int64 { return 8 * int64(max(pixels, DefaultMaxPixels)) }

// Decoder decodes image files within a limit. The zero value is ready to use.
type Decoder struct {
	// MaxPixels refuses images of more pixels before they are unpacked; 0
	// means DefaultMaxPixels.
	MaxPixels int
	// Upright turns images as the EXIF orientation of a JPEG, PNG or WebP file
	// says; like PIL and torchvision, the zero value does not.
	Upright bool
	// Strict refuses damaged files that PIL reads in part, or despite a wrong
	// checksum.
	Strict bool
}

// ErrDamaged is what a decoding error wraps when Strict refuses a file.
var ErrDamaged = errors.New("the file is damaged")

func (d Decoder) limit() int {
	if d.MaxPixels == 0 {
		return DefaultMaxPixels
	}
	return d.MaxPixels
}

// ErrNoImage is what a decoding error wraps when the content is of no image format that is known.
var ErrNoImage = errors.New("not an image")

// ErrTooLarge is what a decoding error wraps when an image exceeds MaxPixels.
var ErrTooLarge = errors.New("the image is too large")

// format is one row of the table of formats.
type format struct {
	name   string
	magic  string // '?' stands for any byte
	size   func(b []byte) (width, height int, err error)
	decode func(b []byte) (*Image, error)
}

// formats is written without calls, so that the linker leaves the decoders out of
// programs that decode no file.
var formats = []format{
	{"PNG", pngMagic, pngSize, decodePNG},
	{"JPEG", "\xff\xd8", jpegSize, decodeJPEG},
	{"WebP", "RIFF????WEBP", webpSize, decodeWebP},
	{"GIF", "GIF8?a", gifSize, decodeGIF},
	{"BMP", "BM", bmpSize, decodeBMP},
	{"TIFF", "II*\x00", tiffSize, decodeTIFF},
	{"TIFF", "MM\x00*", tiffSize, decodeTIFF},
	{"TIFF", "II\x00*", tiffSize, decodeTIFF}, // wrong, yet read by PIL
	{"TIFF", "MM*\x00", tiffSize, decodeTIFF},
	{"BigTIFF", "II+\x00", tiffSize, decodeTIFF},
	{"BigTIFF", "MM\x00+", tiffSize, decodeTIFF},
	{"PBM", "P1", pnmSize, decodePNM},
	{"PGM", "P2", pnmSize, decodePNM},
	{"PPM", "P3", pnmSize, decodePNM},
	{"PBM", "P4", pnmSize, decodePNM},
	{"PGM", "P5", pnmSize, decodePNM},
	{"PPM", "P6", pnmSize, decodePNM},
	{"PFM", "Pf", pnmSize, decodePNM},
}

// Decode decodes a whole image file with the zero Decoder.
func Decode(b []byte) (*Image, error) { return Decoder{}.Decode(b) }

// DecodeFile decodes the image at path with the zero Decoder.
func DecodeFile(path string) (*Image, error) { return Decoder{}.DecodeFile(path) }

// DecodeFile decodes the image at path. Errors name it.
func (d Decoder) DecodeFile(path string) (*Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := d.DecodeFrom(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// DecodeFrom decodes the image that r delivers.
func (d Decoder) DecodeFrom(r io.Reader) (*Image, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxBytes(d.MaxPixels)+1))
	if err != nil {
		return nil, err
	}
	return d.Decode(b)
}

// Decode decodes a whole image file: PNG, JPEG, WebP, GIF (the first frame),
// BMP, TIFF (the first page) or PNM, recognised by its content.
func (d Decoder) Decode(b []byte) (*Image, error) {
	if len(b) == 0 {
		return nil, errors.New("the image is empty (0 bytes)")
	}
	if most := maxBytes(d.MaxPixels); int64(len(b)) > most {
		return nil, fmt.Errorf("%w: the file has more than %d bytes", ErrTooLarge, most)
	}
	for _, f := range formats {
		if !matches(f.magic, b) {
			continue
		}
		m, err := f.read(b, d.limit())
		if err != nil && !errors.Is(err, ErrTooLarge) {
			err = fmt.Errorf("broken %s image: %w", f.name, err)
		}
		if err == nil && d.Strict && m.Damage != "" {
			return nil, fmt.Errorf("%w: %s", ErrDamaged, m.Damage)
		}
		if err == nil && d.Upright {
			m = orient(m, orientation(b))
		}
		return m, err
	}
	return nil, errNoImage(b)
}

// DecodeInto decodes a whole image file and writes to dst what p makes of it, as
// [Preset.ApplyInto] does. It returns the number of pixels, whose memory is reused from file to file.
func (d Decoder) DecodeInto(dst []float32, b []byte, p Preset) (pixels int, err error) {
	m, err := d.Decode(b)
	if err != nil {
		return 0, err
	}
	defer recycle(m)
	return m.Width * m.Height, p.ApplyInto(dst, m)
}

// read decodes an image of at most limit pixels. A panic of a decoder becomes an
// error: one hostile file among thousands must not end the work on the others.
func (f format) read(b []byte, limit int) (m *Image, err error) {
	defer func() {
		if r := recover(); r != nil {
			m, err = nil, fmt.Errorf("the decoder failed: %v", r)
		}
	}()
	w, h, err := f.size(b)
	if err != nil {
		return nil, err
	}
	if w < 1 || h < 1 {
		return nil, fmt.Errorf("it has %d x %d pixels", w, h)
	}
	if w > limit/h {
		return nil, fmt.Errorf("%w: %d x %d pixels exceed the limit of %d; raise the limit if the file is trusted", ErrTooLarge, w, h, limit)
	}
	return f.decode(b)
}

func matches(magic string, b []byte) bool {
	if len(b) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != b[i] {
			return false
		}
	}
	return true
}

func pngSize(b []byte) (width, height int, err error) {
	c, err := png.DecodeConfig(bytes.NewReader(b))
	return c.Width, c.Height, err
}
