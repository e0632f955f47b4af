package report

import (
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/octet-ml/octet/internal/compare"
)

// Text writes c for a terminal.
func (c *Comparison) Text(w io.Writer) {
	fmt.Fprintf(w, "%s, %s\n\n", c.Subject(), c.Inputs.text())
	c.variantTable().text(w)
	fmt.Fprintln(w)
	for _, f := range c.Findings {
		fmt.Fprintln(w, f)
	}
	a := c.Advice
	if a == nil {
		return
	}
	if len(a.Guilty) > 0 {
		fmt.Fprintf(w, "\nlayers of %s that add most noise\n\n", a.Variant)
		c.guiltyTable().text(w)
	}
	if e := a.Exclusions; e != nil && len(e.Trials) > 0 {
		fmt.Fprintf(w, "\nkept in float, on %s\n\n", countOf(e.Inputs, "input"))
		trialTable(e).text(w)
	}
	fmt.Fprintln(w)
	for _, s := range a.Steps {
		fmt.Fprintf(w, "next       %s\n", s)
	}
	for _, s := range a.Commands {
		fmt.Fprintf(w, "           %s\n", s)
	}
}

// Markdown writes c for a README or a pull request.
func (c *Comparison) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: variants side by side\n\n%s\n\n", markdownText(c.Subject()), markdownText(sentence(c.Inputs.text())))
	c.variantTable().markdown(&b)
	for _, f := range c.Findings {
		fmt.Fprintf(&b, "- %s\n", markdownText(f))
	}
	if a := c.Advice; a != nil {
		c.markdownAdvice(&b, a)
	}
	fmt.Fprintf(&b, "\nSQNR is 10 log10(sum x² / sum (x−y)²), x being the reference. Measured by octet %s on %s with %s, %s.\n",
		markdownText(c.Octet), markdownText(c.System), markdownText(c.CPU), threadsText(c.Threads))
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *Comparison) markdownAdvice(b *strings.Builder, a *Advice) {
	fmt.Fprintf(b, "\n## What to do about %s\n\n", markdownText(a.Variant))
	for _, s := range a.Steps {
		fmt.Fprintf(b, "- %s\n", markdownText(s))
	}
	if len(a.Commands) > 0 {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", strings.ReplaceAll(strings.Join(a.Commands, "\n"), "```", "` ` `"))
	}
	if len(a.Guilty) > 0 {
		b.WriteString("\n### Layers that add most noise\n\n")
		c.guiltyTable().markdown(b)
	}
	if e := a.Exclusions; e != nil && len(e.Trials) > 0 {
		fmt.Fprintf(b, "### Kept in float, on %s\n\n", countOf(e.Inputs, "input"))
		trialTable(e).markdown(b)
	}
}

// markdownText keeps what came from files from being markup.
func markdownText(s string) string {
	s = strings.NewReplacer("\n", " ", "\r", " ", "`", "'", "[", "\\[", "]", "\\]", "*", "\\*", "_", "\\_", "|", "\\|").Replace(s)
	return html.EscapeString(s)
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

func threadsText(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", n)
}

// text says what was compared on.
func (in Inputs) text() string {
	switch in.Kind {
	case Random:
		return fmt.Sprintf("compared on %s of random numbers, layers on %d", countOf(in.Count, "input"), in.Layers)
	case Calibrating:
		return fmt.Sprintf("compared on %s of %s, layers on %d", countOf(in.Count, "calibration input"), in.Source, in.Layers)
	}
	return fmt.Sprintf("compared on %s of %s, layers on %d", countOf(in.Count, in.Kind+" input"), in.Source, in.Layers)
}

// variantTable is the table of all variants.
func (c *Comparison) variantTable() *grid {
	g := &grid{header: []string{"variant", "top-1", "change", "top-5", "agrees", "cosine", "SQNR", "size", "ratio", "time", "speed"}}
	for _, r := range c.rows() {
		name := r.Name
		if r.Best {
			name += " ←"
		}
		g.add(name, r.Top1, r.Change, r.Top5, r.Agrees, r.Cosine, r.SQNR, r.Size, r.SizeRatio, r.Time, r.Speed)
	}
	return g
}

// guiltyTable lists what the guilty layers add, and by what.
func (c *Comparison) guiltyTable() *grid {
	t := &grid{header: []string{"layer", "operator", "adds", "by weights", "by result", "up to here", "weights", "coarse channels", "cut off", "codes differ", "alone"}}
	for _, g := range c.guilty() {
		t.add(g.Node, g.Op, g.Introduced.String(), g.byWeights(), g.byResult(), g.Accumulated.String(), g.weights(), g.coarse(), g.cut(), percentOf(g.Differ), percentOf(g.DifferAlone))
	}
	return t
}

func percentOf(p *float64) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("%.3f %%", *p)
}

// guiltyLayer is a layer of the advice with what weights and activations tell.
type guiltyLayer struct {
	compare.Layer
	form     *compare.WeightCodes
	channels int
	clip     *compare.Clip
}

func (c *Comparison) guilty() []guiltyLayer {
	at := -1
	for i, v := range c.Int8Variants() {
		if v.Name == c.Advice.Variant {
			at = i
		}
	}
	var list []guiltyLayer
	for _, l := range c.Advice.Guilty {
		g := guiltyLayer{Layer: l}
		for _, w := range c.Weights {
			if w.Node == l.Node && at >= 0 {
				g.form, g.channels = w.Forms[at], len(w.Min)
			}
		}
		for _, a := range c.Activations {
			if a.Value == l.Node && at >= 0 {
				g.clip = a.Forms[at]
			}
		}
		list = append(list, g)
	}
	return list
}

// byWeights is the share of what the layer adds itself that its weights bring.
func (g guiltyLayer) byWeights() string {
	if g.Parts == nil || g.form == nil {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*g.Parts.Weights/(g.Parts.Weights+g.Parts.Result))
}

func (g guiltyLayer) byResult() string {
	if g.Parts == nil || g.Parts.Weights+g.Parts.Result == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*g.Parts.Result/(g.Parts.Weights+g.Parts.Result))
}

func (g guiltyLayer) weights() string {
	if g.form == nil || !g.form.SQNR.Known() {
		return ""
	}
	return g.form.SQNR.String()
}

func (g guiltyLayer) coarse() string {
	if g.form == nil || g.form.Coarse == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", g.form.Coarse, g.channels)
}

func (g guiltyLayer) cut() string {
	if g.clip == nil || g.clip.Outside < 0.0005 {
		return ""
	}
	return fmt.Sprintf("%.3f %%", g.clip.Outside)
}

// trialTable lists what keeping layers in float gave.
func trialTable(e *compare.Exclusions) *grid {
	g := &grid{header: []string{"kept in float", "layers", "of multiplications", "SQNR", "gain", "agrees"}}
	row := func(name string, x compare.Trial) {
		g.add(name, fmt.Sprint(x.Layers), fmt.Sprintf("%.1f %%", x.MACs), x.SQNR.String(), signed(x.Gain)+" dB", percentText(x.Agreement))
	}
	g.add("none", "", "", e.SQNR.String(), "", percentText(e.Agreement))
	for _, x := range e.Trials {
		row(strings.Join(x.Exclude, ", "), x)
	}
	if p := e.Proposal; p != nil {
		row("→ "+strings.Join(p.Exclude, ", "), *p)
	}
	return g
}
