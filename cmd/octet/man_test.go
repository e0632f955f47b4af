package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestManPages(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "man")
	octetCommand(t, "man", folder).must(t)
	for page, says := range map[string][]string{
		"octet":            {"octet \\- INT8", ".BR octet\\-quantize (1)", ".SS Of every command", "octet demo"},
		"octet-quantize":   {".SS Recipe", "\\fB\\-\\-calibration\\fR \\fIDATA\\fR", "\\fB\\-o\\fR, \\fB\\-\\-output\\fR", "(default 32)", "\\(aqlayer4.*\\(aq"},
		"octet-run":        {".SH SYNOPSIS", "octet run MODEL "},
		"octet-zoo-pull":   {".BR octet\\-zoo (1)", "\\-\\-offline"},
		"octet-exit-codes": {"130  interrupted"},
	} {
		text, err := os.ReadFile(filepath.Join(folder, page+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, want := range says {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s does not say %q:\n%s", page, want, text)
			}
		}
	}
	pages, _ := filepath.Glob(filepath.Join(folder, "*.1"))
	if len(pages) < 20 {
		t.Errorf("only %d pages", len(pages))
	}
	groff, err := exec.LookPath("groff")
	for _, page := range pages {
		if strings.Contains(page, "stdio") || strings.Contains(page, "parity") || strings.Contains(page, "octet-man.") {
			t.Errorf("a hidden command has a page: %s", page)
		}
		text, _ := os.ReadFile(page)
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "'") {
				t.Errorf("%s: a line begins with a control character: %s", page, line)
			}
		}
		if err == nil { // where it is installed, it has nothing to complain of
			if out, err := exec.Command(groff, "-man", "-ww", "-Tutf8", "-z", page).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s: %v\n%s", page, err, out)
			}
		}
	}
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		"--arch": `\-\-arch`, ".npy": `\&.npy`, `a\b`: `a\eb`, "it's": `it\(aqs`, "a\n.b\nc": "a\n\\&.b\nc", "'x'": `\(aqx\(aq`,
	} {
		if got := roff(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	for shell, says := range map[string]string{
		"bash": "complete -o default -F __start_octet octet", "zsh": "#compdef octet", "fish": "complete -c octet", "powershell": "Register-ArgumentCompleter -CommandName 'octet'",
	} {
		out := octetCommand(t, "completion", shell).must(t).out
		if !strings.Contains(out, says) {
			t.Errorf("%s: no %q", shell, says)
		}
		if path, err := exec.LookPath(shell); err == nil && shell != "powershell" {
			check := exec.Command(path, "-n")
			check.Stdin = strings.NewReader(out)
			if text, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s does not read it: %v\n%s", shell, err, text)
			}
		}
	}
}
