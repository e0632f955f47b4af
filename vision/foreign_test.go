package vision_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/octet-ml/octet/vision"
)

// Formats that are not read are named, with what to do.
func TestForeignFormatsAreNamed(t *testing.T) {
	for begins, name := range map[string]string{
		"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00": "AVIF",
		"\x00\x00\x00\x2cftypavis\x00\x00\x00\x00": "AVIF",
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00": "HEIC",
		"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00": "HEIF",
		"\xff\x0a\xfa\x7f":                         "JPEG XL",
		"\x00\x00\x00\x0cJXL \r\n\x87\n":           "JPEG XL",
		"\x00\x00\x00\x0cjP  \r\n\x87\n":           "JPEG 2000",
		"8BPS\x00\x01":                             "Photoshop",
	} {
		_, err := vision.Decode([]byte(begins))
		if err == nil || !strings.Contains(err.Error(), "the image is "+name) || !strings.Contains(err.Error(), "convert it to PNG") {
			t.Errorf("%q: %v", begins, err)
		}
	}
	if _, err := vision.Decode([]byte("hello, world")); !errors.Is(err, vision.ErrNoImage) || !strings.Contains(err.Error(), "not an image") {
		t.Errorf("%v", err)
	}
}
