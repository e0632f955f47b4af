package dataset

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/vision"
)

func TestParseShard(t *testing.T) {
	for text, want := range map[string]string{
		"1/1": "", "2/4": "", "16/16": "", "0/4": "count from 1", "5/4": "count from 1", "1": "I/N", "a/b": "I/N", "1/0": "1 to", "-1/3": "count from 1",
		"1/9999999": "1 to", "1/2/3": "I/N", "": "I/N",
	} {
		s, err := ParseShard(text)
		if want == "" && (err != nil || s.String() != text) {
			t.Errorf("%q is %v, %v", text, s, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v does not say %q", text, err, want)
		}
	}
}

func TestShardOfTask(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"JOB_COMPLETION_INDEX=0 OCTET_SHARD_COUNT=4", "1/4"},
		{"JOB_COMPLETION_INDEX=3 OCTET_SHARD_COUNT=4", "4/4"},
		{"JOB_COMPLETION_INDEX=4 OCTET_SHARD_COUNT=4", "none of 4"},
		{"JOB_COMPLETION_INDEX=0", "set OCTET_SHARD_COUNT"},
		{"SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_STEP=1", "3/4"},
		{"SLURM_ARRAY_TASK_ID=6 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_STEP=2", "4/4"},
		{"SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_STEP=2", "I/N"},
		{"SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_COUNT=1 OCTET_SHARD_COUNT=4", "run again"},
		{"AWS_BATCH_JOB_ARRAY_INDEX=2 AWS_BATCH_JOB_ARRAY_SIZE=3", "3/3"},
		{"AWS_BATCH_JOB_ARRAY_INDEX=2 OCTET_SHARD_COUNT=3", "3/3"},
		{"CLOUD_RUN_TASK_INDEX=1 CLOUD_RUN_TASK_COUNT=2", "2/2"},
		{"CLOUD_RUN_TASK_INDEX=x CLOUD_RUN_TASK_COUNT=2", "not a number"},
		{"CLOUD_RUN_TASK_INDEX=-1 CLOUD_RUN_TASK_COUNT=2", "not a number"},
		{"JOB_COMPLETION_INDEX=0 CLOUD_RUN_TASK_INDEX=1 CLOUD_RUN_TASK_COUNT=2", "both"},
		{"OCTET_SHARD_COUNT=4", "no scheduler"},
	} {
		values := map[string]string{}
		for _, pair := range strings.Fields(c.set) {
			name, value, _ := strings.Cut(pair, "=")
			values[name] = value
		}
		s, err := ShardOfTask(func(name string) (string, bool) {
			v, ok := values[name]
			return v, ok
		})
		if said := cmp.Or(errText(err), s.String()); !strings.Contains(said, c.want) {
			t.Errorf("%s: %s, not %s", c.set, said, c.want)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// preset1 takes images as they are.
var preset1 = vision.Preset{Channels: 1, Resize: []int{2, 2}}

// readShard reads a shard: a line for each sample, and what it covers.
func readShard(t *testing.T, s Shard, parts ...Part) ([]string, *Coverage) {
	t.Helper()
	r, err := NewShardReader(parts, s, ShardOptions{LoaderOptions: LoaderOptions{Preset: preset1, BatchSize: 3}})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for b, err := range r.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range b.Names {
			lines = append(lines, fmt.Sprintf("%d/%d %s %d", b.Places[i].Part, b.Places[i].Index, name, b.Labels[i]))
		}
	}
	c, err := r.Coverage()
	if err != nil {
		t.Fatal(err)
	}
	return lines, c
}

// tarOf makes an archive of members NAME=CONTENT; images without content are one.
func tarOf(t *testing.T, members ...string) []byte {
	t.Helper()
	b, err := makeTar(members)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func makeTar(members []string) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		name, text, _ := strings.Cut(m, "=")
		if text == "" && isImageFile(name) {
			text = "P5 2 2 255 abcd"
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(text))}); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func tarBytes(name string, b []byte) Part {
	return TarPart(name, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil })
}

func TestTarOfWebDataset(t *testing.T) {
	b := tarOf(t, "./a.cls=3\n", "./a.png", "b.png", "b.json={}", "b.cls=7", "c.png", "d/a.png", "d/a.cls=1", "x.txt=no")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(b)
	z.Close()
	want := []string{"0/0 a.png 3", "0/1 b.png 7", "0/2 c.png -1", "0/3 d/a.png 1"}
	for _, p := range []Part{tarBytes("t", b), tarBytes("z", zipped.Bytes())} {
		if got, _ := readShard(t, Whole, p); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", p.Name(), got, want)
		}
	}
	if got, _ := readShard(t, Shard{2, 2}, tarBytes("t", b)); !slices.Equal(got, []string{want[1], want[3]}) {
		t.Errorf("half of it: %q", got)
	}
	got, c := readShard(t, Shard{2, 2}, tarBytes("t", b), tarBytes("u", b))
	if len(got) != 4 || got[0] != "1/0 u:a.png 3" || c.Samples != 4 {
		t.Errorf("the second of two: %q, %+v", got, c)
	}
}

func TestTarThatIsBroken(t *testing.T) {
	b := tarOf(t, "a.png", "b.png")
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprintf("cat.%d.png", i)
	}
	for what, c := range map[string]struct {
		content []byte
		say     string
	}{
		"cut off":    {b[:700], "cut off"},
		"no tar":     {bytes.Repeat([]byte("x"), 2000), "broken tar"},
		"between":    {b[:1024], "cut off"},
		"empty":      {nil, "cut off"},
		"no image":   {tarOf(t, "a.txt=x"), "no image"},
		"bad label":  {tarOf(t, "a.png", "a.cls=cat"), "not the number of a class"},
		"one key":    {tarOf(t, many...), ""},
		"no content": {tarOf(t, "a.png", "b.png=x"), ""},
	} {
		r, err := NewShardReader([]Part{tarBytes("t.tar", c.content)}, Whole, ShardOptions{LoaderOptions: LoaderOptions{Preset: preset1}})
		if err != nil {
			t.Fatal(err)
		}
		var failed error
		for _, err := range r.Batches(t.Context()) {
			failed = err
		}
		_, covered := r.Coverage()
		if (failed == nil) != (c.say == "") || !strings.Contains(errText(failed), c.say) {
			t.Errorf("%s: %v, want %q", what, failed, c.say)
		}
		if (covered == nil) != (failed == nil) {
			t.Errorf("%s: the reading ended with %v, and its Coverage is %v", what, failed, covered)
		}
	}
}

// TestShardsAreAllOfTheSet: each sample is in one shard, and their Coverages merge to that of
// the whole in any order.
func TestShardsAreAllOfTheSet(t *testing.T) {
	r := testseed.Rand(t)
	var members []string
	for i := range 20 + r.IntN(10) {
		members = append(members, fmt.Sprintf("%d.png", i), fmt.Sprintf("%d.cls=%d", i, r.IntN(9)))
	}
	b := tarOf(t, members...)
	parts := []Part{tarBytes("t", b)}
	if r.IntN(2) == 0 {
		parts = append(parts, tarBytes("u", b), tarBytes("v", tarOf(t, "x.png")))
	}
	all, whole := readShard(t, Whole, parts...)
	if !whole.Complete() || whole.Check() != nil {
		t.Fatalf("the whole: %+v", whole)
	}
	for _, n := range []int{2, 3, 7, 40} {
		var lines []string
		var merged *Coverage
		for _, i := range r.Perm(n) {
			got, c := readShard(t, Shard{i + 1, n}, parts...)
			lines = append(lines, got...)
			if err := c.Check(); err != nil {
				t.Fatal(err)
			}
			if merged == nil {
				merged = c
				continue
			}
			if err := merged.Merge(c); err != nil {
				t.Fatal(err)
			}
			if err := merged.Merge(c); err == nil {
				t.Fatal("a shard was merged twice")
			}
		}
		slices.Sort(lines)
		if want := slices.Sorted(slices.Values(all)); !slices.Equal(lines, want) {
			t.Errorf("%d shards have %q, want %q", n, lines, want)
		}
		if merged.Missing() != nil || merged.Content != whole.Content || merged.Set != whole.Set || merged.Samples != whole.Samples || !merged.Complete() {
			t.Errorf("%d shards are %+v, the whole %+v", n, merged, whole)
		}
	}
	_, other := readShard(t, Shard{1, 2}, tarBytes("w", tarOf(t, "y.png")))
	_, half := readShard(t, Shard{2, 2}, parts...)
	if err := half.Merge(other); !errors.Is(err, ErrForeign) {
		t.Errorf("another set: %v", err)
	}
}

// TestFolderIsListedInPieces: the names of a folder come in order, also where not all of them
// are held at a time.
func TestFolderIsListedInPieces(t *testing.T) {
	r := testseed.Rand(t)
	folder := t.TempDir()
	var want []string
	for range 100 {
		name := fmt.Sprint(r.Uint32())
		want = append(want, name)
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	for _, n := range []int{1, 7, 50, 99, 100, 101, 1000} {
		var got []string
		after, all := "", false
		for !all {
			var names []listing
			var err error
			if names, all, err = smallestNames(folder, after, n); err != nil {
				t.Fatal(err)
			}
			for _, l := range names {
				after = l.name
				got = append(got, l.name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: %q", n, got)
		}
	}
}

// FuzzTarPart: whatever an archive holds, its shards have what the whole has, or an error.
func FuzzTarPart(f *testing.F) {
	f.Fuzz(func(t *testing.T, members []byte) {
		b, err := makeTar(strings.Split(string(members), "\n"))
		if err != nil {
			return
		}
		b = b[:len(b)-len(members)%7*100] // the end mark has 1024 bytes
		read := func(s Shard) (*Coverage, error) {
			p := tarBytes("t", b).(*tarPart)
			if len(members)%2 == 0 {
				if err := p.findClasses(t.Context()); err != nil {
					return nil, err
				}
			}
			r, err := NewShardReader([]Part{p}, s, ShardOptions{LoaderOptions: LoaderOptions{Preset: preset1, Workers: 1}})
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range r.Batches(t.Context()) {
				if err != nil {
					return nil, err
				}
			}
			return r.Coverage()
		}
		whole, err := read(Whole)
		if err != nil {
			return
		}
		first, err := read(Shard{1, 2})
		if err != nil {
			t.Fatal(err)
		}
		second, err := read(Shard{2, 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Merge(second); err != nil {
			t.Fatal(err)
		}
		if first.Samples != whole.Samples || first.Content != whole.Content || first.Set != whole.Set {
			t.Errorf("%+v and the whole %+v", first, whole)
		}
	})
}
