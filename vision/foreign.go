package vision

import "fmt"

// foreign are formats that are known by their first bytes and not read; '?' stands for any
// byte. docs/decisions.md says why.
var foreign = []struct{ name, magic string }{
	{"AVIF", "????ftypavif"},
	{"AVIF", "????ftypavis"},
	{"HEIC", "????ftyphei"},
	{"HEIC", "????ftyphev"},
	{"HEIF", "????ftypmif1"},
	{"HEIF", "????ftypmsf1"},
	{"JPEG XL", "\xff\x0a"},
	{"JPEG XL", "\x00\x00\x00\x0cJXL "},
	{"JPEG 2000", "\x00\x00\x00\x0cjP  "},
	{"JPEG 2000", "\xff\x4f\xff\x51"},
	{"Photoshop", "8BPS"},
	{"SVG", "<svg"},
}

// errNoImage names the format of what is not read, and what to do.
func errNoImage(b []byte) error {
	for _, f := range foreign {
		if matches(f.magic, b) {
			return fmt.Errorf("the image is %s, which octet does not read: convert it to PNG, which loses nothing, for example with ImageMagick: magick IMAGE IMAGE.png", f.name)
		}
	}
	return fmt.Errorf("%w: it starts with %q; PNG, JPEG, WebP, GIF, BMP, TIFF and PNM are read", ErrNoImage, b[:min(len(b), 8)])
}
