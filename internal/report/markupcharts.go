package report

// key writes the piece of line that stands for something in charts.
func (m *markup) key(i ink) {
	m.put(`<svg class="key h{}" viewBox="0 0 26 8" aria-hidden="true"><path class="stroke line" d="M0 4H26"{}/>`, i.Hue, attr("stroke-dasharray", i.Dash))
	if i.Shape != "" {
		m.shape(i.Shape, 13, 4, 3, "")
	}
	m.put(`</svg>`)
}

func (m *markup) legend(list []legendEntry) {
	m.put(`<ul class="legend">`)
	for _, e := range list {
		m.put(`<li>`)
		m.key(e.ink)
		m.put(`{}</li>`, e.Name)
	}
	m.put("</ul>\n")
}

// frame writes the modules or phases behind a chart, and its vertical axis.
func (m *markup) frame(bands []band, ticks []tick, left, right, top, bottom float64, unit string) {
	for _, b := range bands {
		if b.Odd {
			m.put(`<rect class="shade" x="{}" y="{}" width="{}" height="{}"/>`, b.X, top, b.Width, bottom-top)
		}
	}
	for _, t := range ticks {
		m.put(`<path class="grid" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>`, left, t.At, right, left-6, t.At+4, t.Label)
	}
	if unit != "" {
		m.put(`<text x="{}" y="11" text-anchor="end">{}</text>`, left-6, unit)
	}
}

// depth writes a chart over the layers.
func (m *markup) depth(c *depthChart) {
	m.put(`<div class="scroll wide"><svg viewBox="0 0 {} {}" role="img">`, c.Width, c.Height)
	m.frame(c.Bands, c.Ticks, c.Left, c.Right, c.Top, c.Bottom, "dB")
	if c.HasExact {
		m.put(`<text x="{}" y="{}" text-anchor="end">exact</text>`, c.Left-6, c.ExactAt+4)
	}
	for _, b := range c.Bands {
		m.put(`<text x="{}" y="{}" text-anchor="middle">{}<title>{}</title></text>`, b.Middle, c.Bottom+18, b.Label, b.Name)
	}
	if c.Caption != "" {
		m.put(`<text x="{}" y="{}">{}</text>`, c.Left, c.Height-6, c.Caption)
	}
	if c.AsLines {
		for _, l := range c.Lines {
			m.put(`<path class="stroke line h{}{}" d="{}"{}><title>{}</title></path>`, l.Hue, when(l.Best, " best"), l.Path, attr("stroke-dasharray", l.Dash), l.Name)
		}
	}
	for _, l := range c.Lines {
		m.dots(l, c.AsLines)
	}
	for _, e := range c.Ends {
		m.put(`<g class="h{}"><path class="stroke lead" d="M{} {}L{} {}"/><text class="fill" x="{}" y="{}">{}</text></g>`, e.Hue, e.FromX, e.FromY, e.X-3, e.Y, e.X, e.Y+4, e.Name)
	}
	for _, k := range c.Marks {
		anchor := "start"
		if k.End {
			anchor = "end"
		}
		m.put(`<text class="strong" x="{}" y="{}" text-anchor="{}">{}</text>`, k.X, k.Y, anchor, k.Label)
	}
	m.put("\n</svg></div>")
}

// dots writes the points of a line.
func (m *markup) dots(l depthLine, onLine bool) {
	radius, width := 3.0, "5"
	switch {
	case onLine:
		radius, width = 2.2, "3"
	case l.Best:
		radius = 4
	}
	m.put(`<g class="dots h{}">`, l.Hue)
	if l.Dots != "" {
		m.put(`<path class="stroke" stroke-linecap="round" stroke-width="{}" d="{}"/>`, width, l.Dots)
	}
	m.points(l.Points, l.Shape, radius)
	m.put(`</g>`)
}

func (m *markup) points(list []depthPoint, shape string, radius float64) {
	for _, p := range list {
		m.shape(shape, p.X, p.Y, radius, p.Title)
	}
}

// shape writes a point, which may tell its name.
func (m *markup) shape(shape string, x, y, r float64, title string) {
	name := raw("")
	if title != "" {
		name = raw("<title>" + escaped(title) + "</title>")
	}
	switch shape {
	case square:
		m.put(`<rect class="point" x="{}" y="{}" width="{}" height="{}">{}</rect>`, x-r, y-r, 2*r, 2*r, name)
	case diamond:
		r *= 1.5
		m.put(`<path class="point" d="M{} {}L{} {}L{} {}L{} {}Z">{}</path>`, x-r, y, x, y-r, x+r, y, x, y+r, name)
	default:
		m.put(`<circle class="point" cx="{}" cy="{}" r="{}">{}</circle>`, x, y, r, name)
	}
}

func (m *markup) bars(c *barChart) {
	if c == nil {
		return
	}
	m.put(`<div class="card"><h3>{}</h3>`, c.Title)
	for _, r := range c.Rows {
		m.put(`<div class="bar{}"><span class="name" title="{}">{}</span><span class="track"><svg class="h{}" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true"><rect class="fill" width="{}" height="14"{}/></svg><span class="value">{}</span></span></div>`,
			when(r.Best, " best"), r.Name, r.Name, r.Hue, r.Percent, when(r.Dash != "", ` fill-opacity="0.55"`), r.Value)
	}
	m.put(`</div>`)
}

func (m *markup) weights(cards []weightCard) {
	m.put(`<div class="cards">`)
	for _, k := range cards {
		m.put(`<div class="card"><h3>{} <span>{}</span></h3>
<svg viewBox="0 0 {} {}" role="img"><rect class="bandrect" x="0" y="{}" width="{}" height="{}"/><path class="axis" d="M0 {}H{}"/><g stroke-width="{}"><path class="channels" d="{}"/><path class="channels few" d="{}"/></g><text x="4" y="15">{}</text><text x="4" y="{}">{}</text></svg>
<p>`, k.Node, k.Shape, k.Width, k.Height, k.BandTop, k.Width, k.BandHeight, k.Zero, k.Width, k.Stroke, k.Bars, k.Coarse, k.High, k.Height-7, k.Low)
		for i, f := range k.Forms {
			m.put(`{}<span>{}</span>`, when(i > 0, " · "), f)
		}
		m.put(`</p>`)
		if k.Note != "" {
			m.put(`<p class="warn">{}</p>`, k.Note)
		}
		m.put(`</div>`)
	}
	m.put("</div>\n")
}

func (m *markup) ranges(cards []histogramCard) {
	m.put(`<div class="cards">`)
	for _, k := range cards {
		m.put(`<div class="card"><h3>{}</h3>
<svg viewBox="0 0 {} {}" role="img"><path class="hist" d="{}"/>`, k.Value, k.Width, k.Height, k.Bars)
		if k.HasZero {
			m.put(`<path class="axis" d="M{} 6V{}"/>`, k.Zero, k.Base)
		}
		m.put(`<path class="axis" d="M0 {}H{}"/>`, k.Base, k.Width)
		for _, c := range k.Clips {
			m.put(`<g class="h{}"><title>{}</title><path class="stroke" stroke-width="4" d="M{} {}H{}"{}/>`, c.Hue, c.Title, c.X1, c.Y, c.X2, attr("stroke-dasharray", c.Dash))
			if c.HasMore {
				m.put(`<path class="stroke" stroke-width="1.2" d="M{} {}H{}"/>`, c.X2, c.Y, c.More)
			}
			m.put(`</g>`)
		}
		m.put(`</svg>
<div class="ends"><span>{}</span><span>{}</span></div>`, k.Low, k.High)
		if k.Note != "" {
			m.put(`<p>{}</p>`, k.Note)
		}
		m.put(`</div>`)
	}
	m.put("</div>\n")
}

// matrix writes a confusion matrix.
func (m *markup) matrix(x matrix) {
	m.put(`<div class="card"><h3>{}</h3><svg viewBox="0 0 {} {}" role="img">`, x.Title, x.Width, x.Height)
	for _, r := range x.Rows {
		if x.Text {
			m.put(`<text x="{}" y="{}" text-anchor="end">{}</text><text transform="translate({} {}) rotate(-38)">{}</text>`,
				x.Left-6, r.Y+x.Middle+4, r.Label, r.X+x.Middle, x.Top-6, r.Label)
		}
		for _, c := range r.Cells {
			m.put(`<rect class="cell {}" x="{}" y="{}" width="{}" height="{}" fill-opacity="{}"><title>{}</title></rect>`,
				c.Class, c.X, r.Y, x.Cell, x.Cell, hundredths(c.Alpha), c.Title)
			if x.Text {
				m.put(`<text class="on" x="{}" y="{}" text-anchor="middle">{}</text>`, c.X+x.Middle, r.Y+x.Middle+4, c.Value)
			}
		}
	}
	m.put(`</svg><p class="hint">Rows are the classes of the inputs, columns the answers.</p></div>`)
}

// curve writes a chart over the steps of a training.
func (m *markup) curve(c *curveChart) {
	m.put(`<div class="scroll wide"><svg viewBox="0 0 {} {}" role="img">`, c.Width, c.Height)
	m.frame(c.Bands, c.Up, c.Left, c.Right, c.Top, c.Bottom, c.Unit)
	for _, t := range c.Across {
		m.put(`<text x="{}" y="{}" text-anchor="middle">{}</text>`, t.At, c.Bottom+16, t.Label)
	}
	m.put(`<text x="{}" y="{}" text-anchor="end">{}</text>`, c.Right, c.Height-6, c.Caption)
	for _, l := range c.Levels {
		m.put(`<path class="stroke line h{}" d="M{} {}H{}" stroke-dasharray="{}"><title>{}</title></path>`, l.Hue, c.Left, l.Y, c.Right, l.Dash, l.Name)
	}
	if c.Faint != "" {
		m.put(`<path class="stroke h0" stroke-opacity="0.3" stroke-width="1" d="{}"/>`, c.Faint)
	}
	if c.Line != "" {
		m.put(`<path class="stroke line best h0" d="{}"/>`, c.Line)
	}
	for _, s := range c.Series {
		m.put(`<path class="stroke line h{}" d="{}"/><g class="dots h{}">`, s.Hue, s.Path, s.Hue)
		m.points(s.Points, s.Shape, 3.5)
		m.put(`</g>`)
	}
	for _, b := range c.Bands {
		if b.Label != "" {
			m.put(`<text x="{}" y="{}" text-anchor="middle">{}</text>`, b.Middle, c.Top-6, b.Label)
		}
	}
	m.put("\n</svg></div>")
}
