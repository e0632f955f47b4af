package report_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/testseed"
)

// crowd is a comparison of n variants whose layers have the ratios that of gives.
func crowd(n, layers int, of func(variant, layer int) compare.Decibels) *report.Comparison {
	var variants []report.Variant
	for i := range n {
		v := recipe(fmt.Sprintf("variant %d", i), []string{"fbgemm", "qnnpack", "onednn"}[i%3], fmt.Sprint("q", i/6), 30)
		if i/3%2 == 1 {
			v.Weights = report.PerTensor
		}
		for j := range layers {
			db := of(i, j)
			v.Layers = append(v.Layers, report.Layer{Layer: compare.Layer{Node: fmt.Sprintf("layer%d", j), Op: "conv2d", Int8: true, Accumulated: db, Isolated: db, Introduced: db}})
		}
		variants = append(variants, v)
	}
	return contest(variants...)
}

var linePath = regexp.MustCompile(`<path class="stroke line[^"]*" d="([^"]+)"[^>]*><title>`)

// As many lines can be told apart as the legend has: none has the points of another,
// whether all variants are equal, or some, or none is.
func TestLinesDoNotHideEachOther(t *testing.T) {
	r := testseed.Rand(t)
	for name, of := range map[string]func(v, l int) compare.Decibels{
		"all equal":  func(v, l int) compare.Decibels { return compare.Decibels(40 - l) },
		"two groups": func(v, l int) compare.Decibels { return compare.Decibels(40 - l - 6*(v%2)) },
		"nearly":     func(v, l int) compare.Decibels { return compare.Decibels(40-l) + compare.Decibels(v)/1000 },
		"exact":      func(v, l int) compare.Decibels { return exact },
		"crossing":   func(v, l int) compare.Decibels { return compare.Decibels(30 + (v*7+l*5)%9) },
		"random":     func(v, l int) compare.Decibels { return compare.Decibels(30 + r.IntN(3)) },
	} {
		for _, n := range []int{2, 7, 9} {
			page := html(t, crowd(n, 12, of))
			parse(t, closed(page))
			var drawn [][]string
			for _, m := range linePath.FindAllStringSubmatch(page, -1) {
				drawn = append(drawn, strings.FieldsFunc(m[1], func(c rune) bool { return c == 'M' || c == 'L' }))
			}
			if len(drawn) != n {
				t.Fatalf("%s: %d lines of %d variants", name, len(drawn), n)
			}
			for i, a := range drawn {
				for _, b := range drawn[:i] {
					for k := range a {
						if a[k] == b[k] {
							t.Errorf("%s, %d variants: two lines go through %s", name, n, a[k])
						}
					}
				}
			}
			if labels := strings.Count(page, `<text class="fill"`); labels != n {
				t.Errorf("%s: %d lines have their names beside them, want %d", name, labels, n)
			}
		}
	}
}

// Every variant has a look of its own, a proposal its own colour everywhere.
func TestVariantsLookDifferent(t *testing.T) {
	c := crowd(7, 3, func(v, l int) compare.Decibels { return compare.Decibels(30 + v) })
	p := recipe("variant 0, conv1 in float", "fbgemm", "q0", 35)
	p.Proposed, p.Layers = true, c.Variants[1].Layers
	c.Variants = append(c.Variants, p)
	page := html(t, c)
	legend := page[strings.Index(page, `<ul class="legend">`):]
	legend = legend[:strings.Index(legend, "</ul>")]
	var looks []string
	for _, item := range strings.Split(legend, "<li>")[1:] {
		looks = append(looks, item[:strings.LastIndex(item, "</svg>")])
	}
	slices.Sort(looks)
	if len(looks) != 8 || len(slices.Compact(looks)) != 8 {
		t.Errorf("%d entries of the legend, %d looks", len(looks), len(slices.Compact(looks)))
	}
	if !strings.Contains(page, `<tr class="proposed">`) || !strings.Contains(page, `class="tag proposal"`) || strings.Count(page, "h8") < 4 {
		t.Error("the proposal has no colour of its own")
	}
	if !strings.Contains(page, "scroll sideways for more") {
		t.Error("narrow screens are not told that tables scroll")
	}
}
