package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/partlist"
)

func newMergeCommand(c *console.Console) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "merge PART... --output ALL",
		Short: "Join what commands with --shard have written",
		Long: `merge joins the files of all shards of one set: the counts of octet eval, the
predictions of octet run, or the calibration statistics of octet quantize. Neither the order
of the files matters nor the number of shards: the result is, byte for byte, that of one run
over the whole set, which shard 1/1 is. The files are read once; of predictions one line of
each is held at a time. Where no shell expands them, part{0..15}.json stands for sixteen files,
and @LIST for those that a file lists.

Shards that are missing, that come twice, or that are of another model, other data, another
recipe or, where float arithmetic is computed, another instruction set, are named, and
nothing is written.`,
		Example: `  octet merge part*.json --output all.json
  octet merge part*.jsonl --output predictions.jsonl
  octet quantize resnet18.pth --arch resnet18 --stats all.json --output int8.pth`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: cobra.FixedCompletions([]string{"json", "jsonl"}, cobra.ShellCompDirectiveFilterFileExt),
		RunE: c.Command(func(_ *cobra.Command, args []string) error {
			return runMerge(c, args, output)
		}),
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write what all shards are together as `FILE`")
	console.Require(cmd, "output", "")
	return cmd
}

// mergeKind is a kind of files that merge.
type mergeKind struct {
	name   string
	key    string // of its documents
	kind   console.OutputKind
	merger func() merger
}

var mergeKinds = []mergeKind{
	{"evaluation", `"octet_evaluation"`, console.JSONOutput, func() merger { return &mergedTally{} }},
	{"statistics", `"octet_statistics"`, console.JSONOutput, func() merger { return &mergedStatistics{} }},
	{"predictions", `"octet_predictions"`, console.LinesOutput, func() merger { return &mergedPredictions{} }},
}

// merger collects the files of one kind.
type merger interface {
	// add takes in a file, and returns the samples that it is of.
	add(path string) (*dataset.Coverage, error)
	// merge adds the file that was added latest to those before.
	merge() error
	// write writes the merged document; errors of the files that it reads have the code exit.Data.
	write(w io.Writer) error
	// tell completes the document of the command.
	tell(out *shardFile)
}

func runMerge(c *console.Console, given []string, output string) error {
	paths, err := partlist.Expand(given)
	if err != nil {
		return exit.WithCode(exit.Data, err)
	}
	kind, err := kindOfShard(paths[0])
	if err != nil {
		return exit.WithCode(exit.Data, err)
	}
	if err := console.CheckOutputs(console.Output{Flag: "output", Path: output, Kind: kind.kind}); err != nil {
		return err
	}
	if err := refuseInput(output, paths); err != nil {
		return err
	}
	m := kind.merger()
	if err := mergeAll(m, kind, paths); err != nil {
		return exit.WithCode(exit.Data, err)
	}
	if err := console.WriteFile(output, m.write); err != nil {
		return err
	}
	out := shardFile{Output: output, Kind: kind.name, Merged: paths}
	m.tell(&out)
	return c.Result(out, out.print)
}

// refuseInput refuses an output that is one of the parts, which would be lost.
func refuseInput(output string, parts []string) error {
	there, err := os.Stat(output)
	if err != nil {
		return nil // it is new
	}
	for _, part := range parts {
		if info, err := os.Stat(part); err == nil && os.SameFile(info, there) {
			return exit.Usagef("--output %s: it would replace the part %s: name another file", output, part)
		}
	}
	return nil
}

// mergeAll adds the files, and demands every shard once.
func mergeAll(m merger, kind *mergeKind, paths []string) error {
	from := map[int]string{} // the file of each shard
	count := 0
	var problems []error
	for i, path := range paths {
		k, err := kindOfShard(path)
		if err != nil {
			return err
		}
		if k != kind {
			return fmt.Errorf("%s: %s, while %s has %s: merge them apart", path, k.name, paths[0], kind.name)
		}
		seen, err := m.add(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		twice := false
		for _, s := range seen.Shards {
			if before, ok := from[s]; ok && seen.Count == count {
				problems = append(problems, fmt.Errorf("shard %d of %d comes twice: %s and %s", s, count, before, path))
				twice = true
			} else {
				from[s] = path
			}
		}
		if count = cmp.Or(count, seen.Count); twice {
			continue
		}
		if err := m.merge(); err != nil {
			problems = append(problems, fmt.Errorf("%s and %s: %w", paths[0], paths[i], err))
		}
	}
	var missing []int
	for s := range count {
		if from[s+1] == "" {
			missing = append(missing, s+1)
		}
	}
	if missing != nil {
		problems = append(problems, fmt.Errorf("%s of %d %s missing: run the command again with --shard %d/%d, and so on", dataset.ListShards(missing), count, isOrAre(len(missing)), missing[0], count))
	}
	return errors.Join(problems...)
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// kindOfShard looks for the key that documents of shards have near their beginning, or, where
// they are lines, in the last one.
func kindOfShard(path string) (*mergeKind, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 256)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
		return nil, err
	}
	for i, k := range mergeKinds {
		if bytes.Contains(head[:n], []byte(k.key)) {
			return &mergeKinds[i], nil
		}
	}
	if bytes.HasPrefix(head, []byte(`{"at":[`)) {
		return &mergeKinds[slices.IndexFunc(mergeKinds, func(k mergeKind) bool { return k.name == "predictions" })], nil
	}
	return nil, fmt.Errorf("%s was not written by a command with --shard, or is damaged: run that shard again", path)
}

// mergedTally merges evaluations.
type mergedTally struct{ all, next *octet.Tally }

func (m *mergedTally) add(path string) (*dataset.Coverage, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if m.next, err = octet.ReadTally(f); err != nil {
		return nil, err
	}
	return &m.next.Shards, nil
}

func (m *mergedTally) merge() error {
	if m.all == nil {
		m.all = m.next
		return nil
	}
	return m.all.Merge(m.next)
}

func (m *mergedTally) write(w io.Writer) error { return m.all.Write(w) }

func (m *mergedTally) tell(out *shardFile) {
	out.Images, out.Skipped = m.all.Inputs, m.all.Skipped.Count
	out.count(m.all, "")
}

// mergedStatistics merges those of calibration.
type mergedStatistics struct{ all, next *octet.Calibration }

func (m *mergedStatistics) add(path string) (*dataset.Coverage, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if m.next, err = octet.ReadCalibration(f); err != nil {
		return nil, err
	}
	if m.next.Shards == nil {
		return nil, errors.New("these are statistics of a whole run: calibrate with --shard")
	}
	return m.next.Shards, nil
}

func (m *mergedStatistics) merge() (err error) {
	if m.all == nil {
		m.all = m.next
		return nil
	}
	all, err := m.all.Merge(m.next)
	if err == nil {
		m.all = all
	}
	return err
}

func (m *mergedStatistics) write(w io.Writer) error { return m.all.Write(w) }

func (m *mergedStatistics) tell(out *shardFile) {
	out.Images, out.Skipped = m.all.Images, m.all.Shards.Samples-m.all.Images
}
