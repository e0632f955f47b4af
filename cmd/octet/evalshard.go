package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/dataset"
)

// shardFile is the JSON document of commands with --shard, and of octet merge.
type shardFile struct {
	Output  string   `json:"output"`
	Kind    string   `json:"kind"` // evaluation, predictions or statistics
	Model   string   `json:"model,omitempty"`
	Shard   string   `json:"shard,omitempty"` // I/N; empty of all together
	Merged  []string `json:"merged,omitempty"`
	Images  int      `json:"images"`
	Skipped int      `json:"skipped"`
	// Score is that of an evaluation.
	Score *shardScore `json:"score,omitempty"`
	// Against says how an evaluation differs from a reference.
	Against *against `json:"against,omitempty"`
}

// shardFileOf is the document of a shard that was read to its end, of so many images that were not
// skipped.
func shardFileOf(data *inputs.ShardData, kind, output, model string, images int) shardFile {
	out := shardFile{Output: output, Kind: kind, Model: model, Images: images, Skipped: data.Skipped().Count}
	if data.Shard != dataset.Whole {
		out.Shard = data.Shard.String()
	}
	return out
}

type shardScore struct {
	Top1        int     `json:"top1_correct"`
	Top5        int     `json:"top5_correct"`
	Top1Percent float64 `json:"top1_percent"`
	Top5Percent float64 `json:"top5_percent"`

	classes int
}

// count completes the document of an evaluation, that of reference where it was compared.
func (s *shardFile) count(t *octet.Tally, reference string) {
	s.Score = &shardScore{t.Top1, t.Top5, t.Top1Percent(), t.Top5Percent(), len(t.Classes)}
	if t.Against != nil {
		s.Against = againstOf(&t.Against.AnswerDifference, reference, t.Inputs)
	}
}

func (s shardFile) print(w io.Writer) {
	if s.Score != nil && s.Images > 0 {
		fmt.Fprintf(w, "top-1   %6.2f %%  (%d of %d images)\n", s.Score.Top1Percent, s.Score.Top1, s.Images)
		if s.Score.classes > 5 {
			fmt.Fprintf(w, "top-5   %6.2f %%  (%d of %d images)\n", s.Score.Top5Percent, s.Score.Top5, s.Images)
		}
	}
	s.Against.print(w)
	what := s.Kind
	if s.Shard != "" {
		what += " of shard " + s.Shard
	} else if len(s.Merged) > 0 {
		what += fmt.Sprintf(" of %d files", len(s.Merged))
	}
	fmt.Fprintf(w, "%s: %s, %d images", s.Output, what, s.Images)
	if s.Skipped > 0 {
		fmt.Fprintf(w, ", %d skipped", s.Skipped)
	}
	fmt.Fprintln(w)
}

// evalShard counts the right answers of one shard.
func evalShard(c *console.Console, cmd *cobra.Command, f *evalFlags, path, where string) error {
	if f.output == "" {
		return exit.Usagef("--shard writes the counts for octet merge: name a file with --output FILE.json")
	}
	if err := console.CheckOutputs(console.Output{Flag: "output", Path: f.output, Kind: console.JSONOutput}); err != nil {
		return err
	}
	model, err := f.Model.Open(c, cmd, path)
	if err != nil {
		return err
	}
	data, err := f.OpenShard(c, model, f.shard, where)
	if err != nil {
		return err
	}
	defer data.Close()
	compile := func(m *octet.Model) (*octet.Session, error) { return f.Data.CompileShard(m, f.shard) }
	session, err := compile(model)
	if err != nil {
		return err
	}
	reference, err := f.openReference(c, cmd, compile)
	if err != nil {
		return err
	}
	stage := c.Begin("eval", "images", 0)
	var tally *octet.Tally
	if reference == nil {
		tally, err = session.Tally(cmd.Context(), data.Watched(stage.Set))
	} else {
		tally, err = session.TallyAgainst(cmd.Context(), reference, data.Watched(stage.Set))
	}
	stage.End()
	if err != nil {
		return exit.WithCode(exit.Data, err)
	}
	data.Report()
	if err := console.WriteFile(f.output, tally.Write); err != nil {
		return err
	}
	out := shardFileOf(data, "evaluation", f.output, path, tally.Inputs)
	out.count(tally, f.against)
	return c.Result(out, out.print)
}
