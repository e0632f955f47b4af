package report

import (
	"fmt"
	"math"
)

// barChart compares one figure of all variants.
type barChart struct {
	Title string
	Rows  []barRow
}

type barRow struct {
	ink
	Name    string
	Percent float64 // of the longest bar
	Value   string
	Best    bool
}

// sizeBars and timeBars are nil where there is nothing to show.
func (c *Comparison) sizeBars(pens []ink) *barChart {
	return c.bars("Size of the file", pens, func(v *Variant) (float64, string) {
		if v == c.Reference() {
			return float64(v.Bytes), Size(v.Bytes)
		}
		return float64(v.Bytes), fmt.Sprintf("%s · %.2f", Size(v.Bytes), v.SizeRatio)
	})
}

func (c *Comparison) timeBars(pens []ink) *barChart {
	return c.bars("Time of one input, median", pens, func(v *Variant) (float64, string) {
		if v.Latency == nil {
			return 0, ""
		}
		text := millisText(v.Latency.P50)
		if s := v.Latency.Speed; s != nil {
			text += " · " + s.factor()
		}
		return v.Latency.P50, text
	})
}

func (c *Comparison) bars(title string, pens []ink, of func(*Variant) (float64, string)) *barChart {
	b := &barChart{Title: title}
	largest, smallest := 0.0, math.Inf(1)
	for i := range c.Variants {
		v, _ := of(&c.Variants[i])
		largest = max(largest, v)
		if v > 0 {
			smallest = min(smallest, v)
		}
	}
	if largest == 0 {
		return nil
	}
	for i := range c.Variants {
		v := &c.Variants[i]
		value, text := of(v)
		b.Rows = append(b.Rows, barRow{pens[i], v.Name, 100 * value / largest, text, value == smallest})
	}
	return b
}

// matrix is a confusion matrix as a picture.
type matrix struct {
	Title  string
	Rows   []matrixRow
	Cell   float64 // width and height
	Left   float64 // room for the labels of the rows
	Top    float64 // and of the columns
	Width  float64
	Height float64
	Middle float64 // of a cell
	Text   bool    // there is room for labels and numbers
}

// matrixRow is a class; its label also stands above the column of that class.
type matrixRow struct {
	Label string
	X, Y  float64
	Cells []matrixCell
}

type matrixCell struct {
	X     float64
	Alpha float64
	Class string // of the style sheet: right, wrong, more, less
	Value string
	Title string
}

// confusions are the matrix of a variant, and how it differs from that of the
// reference; nil where there are no labels, or too many classes.
func (c *Comparison) confusions(v *Variant) []matrix {
	if v == nil || v.Outputs.Accuracy == nil || len(v.Outputs.Accuracy.Confusion) == 0 {
		return nil
	}
	own := v.Outputs.Accuracy.Confusion
	list := []matrix{c.matrix("Answers of "+v.Name, own, func(i, j, n int) string {
		if i == j {
			return "right"
		}
		return "wrong"
	})}
	r := c.Reference().Outputs.Accuracy
	if v == c.Reference() || r == nil || len(r.Confusion) != len(own) {
		return list
	}
	difference := make([][]int, len(own))
	for i := range own {
		difference[i] = make([]int, len(own[i]))
		for j := range own[i] {
			difference[i][j] = own[i][j] - r.Confusion[i][j]
		}
	}
	return append(list, c.matrix("More (+) and fewer (−) than "+c.Reference().Name, difference, func(i, j, n int) string {
		if (n > 0) == (i == j) {
			return "right"
		}
		return "wrong"
	}))
}

func (c *Comparison) matrix(title string, counts [][]int, class func(i, j, n int) string) matrix {
	n := len(counts)
	m := matrix{Title: title, Left: 2, Top: 2, Cell: min(40, max(7, 430/float64(n)))}
	if m.Text = m.Cell >= 20; m.Text {
		m.Left, m.Top = 96, 62
	}
	m.Middle = m.Cell / 2
	m.Width, m.Height = m.Left+m.Cell*float64(n)+36, m.Top+m.Cell*float64(n)+2
	diagonal, other := 1, 1
	for i, row := range counts {
		for j, v := range row {
			if i == j {
				diagonal = max(diagonal, abs(v))
			} else {
				other = max(other, abs(v))
			}
		}
	}
	for i, row := range counts {
		r := matrixRow{Label: clipped(c.label(i)), X: m.Left + m.Cell*float64(i), Y: m.Top + m.Cell*float64(i)}
		for j, v := range row {
			if v == 0 {
				continue
			}
			largest := other
			if i == j {
				largest = diagonal
			}
			r.Cells = append(r.Cells, matrixCell{
				X: m.Left + m.Cell*float64(j), Alpha: 0.12 + 0.68*math.Sqrt(float64(abs(v))/float64(largest)), Class: class(i, j, v),
				Value: countText(v, title), Title: fmt.Sprintf("%s taken for %s: %s", c.label(i), c.label(j), countText(v, title)),
			})
		}
		m.Rows = append(m.Rows, r)
	}
	return m
}

// clipped shortens a label to the room beside a matrix.
func clipped(s string) string {
	if r := []rune(s); len(r) > 14 {
		return string(r[:13]) + "…"
	}
	return s
}

func countText(v int, title string) string {
	if v > 0 && title[0] == 'M' {
		return fmt.Sprintf("+%d", v)
	}
	if v < 0 {
		return fmt.Sprintf("−%d", -v)
	}
	return fmt.Sprint(v)
}

func abs(v int) int { return max(v, -v) }

// label is the name of a class.
func (c *Comparison) label(class int) string {
	if class >= 0 && class < len(c.Labels) {
		return c.Labels[class]
	}
	return fmt.Sprintf("class %d", class)
}
