package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/testseed"
)

// TestKilledShards: shards that are killed leave a whole file or none, and when they are run
// again the result is that of one run.
func TestKilledShards(t *testing.T) {
	slow(t, "evaluates in processes of its own")
	r := testseed.Rand(t)
	folder, int8, _ := quantized(t)
	test := firstImages(t, demoTest, 2000)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const shards = 5
	file := func(i int) string { return filepath.Join(folder, fmt.Sprintf("part%d.json", i)) }
	args := func(i int) []string {
		return []string{"eval", int8, test, "--shard", fmt.Sprintf("%d/%d", i+1, shards), "--output", file(i), "--batch-size", "4", "--quiet"}
	}
	killed := 0
	for i := range shards {
		c := exec.Command(program, args(i)...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.IntN(120)) * time.Millisecond)
		c.Process.Kill()
		c.Wait()
		if exists(file(i)) {
			continue
		}
		killed++
		octetCommand(t, args(i)...).must(t)
	}
	t.Logf("%d of %d shards were killed before their end", killed, shards)
	one, all := filepath.Join(folder, "one.json"), filepath.Join(folder, "all.json")
	octetCommand(t, "eval", int8, test, "--shard", "1/1", "--output", one, "--quiet").must(t)
	octetCommand(t, "merge", filepath.Join(folder, fmt.Sprintf("part{0..%d}.json", shards-1)), "--output", all).must(t)
	sameFiles(t, "killed shards", one, all)
}

// TestShardsOfAddresses: archives from a server give what they give as files.
func TestShardsOfAddresses(t *testing.T) {
	r := testseed.Rand(t)
	folder, int8, _ := quantized(t)
	tars := pictureTars(t, r, 3, 4)
	server := httptest.NewServer(http.StripPrefix("/data", http.FileServer(http.Dir(filepath.Dir(tars)))))
	defer server.Close()
	local, far := filepath.Join(folder, "local.json"), filepath.Join(folder, "far.json")
	octetCommand(t, "eval", int8, tars, "--shard", "2/2", "--output", local, "--quiet").must(t)
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	t.Setenv("AWS_REGION", "here")
	t.Setenv("AWS_ACCESS_KEY_ID", "me")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	for _, address := range []string{server.URL + "/data/", "s3://data/"} {
		octetCommand(t, "eval", int8, address+filepath.Base(tars), "--shard", "2/2", "--output", far, "--quiet").must(t)
		sameFiles(t, address, local, far)
	}
}

var (
	manifestArgs  = regexp.MustCompile(`(?m)^ *args: (\[.*\])$`)
	manifestCount = regexp.MustCompile(`(?s)OCTET_SHARD_COUNT\n *value: "(\d+)"`)
	completions   = regexp.MustCompile(`(?m)^ *(?:completions|parallelism): (\d+)$`)
)

// manifest reads the arguments of the container in a file of examples/cluster.
func manifest(t *testing.T, name string) (text string, args []string) {
	t.Helper()
	b, err := os.ReadFile("../../examples/cluster/" + name)
	if err != nil {
		t.Fatal(err)
	}
	found := manifestArgs.FindSubmatch(b)
	if found == nil {
		t.Fatalf("%s has no line of args", name)
	}
	if err := json.Unmarshal(found[1], &args); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(b), args
}

// TestManifestOfKubernetes runs the containers of examples/cluster as an Indexed Job would,
// some of them twice.
func TestManifestOfKubernetes(t *testing.T) {
	r := testseed.Rand(t)
	folder, int8, test := quantized(t)
	job, eval := manifest(t, "job.yaml")
	_, merge := manifest(t, "merge.yaml")
	count := manifestCount.FindStringSubmatch(job)
	if count == nil {
		t.Fatal("job.yaml does not set OCTET_SHARD_COUNT")
	}
	for _, m := range completions.FindAllStringSubmatch(job, -1) {
		if m[1] != count[1] {
			t.Errorf("job.yaml: %s, and OCTET_SHARD_COUNT is %s", m[0], count[1])
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "out"), 0o755); err != nil {
		t.Fatal(err)
	}
	command := func(args []string, index string) []string {
		var own []string
		for _, a := range args {
			a = strings.NewReplacer("/data/val", test, "/data/int8.pth", int8, "/data", folder, "$(JOB_COMPLETION_INDEX)", index).Replace(a)
			own = append(own, a)
		}
		return own
	}
	t.Setenv("OCTET_SHARD_COUNT", count[1])
	n := len(count[1]) // becomes the number
	fmt.Sscan(count[1], &n)
	for _, i := range append(r.Perm(n), r.IntN(n)) {
		t.Setenv("JOB_COMPLETION_INDEX", fmt.Sprint(i))
		octetCommand(t, command(eval, fmt.Sprint(i))...).must(t)
	}
	octetCommand(t, command(merge, "")...).must(t)
	one := filepath.Join(folder, "one.json")
	octetCommand(t, "eval", int8, test, "--shard", "1/1", "--output", one, "--quiet").must(t)
	sameFiles(t, "Indexed Job", one, filepath.Join(folder, "out/all.json"))
}

// TestShardsUnderParallel runs examples/cluster/local.sh.
func TestShardsUnderParallel(t *testing.T) {
	slow(t, "evaluates in processes of its own")
	if _, err := exec.LookPath("parallel"); err != nil {
		t.Skip("GNU parallel is not installed")
	}
	folder, int8, test := quantized(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(program, filepath.Join(bin, "octet")); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("bash", "../../examples/cluster/local.sh", int8, test, filepath.Join(folder, "out"), "3")
	c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+folder)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	one := filepath.Join(folder, "one.json")
	octetCommand(t, "eval", int8, test, "--shard", "1/1", "--output", one, "--quiet").must(t)
	sameFiles(t, "GNU parallel", one, filepath.Join(folder, "out/all.json"))
}

// Flags that --shards would not look at are refused.
func TestDemoOfShardsRefusals(t *testing.T) {
	for says, more := range map[string][]string{
		"--limit does not go with --shards":        {"--limit", "101"},
		"--qconfig does not go with --shards":      {"--qconfig", "torchvision"},
		"--qat and --shards contradict each other": {"--qat"},
	} {
		octetCommand(t, append([]string{"demo", "--shards", "3"}, more...)...).fails(t, exit.Usage, says)
	}
}

// TestDemoOfShards: the demo's processes count what one counts.
func TestDemoOfShards(t *testing.T) {
	slow(t, "evaluates 10,000 images twice")
	folder := t.TempDir()
	octetCommand(t, "demo", "--shards", "3", "--keep", folder).must(t)
	one := filepath.Join(folder, "one.json")
	octetCommand(t, "eval", filepath.Join(folder, "int8.pth"), filepath.Join(folder, demoTest), "--shard", "1/1", "--output", one, "--quiet").must(t)
	sameFiles(t, "demo", one, filepath.Join(folder, "all.json"))
}
