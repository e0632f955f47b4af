package report

import (
	"io"
	"slices"
)

// HTML writes t as a page.
func (t *Training) HTML(w io.Writer) error {
	var m markup
	m.training(t.page())
	_, err := m.b.WriteTo(w)
	return err
}

func (m *markup) training(p *trainingPage) {
	m.begin(p.Title)
	m.put(`<header>
<div class="brand">octet</div>
<h1>{}</h1>
<p>{}</p>
</header>
`, p.Title, p.On)
	m.tiles(p.Tiles)
	if len(p.Findings) > 0 {
		m.put("<h2>In short</h2>\n")
		m.sentences(p.Findings)
	}
	m.results(p.Rows)
	if p.Curve != nil {
		m.put("<h2>Loss</h2>\n<p class=\"lead\">Of every step, and its moving average.</p>\n<div class=\"card\">")
		m.curve(p.Curve)
		m.put("</div>\n")
	}
	if p.Rate != nil {
		m.put("<h3>Learning rate</h3>\n<div class=\"card\">")
		m.curve(p.Rate)
		m.put("</div>\n")
	}
	m.accuracy(p.Accuracy)
	if len(p.Cards) > 0 {
		m.put(`<h2>Weights: the range of every channel</h2>
<p class="lead">Each line is an output channel of the float model, batch norm folded in, from its smallest to its largest weight, the narrowest first. The band behind is what one scale for the whole weight has to cover; red channels would get fewer than 16 of its {} codes. Decibels are the signal to noise of the weights themselves: those of a trained model are other weights, on purpose.</p>
`, p.Levels)
		m.weights(p.Cards)
		m.moreWeights(p.MoreCards)
	}
	if len(p.Recipe) > 0 {
		m.put("<h2>Recipe</h2>\n<dl>")
		for _, s := range p.Recipe {
			m.put(`<dt>{}</dt><dd>{}</dd>`, s.Name, s.Value)
		}
		m.put("</dl>\n")
	}
	m.end(p.Host)
}

// results writes the table of the models.
func (m *markup) results(rows []resultRow) {
	if len(rows) == 0 {
		return
	}
	m.put("<h2>The models</h2>\n<div class=\"card scroll\"><table>\n")
	names := []string{"model", "#top-1", "#points", "#size", "#ratio"}
	timed := slices.ContainsFunc(rows, func(r resultRow) bool { return r.Time != "" })
	if timed {
		names = append(names, "#time", "#speed")
	}
	m.head(names...)
	m.put(`<tbody>`)
	for _, r := range rows {
		m.put(`<tr{}><td class="name">{}</td>`, when(r.Best, ` class="best"`), r.Name)
		m.numbers(r.Accuracy, r.Change, r.Size, r.Ratio)
		if timed {
			m.numbers(r.Time, r.Speed)
		}
		m.put("</tr>\n")
	}
	m.put("</tbody></table></div>\n")
}

// accuracy writes the chart of the epochs with its legend.
func (m *markup) accuracy(c *curveChart) {
	if c == nil {
		return
	}
	m.put("<h2>Accuracy behind every epoch</h2>\n<div class=\"card\">")
	var names []legendEntry
	for _, s := range c.Series {
		names = append(names, legendEntry{s.ink, s.Name})
	}
	for _, l := range c.Levels {
		names = append(names, legendEntry{l.ink, l.Name})
	}
	m.legend(names)
	m.curve(c)
	m.put("</div>\n")
}
