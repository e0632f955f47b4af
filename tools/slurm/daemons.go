package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// cluster is a Slurm of one node.
type cluster struct {
	ctx     context.Context
	folder  string   // of everything that it writes
	env     []string // of commands
	daemons []*exec.Cmd
}

// config is slurm.conf: no cgroups, no accounting, its own ports.
const config = `ClusterName=octet
SlurmctldHost=%[1]s(127.0.0.1)
SlurmUser=root
SlurmctldPort=%[3]d
SlurmdPort=%[4]d
AuthType=auth/munge
AuthInfo=socket=%[2]s/munge.sock
CryptoType=crypto/munge
StateSaveLocation=%[2]s/state
SlurmdSpoolDir=%[2]s/spool
SlurmctldPidFile=%[2]s/slurmctld.pid
SlurmdPidFile=%[2]s/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
ReturnToService=2
NodeName=%[1]s NodeAddr=127.0.0.1 CPUs=%[5]d State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`

// start writes the configuration and starts the daemons.
func (c *cluster) start() error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	host, _, _ = strings.Cut(host, ".")
	var ports [2]int
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
		l.Close()
	}
	text := fmt.Sprintf(config, host, c.folder, ports[0], ports[1], runtime.NumCPU())
	if err := os.WriteFile(filepath.Join(c.folder, "slurm.conf"), []byte(text), 0o644); err != nil {
		return err
	}
	for _, d := range []string{"state", "spool"} {
		if err := os.Mkdir(filepath.Join(c.folder, d), 0o755); err != nil {
			return err
		}
	}
	key := filepath.Join(c.folder, "munge.key")
	if err := os.WriteFile(key, []byte(strings.Repeat("a key of this run alone ", 8)), 0o400); err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(c.folder, name) }
	err = errors.Join(
		c.daemon("munged", "--foreground", "--force", "--key-file="+key, "--socket="+in("munge.sock"), "--pid-file="+in("munged.pid"), "--log-file="+in("munged.log"), "--seed-file="+in("munged.seed")),
		c.daemon("slurmctld", "-D", "-c", "-f", in("slurm.conf")),
		c.daemon("slurmd", "-D", "-N", host, "-f", in("slurm.conf")))
	if err != nil {
		return err
	}
	for range 60 {
		if text, err := c.do("sinfo", "--noheader", "--format=%T"); err == nil && strings.TrimSpace(text) == "idle" {
			return nil
		}
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return fmt.Errorf("the node is not ready after a minute:\n%s", c.logs())
}

// daemon starts a program that stays.
func (c *cluster) daemon(name string, arg ...string) error {
	path, err := lookPath(name, append(c.env, "PATH="+os.Getenv("PATH")+":/usr/sbin"))
	if err != nil {
		return fmt.Errorf("%w: apt-get install slurmctld slurmd slurm-client munge", err)
	}
	log, err := os.Create(filepath.Join(c.folder, name+".out"))
	if err != nil {
		return err
	}
	defer log.Close()
	d := exec.Command(path, arg...)
	d.Env, d.Stdout, d.Stderr = c.env, log, log
	if err := d.Start(); err != nil {
		return err
	}
	c.daemons = append(c.daemons, d)
	return nil
}

// logs is what the daemons have said.
func (c *cluster) logs() string {
	var all strings.Builder
	for _, d := range c.daemons {
		b, _ := os.ReadFile(filepath.Join(c.folder, filepath.Base(d.Path)+".out"))
		fmt.Fprintf(&all, "%s:\n%s\n", d.Path, b)
	}
	return all.String()
}

// stop ends the daemons, the last one first.
func (c *cluster) stop() error {
	for len(c.daemons) > 0 {
		d := c.daemons[len(c.daemons)-1]
		c.daemons = c.daemons[:len(c.daemons)-1]
		d.Process.Signal(syscall.SIGTERM)
		ended := make(chan struct{})
		go func() {
			d.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			d.Process.Kill()
			<-ended
		}
	}
	return nil
}
