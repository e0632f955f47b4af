// Command transforms prepares images for compare.py: for each line of JSON on
// standard input, {"image": path, "weights": name, "exif": bool}, it writes the
// tensor of the weights' preset to standard output, as raw little-endian float32.
//
// With -pixels it decodes images for formats.py: for each line, a path, it writes a
// line of JSON with shape and SHA-256 of the pixels, or the error.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"log"
	"os"

	"github.com/octet-ml/octet/vision"
	"github.com/octet-ml/octet/zoo"
)

func main() {
	pixels := flag.Bool("pixels", false, "write hashes of decoded pixels")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if *pixels {
		decode(os.Stdin, out)
		return
	}
	in := json.NewDecoder(os.Stdin)
	for in.More() {
		var c struct {
			Image, Weights string
			EXIF           bool
		}
		if err := in.Decode(&c); err != nil {
			log.Fatal(err)
		}
		w, err := zoo.Get(c.Weights)
		if err != nil {
			log.Fatal(err)
		}
		m, err := vision.Decoder{Upright: c.EXIF, MaxPixels: 1 << 28}.DecodeFile(c.Image)
		if err != nil {
			log.Fatal(err)
		}
		x, err := w.Preset.Apply(m)
		if err != nil {
			log.Fatal(err)
		}
		if err := binary.Write(out, binary.LittleEndian, x.Float32s()); err != nil {
			log.Fatal(err)
		}
	}
}

// decoded is a line of -pixels.
type decoded struct {
	Shape  []int  `json:"shape,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Error  string `json:"error,omitempty"`
}

func decode(in io.Reader, out io.Writer) {
	lines := bufio.NewScanner(in)
	enc := json.NewEncoder(out)
	for lines.Scan() {
		var d decoded
		if m, err := vision.DecodeFile(lines.Text()); err != nil {
			d.Error = err.Error()
		} else {
			sum := sha256.Sum256(m.Pix)
			d.Shape, d.SHA256 = []int{m.Height, m.Width, 3}, hex.EncodeToString(sum[:])
		}
		if err := enc.Encode(d); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
