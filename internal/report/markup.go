package report

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"
)

// markup is HTML being written. Text that is not a constant gets into it through
// put alone, which escapes it.
type markup struct{ b bytes.Buffer }

// raw is HTML that is written as it is.
type raw string

// put writes text in which each {} stands for the next of args: strings are escaped,
// so that they are text, or the value of a quoted attribute, whatever they say;
// float64 are coordinates.
func (m *markup) put(text string, args ...any) {
	for _, a := range args {
		before, after, ok := strings.Cut(text, "{}")
		if !ok {
			panic(fmt.Sprintf("report: %q has fewer places than arguments", text))
		}
		m.b.WriteString(before)
		switch v := a.(type) {
		case raw:
			m.b.WriteString(string(v))
		case string:
			m.b.WriteString(escaped(v))
		case float64:
			m.b.WriteString(num(v))
		case int:
			m.b.WriteString(strconv.Itoa(v))
		default:
			panic(fmt.Sprintf("report: a %T cannot be shown", a))
		}
		text = after
	}
	if strings.Contains(text, "{}") {
		panic(fmt.Sprintf("report: %q has more places than arguments", text))
	}
	m.b.WriteString(text)
}

// escaped is s as text of a page; NUL, which pages must not have, is shown as
// something unknown.
func escaped(s string) string {
	return html.EscapeString(strings.ReplaceAll(s, "\x00", "�"))
}

// attr is an attribute with a space before it, or nothing without a value.
func attr(name, value string) raw {
	if value == "" {
		return ""
	}
	return raw(" " + name + `="` + escaped(value) + `"`)
}

// when is text where it applies.
func when(applies bool, text raw) raw {
	if applies {
		return text
	}
	return ""
}

// begin writes what stands above everything on a page.
func (m *markup) begin(title string) {
	m.put(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{}</title>
<link rel="icon" href="data:,">
<style>{}</style>
</head>
<body>
<main>
`, title, raw(pageCSS))
}

// end writes what stands below everything.
func (m *markup) end(host string) {
	m.put(`<footer>{}. This page is one file: it loads nothing and runs no script.</footer>
</main>
</body>
</html>
`, host)
}

// sentence writes text without breaking lines inside command-line flags.
func (m *markup) sentence(s string) {
	for _, w := range words(s) {
		if w.Flag {
			m.put(`<code>{}</code>`, w.Text)
		} else {
			m.put(`{}`, w.Text)
		}
	}
}

// sentences writes a list of them.
func (m *markup) sentences(list []string) {
	m.put(`<ul class="findings">`)
	for _, s := range list {
		m.put(`<li>`)
		m.sentence(s)
		m.put(`</li>`)
	}
	m.put("</ul>\n")
}

// tiles writes the figures that are seen first.
func (m *markup) tiles(list []tile) {
	m.put(`<div class="tiles">`)
	for _, t := range list {
		m.put(`<div class="tile"><span class="what">{}</span><b>{}</b><span>{}</span></div>`, t.Label, t.Value, t.Note)
	}
	m.put("</div>\n")
}

// head writes the header cells of a table; those of numbers begin with a #, and
// without a name there is no cell.
func (m *markup) head(names ...string) {
	m.put(`<thead><tr>`)
	for _, n := range names {
		if name, number := strings.CutPrefix(n, "#"); number {
			m.put(`<th class="n">{}</th>`, name)
		} else if n != "" {
			m.put(`<th>{}</th>`, n)
		}
	}
	m.put("</tr></thead>\n")
}

// numbers writes cells of a table.
func (m *markup) numbers(values ...string) {
	for _, v := range values {
		m.put(`<td class="n">{}</td>`, v)
	}
}
