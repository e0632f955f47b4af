package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// NewTable returns a table for a terminal that Render prints to w.
func NewTable(w io.Writer, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	style := table.StyleLight
	style.Format.Header = 0 // as written
	style.Options.DrawBorder = false
	style.Options.SeparateColumns = false
	t.SetStyle(style)
	if len(header) > 0 {
		t.AppendHeader(table.Row(header))
	}
	return t
}

// grid is a table that can be shown in several ways.
type grid struct {
	header []string
	rows   [][]string
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// filled lists the columns that are not empty.
func (g *grid) filled() []int {
	var list []int
	for i := range g.header {
		if slices.ContainsFunc(g.rows, func(r []string) bool { return r[i] != "" }) {
			list = append(list, i)
		}
	}
	return list
}

func (g *grid) text(w io.Writer) {
	pick := func(cells []string) []any {
		var list []any
		for _, i := range g.filled() {
			list = append(list, cells[i])
		}
		return list
	}
	t := NewTable(w, pick(g.header)...)
	for _, r := range g.rows {
		t.AppendRow(pick(r))
	}
	t.Render()
}

func (g *grid) markdown(b *strings.Builder) {
	line := func(cell func(column int) string) {
		for _, i := range g.filled() {
			fmt.Fprintf(b, "| %s ", cell(i))
		}
		b.WriteString("|\n")
	}
	line(func(i int) string { return g.header[i] })
	line(func(int) string { return "---" })
	for _, r := range g.rows {
		line(func(i int) string { return markdownText(r[i]) })
	}
	b.WriteByte('\n')
}
