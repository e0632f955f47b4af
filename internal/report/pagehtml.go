package report

import (
	"fmt"
	"io"
)

// HTML writes c as a page.
func (c *Comparison) HTML(w io.Writer) error {
	var m markup
	m.comparison(c.page())
	_, err := m.b.WriteTo(w)
	return err
}

func (m *markup) comparison(p *page) {
	m.begin(p.Title)
	m.put(`<header>
<div class="brand">octet compare</div>
<h1>{}: {} variants side by side</h1>
<p>{}`, p.Subject(), len(p.Variants), p.On)
	if c := p.Calibration; c != nil {
		m.put(` Calibrated on {} inputs of {} in batches of {}.`, c.Samples, c.Source, c.BatchSize)
	}
	if n := len(p.Inputs.Skipped); n > 0 {
		m.put(` {} inputs could not be read and were skipped.`, n)
	}
	m.put("</p>\n</header>\n\n")
	for _, r := range p.Rows {
		if r.Best {
			m.put(`<p class="best-of"><b>{}</b> comes closest to the reference:</p>`, r.Name)
		}
	}
	m.tiles(p.Tiles)
	m.put("\n<h2>In short</h2>\n")
	m.sentences(p.Findings)
	m.sideBySide(p)
	m.advice(p)
	m.losses(p)
	m.rounded(p)
	m.answers(p)
	m.layers(p.Layers)
	m.put(measured)
	m.end(p.System)
}

// measured explains the figures.
const measured = `<h2>How it was measured</h2>
<dl>
<dt>same answers</dt><dd>The share of inputs for which the largest logit belongs to the same class as in the reference.</dd>
<dt>cosine</dt><dd>The cosine of the angle between the outputs for an input and the reference's, on average over the inputs.</dd>
<dt>SQNR</dt><dd>10 log₁₀(Σx² / Σ(x−y)²) over all values of all inputs, x being the reference's and y the variant's. 20 dB are an error of a tenth, 40 dB of a hundredth.</dd>
<dt>adds</dt><dd>The SQNR of a layer that gets the reference's exact inputs, with its own quantized weights and the codes of its own result.</dd>
<dt>kept in float</dt><dd>Layers were made float one by one, and the logits measured again: it counts what was measured, not what was estimated.</dd>
<dt>time</dt><dd>All variants run in turns on one input. The speed is how many times faster than the reference a variant is: the median, over the turns, of the reference's time divided by its own, with an interval of 95 %.</dd>
</dl>
`

// sideBySide writes the table of the variants.
func (m *markup) sideBySide(p *page) {
	m.put(`<h2>Side by side</h2>
<p class="lead">All figures are against the first row. A ratio of sizes below 1 is smaller, a speed above 1 is faster.</p>
<div class="card scroll"><table>
`)
	names := []string{"variant"}
	if p.Columns.Accuracy {
		names = append(names, "#top-1", "#points")
		if p.Columns.Top5 {
			names = append(names, "#top-5")
		}
	}
	names = append(names, "#same answers")
	if p.Columns.Cosine {
		names = append(names, "#cosine")
	}
	names = append(names, "#SQNR", "#size", "#ratio")
	if p.Columns.Time {
		names = append(names, "#time", "#speed")
	}
	m.head(names...)
	m.put(`<tbody>`)
	for _, r := range p.Rows {
		m.variant(r, p.Columns)
	}
	m.put("</tbody></table></div>\n<div class=\"bars\">")
	m.bars(p.Size)
	m.bars(p.Time)
	m.put("</div>\n\n")
}

func (m *markup) variant(r pageRow, c columns) {
	m.put(`<tr{}{}><td class="name">`, when(r.Best, ` class="best"`), when(r.Proposed, ` class="proposed"`))
	m.key(r.ink)
	m.put(`{}{}{}{}`, r.Name, when(r.Best, `<span class="tag">closest</span>`), when(r.Reference, `<span class="tag quiet">reference</span>`), when(r.Proposed, `<span class="tag proposal">proposed</span>`))
	for _, n := range r.Notes {
		m.put(`<span class="note">{}</span>`, n)
	}
	m.put("</td>")
	if c.Accuracy {
		m.numbers(r.Top1, r.Change)
		if c.Top5 {
			m.numbers(r.Top5)
		}
	}
	m.numbers(r.Agrees)
	if c.Cosine {
		m.numbers(r.Cosine)
	}
	m.numbers(r.SQNR, r.Size, r.SizeRatio)
	if c.Time {
		m.numbers(r.variantRow.Time, r.variantRow.Speed)
	}
	m.put("</tr>\n")
}

// advice writes what to do next, and the measurements behind it.
func (m *markup) advice(p *page) {
	if a := p.Advice; a != nil {
		m.put("<h2>What to do next</h2>\n<p class=\"lead\">About {}.</p>\n", a.Variant)
		m.sentences(a.Steps)
		for _, c := range a.Commands {
			m.put(`<pre>{}</pre>`, c)
		}
	}
	if len(p.Guilty) > 0 {
		m.guilty(p.Guilty, p.Codes)
	}
	if len(p.Trials) > 0 {
		m.trials(p.Trials, p.Advice.Exclusions.Inputs)
	}
}

func (m *markup) guilty(rows []guiltyRow, codes bool) {
	m.put("\n<h3>Layers that add most noise themselves</h3>\n<div class=\"card scroll\"><table>")
	if codes {
		m.head("layer", "operator", "#adds", "#codes that differ", "#for the layer alone")
	} else {
		m.put(`<thead><tr><th>layer</th><th>operator</th><th class="n">adds</th><th>by <span class="by w">weights</span> and <span class="by r">result</span></th><th class="n">weights</th><th class="n">coarse channels</th><th class="n">cut off</th></tr></thead>
`)
	}
	m.put(`<tbody>`)
	for _, r := range rows {
		m.put(`<tr><td class="name">{}</td><td>{}</td>`, r.Node, r.Op)
		m.numbers(r.Adds)
		if codes {
			m.numbers(r.Differ, r.Alone)
		} else {
			m.put(`<td><svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="w" width="{}" height="10"/><rect class="r" x="{}" width="{}" height="10"/></svg></td>`, r.WeightShare, r.WeightShare, r.ResultShare)
			m.numbers(r.Weights, r.Coarse, r.Cut)
		}
		m.put(`</tr>`)
	}
	m.put(`</tbody></table></div>`)
}

func (m *markup) trials(rows []trialRow, inputs int) {
	m.put("\n<h3>Kept in float, measured on {}</h3>\n<div class=\"card scroll\"><table>", countOf(inputs, "input"))
	m.put(`<thead><tr><th>kept in float</th><th class="n">layers</th><th class="n">of the multiplications</th><th class="n">SQNR</th><th class="n">gain</th><th></th><th class="n">same answers</th></tr></thead>
<tbody>`)
	for _, r := range rows {
		m.put(`<tr{}><td class="name">{}{}</td>`, when(r.Proposal, ` class="best"`), r.What, when(r.Proposal, `<span class="tag">proposal</span>`))
		m.numbers(r.Layers, r.MACs, r.SQNR, r.Gain)
		m.put(`<td><svg class="gain" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="{}" height="10"/></svg></td>`, r.Bar)
		m.numbers(r.Agrees)
		m.put(`</tr>`)
	}
	m.put(`</tbody></table></div>`)
}

// losses writes the charts over the layers.
func (m *markup) losses(p *page) {
	if p.Accumulated != nil {
		m.put(`

<h2>Where it is lost</h2>
<p class="lead">Signal to noise of every layer's result in the whole model, in order of computation: all that is lost up to there. Higher is better; 6 dB are one bit. Lines that would hide each other are drawn side by side; point at a mark for its name and figure.</p>
<div class="card">`)
		m.legend(p.Legend)
		m.depth(p.Accumulated)
		m.put("</div>\n")
	}
	if p.Added != nil {
		how := raw("gets exact inputs: the noise of its own weights and of the codes of its result.")
		if p.Codes {
			how = "gets the reference's codes: what the rules of rounding change in it."
		}
		m.put(`<h3>What each layer adds itself</h3>
<p class="lead">The same ratio for a layer alone that {} Low marks are the guilty ones.</p>
<div class="card">`, how)
		m.legend(p.Legend)
		m.depth(p.Added)
		m.put(`</div>`)
	}
}

// rounded writes what was rounded: weights and activations.
func (m *markup) rounded(p *page) {
	if len(p.Weights) > 0 {
		m.put(`

<h2>Weights: the range of every channel</h2>
<p class="lead">Each line is an output channel, from its smallest to its largest weight, the narrowest first. The band behind is what one scale for the whole weight has to cover; red channels would get fewer than 16 of its {} codes. The layers that lose most come first.</p>
`, allCodes)
		m.weights(p.Weights)
		m.moreWeights(p.MoreWeights)
	}
	if len(p.Ranges) == 0 {
		return
	}
	m.put(`

<h2>Activations: values and the range that was chosen</h2>
<p class="lead">The distribution of values in the float model, with logarithmic heights, and below it the range that the observer of each variant chose. Thin lines are codes to spare beyond it. Layers that add most noise come first, then those of which most is cut off.</p>
`)
	m.legend(p.Legend)
	m.ranges(p.Ranges)
	if n := len(p.MoreRanges); n > 0 {
		m.put(`<details><summary>{} more values</summary>`, n)
		m.ranges(p.MoreRanges)
		m.put(`</details>`)
	}
}

func (m *markup) moreWeights(cards []weightCard) {
	if n := len(cards); n > 0 {
		m.put(`<details><summary>{} more layers</summary>`, n)
		m.weights(cards)
		m.put(`</details>`)
	}
}

// answers writes what the inputs were taken for.
func (m *markup) answers(p *page) {
	if len(p.Matrices) == 0 && p.Changed == nil {
		return
	}
	m.put("\n\n<h2>Answers</h2>\n<div class=\"matrices\">")
	for _, x := range p.Matrices {
		m.matrix(x)
	}
	m.put("</div>\n")
	c := p.Changed
	if c == nil {
		return
	}
	m.put(`<h3>{} inputs get another answer from {}</h3>
<div class="card scroll small"><table>`, c.Count, c.Variant)
	label := ""
	if c.Labels {
		label = "class"
	}
	m.head("input", label, "reference", "answer")
	m.put(`<tbody>`)
	for _, r := range c.Rows {
		m.put(`<tr><td class="name">{}</td>`, r.Input)
		if c.Labels {
			m.put(`<td>{}</td>`, r.Label)
		}
		m.put(`<td>{}</td><td class="{}">{}</td></tr>`, r.Want, r.Class, r.Got)
	}
	m.put(`</tbody></table></div>`)
}

// layers writes the table of all layers.
func (m *markup) layers(t *layerTable) {
	if t == nil {
		return
	}
	m.put(`

<h2>All layers</h2>
<details><summary>{} layers in decibels: up to here, and added by the layer itself</summary>
<div class="card scroll small"><table><thead><tr><th>layer</th><th>operator</th>`, len(t.Rows))
	for _, v := range t.Variants {
		m.put(`<th class="n" colspan="2">{}</th>`, v.Name)
	}
	m.put("</tr></thead>\n<tbody>")
	for _, r := range t.Rows {
		m.put(`<tr><td>{}</td><td>{}</td>`, r.Node, r.Op)
		for _, c := range r.Cells {
			m.numbers(c.Accumulated, c.Introduced)
		}
		m.put(`</tr>`)
	}
	m.put("</tbody></table></div></details>\n\n")
}

// hundredths writes a share.
func hundredths(v float64) string { return fmt.Sprintf("%.2f", v) }
