package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/vision"
)

// Sizes of drawn pictures, in pixels.
const (
	leastWidth = 320 // narrower pictures are enlarged
	leastText  = 15
	mostHeight = 1 << 13 // of enlarged ones
)

// drawLabels writes the pictures with their labels below them: one as the file that
// was named, several with their numbers in its name. It returns the files.
func drawLabels(ctx context.Context, c *console.Console, name string, source dataset.Source, results []runResult) ([]string, error) {
	at := map[string]int{}
	for i := range source.Len() {
		at[source.Name(i)] = i
	}
	var files []string
	for i, r := range results {
		sample, err := source.At(ctx, at[r.Input])
		if err != nil {
			return files, exit.WithCode(exit.Data, err)
		}
		if sample.Image == nil {
			return files, exit.WithCode(exit.Data, fmt.Errorf("%s is an array; --draw needs pictures", r.Input))
		}
		file := name
		if len(results) > 1 {
			ending := filepath.Ext(name)
			file = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ending), i+1, ending)
		}
		if err := c.Expect(console.Planned{Path: file}); err != nil {
			return files, err
		}
		if err := drawOne(file, sample.Image, r.Top); err != nil {
			return files, err
		}
		files = append(files, file)
	}
	return files, nil
}

func drawOne(file string, m *vision.Image, top []octet.Prediction) error {
	picture, err := labelled(m, top)
	if err != nil {
		return err
	}
	return exit.WithCode(exit.Output, atomicfile.Write(file, func(w io.Writer) error { return png.Encode(w, picture) }))
}

// labelled is the picture with a line for each prediction below it.
func labelled(m *vision.Image, top []octet.Prediction) (image.Image, error) {
	enlarge := (leastWidth + m.Width - 1) / m.Width
	if enlarge*m.Height > mostHeight {
		enlarge = max(1, mostHeight/m.Height)
	}
	width, height := m.Width*enlarge, m.Height*enlarge
	size := max(leastText, width/28)
	face, err := textFace(size)
	if err != nil {
		return nil, err
	}
	defer face.Close()
	line := face.Metrics().Height.Ceil()
	margin := size / 2
	out := image.NewRGBA(image.Rect(0, 0, width, height+len(top)*line+2*margin))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	draw.NearestNeighbor.Scale(out, image.Rect(0, 0, width, height), pixels(m), image.Rect(0, 0, m.Width, m.Height), draw.Src, nil)
	text := font.Drawer{Dst: out, Src: image.Black, Face: face}
	for i, p := range top {
		figure := figureOf(p)
		baseline := height + margin + i*line + face.Metrics().Ascent.Ceil()
		room := fixed.I(width-3*margin) - font.MeasureString(face, figure)
		text.Dot = fixed.P(margin, baseline)
		text.DrawString(shorten(face, nameOf(p), room))
		text.Dot = fixed.Point26_6{X: fixed.I(width-margin) - font.MeasureString(face, figure), Y: fixed.I(baseline)}
		text.DrawString(figure)
	}
	return out, nil
}

func textFace(size int) (font.Face, error) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingFull})
}

// shorten truncates text that is wider than room.
func shorten(face font.Face, text string, room fixed.Int26_6) string {
	if font.MeasureString(face, text) <= room {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && font.MeasureString(face, string(runes)+"…") > room {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

func nameOf(p octet.Prediction) string {
	if p.Label != "" {
		return p.Label
	}
	return fmt.Sprintf("class %d", p.Class)
}

func figureOf(p octet.Prediction) string {
	if p.Sigmoid != nil {
		return fmt.Sprintf("logit %.2f, sigmoid %.3f", p.Logit, *p.Sigmoid)
	}
	return fmt.Sprintf("%.1f %%", 100*p.Probability)
}

// pixels is m as an image of the standard library.
func pixels(m *vision.Image) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, m.Width, m.Height))
	for i := range m.Width * m.Height {
		out.SetRGBA(i%m.Width, i/m.Width, color.RGBA{m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2], 255})
	}
	return out
}
