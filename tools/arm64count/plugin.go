package main

import (
	"bufio"
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed plugin/blocks.c
var pluginSource []byte

// emulator runs programs for linux/arm64 and counts the instructions of each block.
type emulator struct {
	command string // qemu's user mode for aarch64, linked dynamically: only that has plugins
	plugin  string // compiled
}

// newEmulator compiles the plugin into dir.
func newEmulator(command, dir string) (*emulator, error) {
	if _, err := exec.LookPath(command); err != nil {
		return nil, fmt.Errorf("%w: install Debian's qemu-user, or name another with -qemu", err)
	}
	plugin := filepath.Join(dir, "blocks.so")
	cc := exec.Command("cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-x", "c", "-", "-o", plugin)
	cc.Stdin = bytes.NewReader(pluginSource)
	if text, err := cc.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the plugin: %w\n%s", err, text)
	}
	return &emulator{command, plugin}, nil
}

// block is a run of instructions without a branch inside.
type block struct {
	address uint64
	runs    int64
	each    counts // of one run
}

// qemus are qemu's names of cores that have others. Neoverse V1 is what it can do at most, with
// vectors of 32 bytes in place of 64.
var qemus = map[string]string{"neoverse-v1": "max,sve-max-vq=2,sme=off"}

// run counts the blocks of one process: a program with its arguments, and what it reads.
func (e *emulator) run(core string, options []string, input string, program ...string) ([]block, error) {
	list, err := os.CreateTemp("", "blocks-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(list.Name())
	defer list.Close()
	args := append([]string{"-cpu", cmp.Or(qemus[core], core), "-plugin", e.plugin + ",out=" + list.Name()}, options...)
	cmd := exec.Command(e.command, append(args, program...)...)
	cmd.Stdin = strings.NewReader(input)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s on %s: %w\n%s", strings.Join(program, " "), core, err, said.Bytes())
	}
	blocks, err := readBlocks(list)
	if err == nil && len(blocks) == 0 {
		err = fmt.Errorf("%s on %s: the plugin has counted nothing\n%s", program[0], core, said.Bytes())
	}
	return blocks, err
}

// readBlocks reads what the plugin writes: lines of an address, a number of runs and words,
// all hexadecimal.
func readBlocks(r io.Reader) ([]block, error) {
	var blocks []block
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 {
			return nil, fmt.Errorf("the plugin's line %q: an address, a count and words are missing", lines.Text())
		}
		numbers := make([]uint64, len(fields))
		for i, f := range fields {
			var err error
			if numbers[i], err = strconv.ParseUint(f, 16, 64); err != nil {
				return nil, fmt.Errorf("the plugin's line %q: %w", lines.Text(), err)
			}
		}
		b := block{address: numbers[0], runs: int64(numbers[1])}
		for _, word := range numbers[2:] {
			b.each = b.each.plus(1, classify(uint32(word)))
		}
		blocks = append(blocks, b)
	}
	return blocks, lines.Err()
}
