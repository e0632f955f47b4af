// Command slurm runs examples/cluster under a real Slurm on this machine: an array of which
// one task is killed, that task again, and the merge, whose result must be that of one run.
//
//	apt-get install slurmctld slurmd slurm-client munge
//	go run ./tools/slurm
//
// Slurm's daemons run as root on ports of their own in a temporary folder, and end with the
// command.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const shards = 4

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "slurm:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("the daemons of Slurm need root")
	}
	folder, err := os.MkdirTemp("", "octet-slurm")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	c := &cluster{ctx: ctx, folder: folder}
	defer func() { err = errors.Join(err, c.stop()) }()
	model, data, err := c.files()
	if err != nil {
		return err
	}
	if err := c.start(); err != nil {
		return err
	}
	out := filepath.Join(folder, "out")
	fmt.Println("an array of", shards, "tasks, of which the third is killed")
	text, err := c.do("bash", "examples/cluster/submit.sh", model, data, out, fmt.Sprint(shards))
	if err != nil {
		return err
	}
	if err := c.wait(); err != nil {
		return err
	}
	if exists(filepath.Join(out, "all.json")) || exists(filepath.Join(out, "part3.json")) {
		return fmt.Errorf("the killed task, or the merge behind it, has left a file; submit.sh said %s", text)
	}
	fmt.Println("that task again, and the merge")
	again, err := c.do("sbatch", "--parsable", fmt.Sprintf("--export=ALL,SHARD=3/%d,MODEL=%s,DATA=%s,OUT=%s", shards, model, data, out), "examples/cluster/shard.sbatch")
	if err != nil {
		return err
	}
	if _, err := c.do("sbatch", "--dependency=afterok:"+strings.TrimSpace(again), "--kill-on-invalid-dep=yes", "--export=ALL,OUT="+out, "examples/cluster/merge.sbatch"); err != nil {
		return err
	}
	if err := c.wait(); err != nil {
		return err
	}
	one := filepath.Join(folder, "one.json")
	if _, err := c.do("octet", "eval", model, data, "--shard", "1/1", "--output", one, "--quiet"); err != nil {
		return err
	}
	return same(one, filepath.Join(out, "all.json"))
}

// same compares two files.
func same(a, b string) error {
	x, err := os.ReadFile(a)
	if err != nil {
		return err
	}
	y, err := os.ReadFile(b)
	if err != nil {
		return err
	}
	if !bytes.Equal(x, y) {
		return fmt.Errorf("the merged counts are not those of one run:\n%s\n%s", x, y)
	}
	fmt.Println("the merged counts are, byte for byte, those of one run")
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// killOnce is octet, except that the first try of the third shard is killed while it runs.
const killOnce = `#!/bin/bash
mark=%[1]s/killed
if [ "${SLURM_ARRAY_TASK_ID:-}" = 3 ] && mkdir "$mark" 2>/dev/null; then
  %[1]s/real/octet "$@" & sleep 0.1; kill -9 $!; wait $!; exit 137
fi
exec %[1]s/real/octet "$@"
`

// files builds octet, and makes an int8 model of the demo's.
func (c *cluster) files() (model, data string, err error) {
	bin := filepath.Join(c.folder, "bin")
	for _, d := range []string{bin, filepath.Join(c.folder, "out"), filepath.Join(c.folder, "logs"), filepath.Join(c.folder, "real")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return "", "", err
		}
	}
	c.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SLURM_CONF="+filepath.Join(c.folder, "slurm.conf"), "SBATCH_OUTPUT="+filepath.Join(c.folder, "logs", "%j.log"))
	if _, err := c.do("go", "build", "-o", filepath.Join(c.folder, "real"), "./cmd/octet"); err != nil {
		return "", "", err
	}
	if err := os.WriteFile(filepath.Join(bin, "octet"), fmt.Appendf(nil, killOnce, c.folder), 0o755); err != nil {
		return "", "", err
	}
	demo, err := filepath.Abs("cmd/octet/demodata")
	if err != nil {
		return "", "", err
	}
	model = filepath.Join(c.folder, "int8.pth")
	_, err = c.do("octet", "quantize", filepath.Join(demo, "fashion_resnet8_wide.pth"), "--calibration", filepath.Join(demo, "calibration-images-idx3-ubyte.gz"), "--output", model, "--quiet")
	return model, filepath.Join(demo, "t10k-images-idx3-ubyte.gz"), err
}

// wait waits until no job is left.
func (c *cluster) wait() error {
	for range 300 {
		text, err := c.do("squeue", "--noheader")
		if err != nil {
			return err
		}
		if strings.TrimSpace(text) == "" {
			return nil
		}
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-time.After(time.Second):
		}
	}
	text, _ := c.do("squeue", "--long")
	return fmt.Errorf("jobs are left after five minutes:\n%s", text)
}

// do runs a command and returns what it prints.
func (c *cluster) do(name string, arg ...string) (string, error) {
	cmd := exec.CommandContext(c.ctx, name, arg...)
	cmd.Env = c.env
	if path, err := lookPath(name, c.env); err == nil {
		cmd.Path, cmd.Err = path, nil
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(arg, " "), err, out.String(), said.String())
	}
	return out.String(), nil
}

// lookPath finds a program in the PATH of env.
func lookPath(name string, env []string) (string, error) {
	path := ""
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			path = v
		}
	}
	for _, d := range filepath.SplitList(path) {
		if info, err := os.Stat(filepath.Join(d, name)); err == nil && info.Mode()&0o111 != 0 {
			return filepath.Join(d, name), nil
		}
	}
	return "", fmt.Errorf("%s: not found", name)
}
