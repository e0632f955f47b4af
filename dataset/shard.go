package dataset

import (
	"fmt"
	"strconv"
	"strings"
)

// Shard is one of Count parts of a set, which are disjoint and together the whole of it.
type Shard struct {
	Index int // from 1
	Count int // 1 or more
}

// maxShards bounds Count; schedulers' arrays end far below.
const maxShards = 1_000_000

// Whole is the only shard of one.
var Whole = Shard{1, 1}

// ParseShard reads "2/4", the second of four.
func ParseShard(text string) (Shard, error) {
	index, count, ok := strings.Cut(text, "/")
	i, badIndex := strconv.Atoi(index)
	n, badCount := strconv.Atoi(count)
	if !ok || badIndex != nil || badCount != nil {
		return Shard{}, fmt.Errorf("%q is no shard: write I/N, such as 2/4, the second of four", text)
	}
	return Shard{i, n}, Shard{i, n}.check()
}

// String writes what ParseShard reads.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Count) }

func (s Shard) check() error {
	switch {
	case s.Count < 1 || s.Count > maxShards:
		return fmt.Errorf("shard %v: a set has 1 to %d shards", s, maxShards)
	case s.Index < 1 || s.Index > s.Count:
		return fmt.Errorf("shard %v: shards of %d count from 1 to %d", s, s.Count, s.Count)
	}
	return nil
}

// has reports whether item i, from 0, is the shard's: they take turns.
func (s Shard) has(i int) bool { return i%s.Count == s.Index-1 }

// ShardCountVariable says how many tasks a job has where its scheduler does not.
const ShardCountVariable = "OCTET_SHARD_COUNT"

// scheduler is how the tasks of an array learn their number.
type scheduler struct {
	name        string
	index       string // of the task
	first, step string // of the indices; empty where they are 0 and 1
	count       string // of the tasks; empty where ShardCountVariable says it
}

var schedulers = []scheduler{
	{name: "Kubernetes", index: "JOB_COMPLETION_INDEX"},
	{"Slurm", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT"},
	{name: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE"},
	{name: "Cloud Run", index: "CLOUD_RUN_TASK_INDEX", count: "CLOUD_RUN_TASK_COUNT"},
}

// ShardOfTask is the shard of the task that a scheduler runs: of an Indexed Job of
// Kubernetes, an array of Slurm or AWS Batch, or a job of Cloud Run. lookup is os.LookupEnv.
// ShardCountVariable says how many tasks there are where the scheduler does not, and must
// agree where it does.
func ShardOfTask(lookup func(name string) (value string, ok bool)) (Shard, error) {
	var found *scheduler
	for i, s := range schedulers {
		if _, ok := lookup(s.index); !ok {
			continue
		}
		if found != nil {
			return Shard{}, fmt.Errorf("both %s (%s) and %s (%s) number this task: give the shard as I/N", found.name, found.index, s.name, s.index)
		}
		found = &schedulers[i]
	}
	if found == nil {
		var names []string
		for _, s := range schedulers {
			names = append(names, fmt.Sprintf("%s (%s)", s.index, s.name))
		}
		return Shard{}, fmt.Errorf("no scheduler numbers this task: none of %s is set; give the shard as I/N", strings.Join(names, ", "))
	}
	return found.shard(lookup)
}

func (s *scheduler) shard(lookup func(string) (string, bool)) (Shard, error) {
	values := map[string]int{} // of no name 0
	read := func(name string, otherwise int) error {
		if name == "" {
			return nil
		}
		text, ok := lookup(name)
		if !ok {
			values[name] = otherwise
			return nil
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return fmt.Errorf("%s: %s is %q, not a number", s.name, name, text)
		}
		values[name] = n
		return nil
	}
	for name, otherwise := range map[string]int{s.index: 0, s.first: 0, s.step: 1, s.count: 0, ShardCountVariable: 0} {
		if err := read(name, otherwise); err != nil {
			return Shard{}, err
		}
	}
	first, step, count := values[s.first], 1, values[ShardCountVariable]
	if s.step != "" {
		step = max(1, values[s.step])
	}
	if told := values[s.count]; s.count != "" && told > 0 {
		if count > 0 && count != told {
			return Shard{}, fmt.Errorf("%s says that there are %d tasks (%s), and %s says %d: where some tasks are run again, give each its shard as I/N", s.name, told, s.count, ShardCountVariable, count)
		}
		count = told
	}
	if count == 0 {
		return Shard{}, fmt.Errorf("%s does not say how many tasks there are: set %s to their number", s.name, ShardCountVariable)
	}
	at := values[s.index] - first
	if at < 0 || at%step != 0 || at/step >= count {
		return Shard{}, fmt.Errorf("%s: task %d is none of %d that begin with %d in steps of %d: give the shard as I/N", s.name, values[s.index], count, first, step)
	}
	out := Shard{at/step + 1, count}
	return out, out.check()
}
