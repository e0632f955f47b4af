package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/cpu"
)

// cpuFlags are the flags of `octet cpu`.
type cpuFlags struct {
	arch     string
	features string
	selftest bool
	seed     uint64
}

func newCPUCommand(c *console.Console) *cobra.Command {
	f := &cpuFlags{}
	cmd := &cobra.Command{
		Use:   "cpu",
		Short: "List CPU features and kernels, and test the kernels on this machine",
		Long: `cpu lists the CPU features that octet asks for, every kernel with the features it
needs, and which kernel would be picked on this machine and on others. A kernel is
picked by the features alone: the first of its kind, in the order of the list, that runs.
--arch lists the kernels of programs for another architecture instead, and what its CPUs
pick.

--selftest computes small random graphs of every operator, in float32 and with the rules
of every backend, at every level of instruction sets that this machine has, and compares
each node with the naive operators: codes must be equal to the bit, float32 within 1e-5.
Steps of training are compared with those of portable code. It names the kernels that
took part and fails with exit code 7 when a node differs.`,
		Example: `  octet cpu
  octet cpu --for avx2+fma
  octet cpu --arch arm64
  octet cpu --selftest --json`,
		Args: cobra.NoArgs,
		RunE: c.Command(func(cmd *cobra.Command, _ []string) error {
			return runCPU(c, cmd, f)
		}),
	}
	fl := cmd.Flags()
	fl.StringVar(&f.arch, "arch", "", "list the kernels of programs for this architecture, amd64 or arm64 (default this program's)")
	console.Complete(cmd, "arch", engine.Architectures()...)
	fl.StringVar(&f.features, "for", "", "also show what a CPU with these features picks, such as avx2+fma, or none")
	fl.BoolVar(&f.selftest, "selftest", false, "compare the kernels with the naive operators on this machine")
	fl.Uint64Var(&f.seed, "seed", 0, "of --selftest: draw the same graphs again")
	return cmd
}

// cpuOutput is the JSON document of `octet cpu`.
type cpuOutput struct {
	Platform string       `json:"platform"`
	Cores    int          `json:"cores"`
	Features []cpuFeature `json:"features"`
	Arch     string       `json:"arch"` // of the kernels
	Kernels  []cpuKernel  `json:"kernels"`
	Picks    []cpuPicks   `json:"picks"`
	SelfTest *selfTest    `json:"selftest,omitempty"`
}

type cpuFeature struct {
	Name    string `json:"name"`
	Present bool   `json:"present"`
}

type cpuKernel struct {
	Family   string `json:"family"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	ISA      string `json:"isa"`
	Requires string `json:"requires"`
	Runs     bool   `json:"runs"`   // on this machine
	Picked   bool   `json:"picked"` // on this machine
}

// cpuPicks is what one CPU would run.
type cpuPicks struct {
	CPU      string            `json:"cpu"`
	Features string            `json:"features"`
	Picks    map[string]string `json:"picks"` // by kind
}

// knownCPUs are CPUs that are worth naming, by the architecture of their programs.
var knownCPUs = map[string][]struct{ name, features string }{
	"amd64": {
		{"without AVX2", "none"},
		{"AVX2 (Haswell, Zen 1 to 3)", "avx2+fma"},
		{"AVX-VNNI (Alder Lake)", "avx2+fma+avxvnni"},
		{"AVX-512 (Skylake-X)", "avx2+fma+avx512"},
		{"AVX-512 VNNI (Ice Lake, Zen 4)", "avx2+fma+avx512+avx512vnni"},
	},
	"arm64": {
		{"NEON (Cortex-A72)", "neon"},
		{"dot product (Cortex-A76, Neoverse N1)", "neon+dotprod"},
		{"int8 matrices (Neoverse V1, Apple M2)", "neon+dotprod+i8mm"},
	},
}

func runCPU(c *console.Console, cmd *cobra.Command, f *cpuFlags) error {
	if f.arch == "" {
		f.arch = runtime.GOARCH
	}
	if f.arch != runtime.GOARCH {
		if !slices.Contains(engine.Architectures(), f.arch) {
			return exit.Usagef("--arch: %q has no kernels of its own; give one of %s", f.arch, strings.Join(engine.Architectures(), ", "))
		}
		if f.selftest {
			return exit.Usagef("--selftest runs the kernels of %s, not those of --arch %s: leave one out", runtime.GOARCH, f.arch)
		}
	}
	out := &cpuOutput{Platform: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Features: cpuFeatures(), Arch: f.arch}
	if err := out.listPicks(f.features); err != nil {
		return err
	}
	out.listKernels()
	if f.selftest {
		var err error
		if out.SelfTest, err = runSelfTest(cmd.Context(), c, f.seed); err != nil {
			return err
		}
	}
	if err := c.Result(out, out.print); err != nil {
		return err
	}
	return out.SelfTest.failure()
}

// cpuFeatures lists the features that kernels of this program ask for.
func cpuFeatures() []cpuFeature {
	list := []cpuFeature{} // no null in the document
	known := cpu.Of(runtime.GOARCH)
	for bit := cpu.Features(1); bit <= known; bit <<= 1 {
		if known.Has(bit) {
			list = append(list, cpuFeature{bit.String(), cpu.Host().Has(bit)})
		}
	}
	return list
}

// listPicks starts with this machine, if the kernels are those of this program.
func (o *cpuOutput) listPicks(given string) error {
	if o.here() {
		picks, err := engine.Picks(engine.HostFeatures())
		if err != nil {
			return err
		}
		o.Picks = append(o.Picks, cpuPicks{"this machine", engine.HostFeatures(), picks})
	}
	add := func(name, features string) error {
		picks, err := engine.PicksOf(o.Arch, features)
		o.Picks = append(o.Picks, cpuPicks{name, features, picks})
		return err
	}
	if given != "" {
		if err := add("--for", given); err != nil {
			return exit.Usagef("--for: %w (see --arch)", err)
		}
	}
	for _, known := range knownCPUs[o.Arch] {
		if err := add(known.name, known.features); err != nil {
			return err
		}
	}
	return nil
}

// here reports whether the kernels are those of this program.
func (o *cpuOutput) here() bool { return o.Arch == runtime.GOARCH }

func (o *cpuOutput) listKernels() {
	for _, r := range engine.KernelsOf(o.Arch) {
		o.Kernels = append(o.Kernels, cpuKernel{
			Family: r.Family, Kind: r.Kind(), Name: r.Name, ISA: r.ISA, Requires: r.Requires,
			Runs: o.here() && r.Runs(), Picked: o.here() && o.Picks[0].Picks[r.Kind()] == r.Name,
		})
	}
}

func (o *cpuOutput) print(w io.Writer) {
	var have, lack []string
	for _, f := range o.Features {
		if f.Present {
			have = append(have, f.Name)
		} else {
			lack = append(lack, f.Name)
		}
	}
	fmt.Fprintf(w, "%s, %d cores\nfeatures  %s\nabsent    %s\n\n", o.Platform, o.Cores, orNone(have), orNone(lack))
	if len(o.Features) == 0 {
		fmt.Fprintf(w, "Programs for %s have portable kernels alone; %s have others too.\n\n", runtime.GOARCH,
			strings.Join(engine.Architectures(), " and "))
	}
	columns := []any{"family", "kernel", "needs"}
	if o.here() {
		columns = append(columns, "here")
	} else {
		fmt.Fprintf(w, "kernels of programs for %s:\n", o.Arch)
	}
	t := console.NewTable(w, columns...)
	for _, k := range o.Kernels {
		if !o.here() {
			t.AppendRow([]any{k.Family, k.Name, k.Requires})
			continue
		}
		here := "does not run"
		if k.Picked {
			here = "picked"
		} else if k.Runs {
			here = "runs"
		}
		t.AppendRow([]any{k.Family, k.Name, k.Requires, here})
	}
	t.Render()
	o.printPicks(w)
	if o.SelfTest != nil {
		o.SelfTest.print(w)
	}
}

// printPicks shows, by CPU, the kernels that are not portable.
func (o *cpuOutput) printPicks(w io.Writer) {
	fmt.Fprintln(w, "\npicked, where it is not portable code:")
	for _, p := range o.Picks {
		var names []string
		for _, k := range o.Kernels {
			if k.ISA != "go" && p.Picks[k.Kind] == k.Name {
				names = append(names, k.Name)
			}
		}
		fmt.Fprintf(w, "  %s, %s: %s\n", p.CPU, p.Features, orNone(names))
	}
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
