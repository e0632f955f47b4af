package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

// process is a server under test.
type process struct {
	command           *exec.Cmd
	http, grpc, admin string        // its addresses
	ended             chan struct{} // closed when it has
	err               error         // of its end
}

// start runs a server of models on free ports and waits until it is ready.
func start(octet string, args ...string) (*process, error) {
	args = append([]string{"serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, args...)
	p := &process{command: exec.Command(octet, args...), ended: make(chan struct{})}
	logs, err := p.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		var line struct{ Msg, HTTP, GRPC, Admin, Error string }
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Error != "" {
			p.command.Process.Kill()
			return nil, fmt.Errorf("the server says: %s", lines.Text())
		}
		if line.Msg == "listening" {
			p.http, p.grpc, p.admin = "http://"+line.HTTP, line.GRPC, "http://"+line.Admin
		}
		if line.Msg == "ready" {
			go func() {
				io.Copy(io.Discard, logs)
				p.err = p.command.Wait()
				close(p.ended)
			}()
			return p, nil
		}
	}
	return nil, errors.Join(errors.New("the server ended before it was ready"), lines.Err(), p.command.Wait())
}

// stop asks the server to end, and returns the error of its end.
func (p *process) stop() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return p.err
	case <-time.After(time.Minute):
		p.command.Process.Kill()
		return errors.New("the server has not ended a minute after SIGTERM")
	}
}

// resident is the server's memory in bytes, now and at its peak.
func (p *process) resident() (now, peak int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	if now, err = number(text, `VmRSS:\s+(\d+) kB`); err == nil {
		peak, err = number(text, `VmHWM:\s+(\d+) kB`)
	}
	return now << 10, peak << 10, err
}

// state is how many goroutines the server has, and the bytes of its heap that are in use after a
// collection.
func (p *process) state() (goroutines, heap int64, err error) {
	text, err := p.page("/debug/pprof/heap?gc=1&debug=1")
	if err != nil {
		return 0, 0, err
	}
	if heap, err = number(text, `# HeapAlloc = (\d+)`); err != nil {
		return 0, 0, err
	}
	if text, err = p.page("/debug/pprof/goroutine?debug=1"); err == nil {
		goroutines, err = number(text, `total (\d+)`)
	}
	return goroutines, heap, err
}

// gauge is a figure of the server's metrics.
func (p *process) gauge(name string) (int64, error) {
	text, err := p.page("/metrics")
	if err != nil {
		return 0, err
	}
	return number(text, `(?m)^`+name+` (\d+)`)
}

// page is one of the admin address.
func (p *process) page(path string) ([]byte, error) {
	a, err := http.Get(p.admin + path)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	return io.ReadAll(a.Body)
}

// number is the number that a pattern finds.
func number(text []byte, pattern string) (int64, error) {
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("there is no %s in %.200q", pattern, text)
	}
	return strconv.ParseInt(string(found[1]), 10, 64)
}
