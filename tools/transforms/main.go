// Command transforms prepares images for compare.py: for each line of JSON on
// standard input, {"image": path, "weights": name, "exif": bool}, it writes the
// tensor of the weights' preset to standard output, as raw little-endian float32.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"log"
	"os"

	"github.com/octet-ml/octet/vision"
	"github.com/octet-ml/octet/zoo"
)

func main() {
	in := json.NewDecoder(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
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
