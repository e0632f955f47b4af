package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
)

// openReference opens and compiles the model of --against; nil where there is none.
func (f *evalFlags) openReference(c *console.Console, cmd *cobra.Command, compile func(*octet.Model) (*octet.Session, error)) (*octet.Session, error) {
	if f.against == "" {
		return nil, nil
	}
	model, err := f.Model.Open(c, cmd, f.against)
	if err != nil {
		return nil, err
	}
	return compile(model)
}

// against is an octet.AnswerDifference in a document.
type against struct {
	Reference string  `json:"reference,omitempty"` // its file; empty of merged counts
	Agreement float64 `json:"agreement_percent"`   // share of images that both name the same class for
	octet.AnswerDifference
	images int
}

// againstOf is nil where there was no reference.
func againstOf(d *octet.AnswerDifference, reference string, images int) *against {
	if d == nil {
		return nil
	}
	return &against{reference, 100 * float64(images-d.Changed) / float64(max(1, images)), *d, images}
}

func (a *against) print(w io.Writer) {
	if a == nil || a.images == 0 {
		return
	}
	fmt.Fprintf(w, "same class as the reference %6.2f %%  (%d of %d images; %d right answers lost, %d gained)\n", a.Agreement, a.images-a.Changed, a.images, a.Lost, a.Gained)
	fmt.Fprintf(w, "logits are apart by %.3g at most, half of them by %s, 99 %% by %s\n", a.MaxError, belowText(a.Below(0.5)), belowText(a.Below(0.99)))
}

// belowText is a power of two that differences are below.
func belowText(bound float64) string {
	if bound == 0 {
		return "nothing"
	}
	return fmt.Sprintf("less than %.3g", bound)
}
