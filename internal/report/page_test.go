package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/testseed"
)

func html(t *testing.T, c *report.Comparison) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// element is a start tag of a page.
type element struct {
	name  string
	attrs map[string]string
}

// parse demands that every element is closed where it should be, and returns the
// elements and all text outside of the style sheet.
func parse(t *testing.T, page string) (elements []element, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(strings.TrimSpace(page), "<!DOCTYPE html>")))
	d.Entity, d.AutoClose = xml.HTMLEntity, xml.HTMLAutoClose
	d.Strict = true
	var b strings.Builder
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page does not parse: %v", err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			e := element{x.Name.Local, map[string]string{}}
			for _, a := range x.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			elements, open = append(elements, e), append(open, e.name)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if !slices.Contains(open, "style") {
				b.Write(x)
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("never closed: %v", open)
	}
	return elements, b.String()
}

// closed makes HTML's void elements those of XML.
func closed(page string) string {
	return regexp.MustCompile(`<(meta|link)([^>]*[^/])>`).ReplaceAllString(page, "<$1$2/>")
}

func TestPageStandsAlone(t *testing.T) {
	for name, c := range map[string]*report.Comparison{"sample": sample(), "hostile": hostile()} {
		t.Run(name, func(t *testing.T) {
			page := html(t, c)
			elements, _ := parse(t, closed(page))
			for _, e := range elements {
				switch e.name {
				case "script", "iframe", "object", "embed", "img", "image", "use", "base", "form", "foreignObject":
					t.Errorf("<%s> %v", e.name, e.attrs)
				}
				for k, v := range e.attrs {
					reference := k == "src" || k == "href" || k == "action" || k == "data" || strings.Contains(v, "url(")
					if strings.HasPrefix(k, "on") || reference && v != "data:," {
						t.Errorf("<%s %s=%q>", e.name, k, v)
					}
				}
			}
			style := page[strings.Index(page, "<style>"):strings.Index(page, "</style>")]
			for _, word := range []string{"url(", "@import", "http"} {
				if strings.Contains(style, word) {
					t.Errorf("the style sheet has %q", word)
				}
			}
		})
	}
}

// What files say is shown as it is, wherever it stands.
func TestPageEscapesHostileNames(t *testing.T) {
	c := hostile()
	_, text := parse(t, closed(html(t, c)))
	if n := strings.Count(text, "<script>alert("); n < 30 {
		t.Errorf("only %d of the hostile names are shown as text", n)
	}
	for _, want := range []string{c.Arch, c.Variants[1].Name, c.Weights[0].Node, c.Activations[0].Value, c.Labels[2], c.Advice.Commands[0], c.Variants[1].Outputs.Changed[0].Input} {
		if !strings.Contains(text, want) {
			t.Errorf("not shown: %s", want)
		}
	}
}

func TestPageShowsTheFigures(t *testing.T) {
	c := sample()
	elements, text := parse(t, closed(html(t, c)))
	for _, want := range []string{
		"resnet18: 3 variants side by side", "fbgemm per-channel comes closest", "90.00 %", "−5.00", "21.2 dB", "11.8 MB", "0.25",
		"conv1", "1 of 3 channels would use fewer than 16 codes", "0.0123 % cut off", "+5.00 dB", "6.5 %", "val/cat/7.png", "owl",
		"octet quantize resnet18.pth --exclude conv1", "Answers of fbgemm per-channel", "octet 1.2.3, linux/amd64 with avx2+fma, 2 threads",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	count := map[string]int{}
	for _, e := range elements {
		count[e.name]++
		if e.attrs["class"] == "point" {
			count[e.name+e.attrs["r"]+e.attrs["width"]]++
		}
	}
	// Six layers of a variant per channel, circles, and of one per tensor, squares: as
	// points of lines, and as marks without the pool. Three places have the keys.
	if count["circle2.2"] != 6 || count["rect4.4"] != 6 || count["circle4"] != 5 || count["rect6"] < 5+3 {
		t.Errorf("%v", count)
	}
}

// A document with next to nothing in it is shown too.
func TestPageOfLittle(t *testing.T) {
	c := &report.Comparison{Arch: "x", Inputs: report.Inputs{Kind: report.Random}, Variants: []report.Variant{
		{Name: "a", Kind: report.Int8, Backend: "fbgemm", MadeFor: "fbgemm", Outputs: &compare.Outputs{Inputs: 1, Agreement: 100, SQNR: exact}},
		{Name: "b", Kind: report.Int8, Backend: "qnnpack", MadeFor: "fbgemm", Outputs: &compare.Outputs{Inputs: 1, Agreement: 100, SQNR: 30, Equal: 50}},
	}}
	c.Find()
	_, text := parse(t, closed(html(t, c)))
	if !strings.Contains(text, "random numbers") || !strings.Contains(text, "50.00 % of the logits") || strings.Contains(text, "NaN") {
		t.Errorf("%s", text)
	}
}

// Pages stay small however large the model is.
func TestPageIsBounded(t *testing.T) {
	r := testseed.Rand(t)
	c := sample()
	for len(c.Variants) < 16 {
		v := c.Variants[1]
		v.Name = fmt.Sprintf("variant %d with a rather long name", len(c.Variants))
		c.Variants = append(c.Variants, v)
	}
	int8 := len(c.Int8Variants())
	c.Weights, c.Activations = nil, nil
	var layers []report.Layer
	for i := range 350 {
		node := fmt.Sprintf("layer%d.%d.branch%d.conv%d", i/60, i/6, i%3, i%6)
		layers = append(layers, layer(node, "conv2d", compare.Decibels(20+r.NormFloat64()), compare.Decibels(30+r.NormFloat64()), r.Float64()))
		w := compare.Weights{Node: node, Shape: []int{2048, 512, 3, 3}, Forms: make([]*compare.WeightCodes, int8)}
		for range 2048 {
			w.Min, w.Max = append(w.Min, -r.Float32()), append(w.Max, r.Float32())
		}
		a := compare.Activation{Value: node, Width: 0.1, Forms: make([]*compare.Clip, int8)}
		for range 128 {
			a.Counts = append(a.Counts, r.Uint64N(1<<30))
		}
		for j := range int8 {
			w.Forms[j] = &compare.WeightCodes{SQNR: compare.Decibels(30 + r.Float64())}
			a.Forms[j] = &compare.Clip{Scale: 0.1, Max: 10 * r.Float64(), Outside: r.Float64()}
		}
		c.Weights, c.Activations = append(c.Weights, w), append(c.Activations, a)
	}
	for i := range c.Variants[1:] {
		c.Variants[i+1].Layers = layers
	}
	page := html(t, c)
	parse(t, closed(page))
	t.Logf("%d bytes", len(page))
	if len(page) > 2_000_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
	if n := strings.Count(page, `class="channels"`); n != 350 {
		t.Errorf("%d of 350 weights are drawn", n)
	}
}

func TestPageTakesAnyNumber(t *testing.T) {
	c := sample()
	c.Activations[0].Width = math.Inf(1)
	c.Weights[0].Max[0] = float32(math.NaN())
	c.Variants[1].Outputs.SQNR = compare.Decibels(math.NaN())
	page := html(t, c)
	parse(t, closed(page))
	if strings.Contains(page, "Inf") {
		t.Error("a coordinate is infinite")
	}
}
