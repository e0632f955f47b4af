package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// kernels is where files lie, from the root of the repository.
const kernels = "internal/kernel"

// assemble returns the instructions of l, in hexadecimal, a line each.
func (l loop) assemble() (string, error) {
	path := filepath.Join(kernels, filepath.FromSlash(l.file))
	source, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("run it in the root of the repository: %w", err)
	}
	code, err := assembled(path, l.routine)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	var words strings.Builder
	for _, s := range l.stretches {
		first, last, err := s.find(strings.Split(string(source), "\n"), l.routine)
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		for _, i := range code {
			if i.line >= first && i.line <= last {
				words.WriteString(i.bytes + "\n")
			}
		}
	}
	return words.String(), nil
}

// find returns the lines of s in a routine, counted from 1.
func (s stretch) find(lines []string, routine string) (first, last int, err error) {
	inside := false
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "TEXT "):
			inside = strings.HasPrefix(line, "TEXT "+routine+"<>(SB)") || strings.HasPrefix(line, "TEXT ·"+routine+"(SB)")
		case !inside:
		case line == s.from+":":
			first = i + 2
		case first > 0 && s.to != "" && line == s.to+":":
			return first, i, nil
		case first > 0 && s.to == "" && (strings.HasPrefix(line, "\tB") || strings.HasPrefix(line, "\tCB")) && strings.HasSuffix(line, " "+s.from):
			return first, i + 1, nil
		}
	}
	return 0, 0, fmt.Errorf("no stretch of %s from label %q to %q", routine, s.from, s.to)
}

// instruction is one with its line of the source.
type instruction struct {
	line  int
	bytes string
}

// What Go's assembler lists: routines, instructions, and the bytes of a routine.
var (
	symbol  = regexp.MustCompile(`^(\S+) STEXT`)
	listed  = regexp.MustCompile(`^\t0x[0-9a-f]+ (\d{5,}) \(\S+\.s:(\d+)\)\t(\S+)`)
	encoded = regexp.MustCompile(`^\t0x[0-9a-f]{4,} ((?:[0-9a-f]{2} )+)`)
)

// assembled lists the instructions of a routine.
func assembled(path, routine string) ([]instruction, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	object, err := os.CreateTemp("", "arm64")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(object.Name()) }()
	if err := object.Close(); err != nil {
		return nil, err
	}
	include := filepath.Join(strings.TrimSpace(string(root)), "pkg", "include")
	cmd := exec.Command("go", "tool", "asm", "-p", "kernel", "-S", "-I", include, "-o", object.Name(), path)
	cmd.Env = append(os.Environ(), "GOARCH=arm64")
	var said bytes.Buffer
	cmd.Stderr = &said
	list, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, &said)
	}
	type place struct{ pc, line int }
	var places []place
	var code []string
	inside := false
	for line := range strings.Lines(string(list)) {
		if m := symbol.FindStringSubmatch(line); m != nil {
			inside = m[1] == routine || strings.HasSuffix(m[1], "."+routine)
		} else if m := listed.FindStringSubmatch(line); inside && m != nil && m[3] != "TEXT" && m[3] != "PCALIGN" {
			pc, _ := strconv.Atoi(m[1])
			number, _ := strconv.Atoi(m[2])
			places = append(places, place{pc, number})
		} else if m := encoded.FindStringSubmatch(line); inside && m != nil {
			code = append(code, strings.Fields(m[1])...)
		}
	}
	if len(places) == 0 {
		return nil, fmt.Errorf("no routine %s", routine)
	}
	var result []instruction
	for i, p := range places {
		end := len(code)
		if i+1 < len(places) {
			end = places[i+1].pc
		}
		for at := p.pc; at+4 <= min(end, len(code)); at += 4 {
			result = append(result, instruction{p.line, "0x" + strings.Join(code[at:at+4], " 0x")})
		}
	}
	return result, nil
}

// attributes are the instruction sets that kernels have rows for.
const attributes = "+v8.2a,+dotprod,+i8mm"

// disassemble returns the text of words.
func disassemble(mc, words string) (string, error) {
	return command(mc, words, "--disassemble", "-triple=aarch64", "-mattr="+attributes)
}

var cyclesOf = regexp.MustCompile(`Total Cycles: +(\d+)`)

// price returns the cycles of a turn on a core, among many turns.
func price(mca, core, text string) (float64, error) {
	const turns = 200
	out, err := command(mca, text, "-mtriple=aarch64", "-mcpu="+core, "-mattr="+attributes, fmt.Sprintf("-iterations=%d", turns), "-resource-pressure=false", "-instruction-info=false")
	if err != nil {
		return 0, err
	}
	m := cyclesOf.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("%s does not say how many cycles: %s", mca, out)
	}
	cycles, err := strconv.Atoi(m[1])
	return float64(cycles) / turns, err
}

// command runs a program of LLVM.
func command(name, input string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", name, err, &said)
	}
	return string(out), nil
}
