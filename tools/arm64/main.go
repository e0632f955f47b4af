// Command arm64 prices the inner loops of the committed kernels for arm64, without a board:
// it assembles them, and asks llvm-mca of LLVM 19 how many cycles one turn takes on a core.
//
//	go run ./tools/arm64
//	go run ./tools/arm64 -cpus neoverse-n1,cortex-a72 -mca llvm-mca-19 -mc llvm-mc-19
//	go run ./tools/arm64 -markdown bench/arm64/loops.md
//
// A figure is the model's of a core that finds everything in its first-level cache: an upper
// bound of a speed, with which loops are compared, and no measurement. LLVM has models of
// their own of neoverse-n1, -n2, -v1 and -v2 and of cortex-a72; others are guesses.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	log.SetFlags(0)
	mc := flag.String("mc", "llvm-mc-19", "LLVM's assembler")
	mca := flag.String("mca", "llvm-mca-19", "LLVM's machine code analyzer")
	cpus := flag.String("cpus", "cortex-a72,neoverse-n1,neoverse-n2,neoverse-v1,neoverse-v2", "cores, separated by commas")
	markdown := flag.String("markdown", "", "write the table to `FILE`, too")
	flag.Parse()
	cores := strings.Split(*cpus, ",")
	table := [][]string{append([]string{"loop", "of"}, cores...)}
	for _, l := range loops {
		row, err := l.row(cores, *mc, *mca)
		if err != nil {
			log.Fatal(err)
		}
		table = append(table, row)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range table {
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	err := w.Flush()
	if err == nil && *markdown != "" {
		err = os.WriteFile(*markdown, []byte(page(table)), 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// page is a table in Markdown, below what it says.
func page(table [][]string) string {
	var b strings.Builder
	b.WriteString("What one turn of a committed loop costs on cores that find everything in their first-level cache, by llvm-mca of\n" +
		"LLVM 19: `go run ./tools/arm64 -markdown bench/arm64/loops.md`. A model's figures, not measured on a board; `-` where\n" +
		"a core lacks the instruction.\n\n")
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(table[0])
	line(slices.Repeat([]string{"---"}, len(table[0])))
	for _, row := range table[1:] {
		line(row)
	}
	return b.String()
}

// row is l's line of the table.
func (l loop) row(cores []string, mc, mca string) ([]string, error) {
	words, err := l.assemble()
	if err != nil {
		return nil, err
	}
	text, err := disassemble(mc, words)
	if err != nil {
		return nil, err
	}
	row := []string{l.name, l.unit()}
	for _, core := range cores {
		cycles, err := price(mca, core, text)
		if err != nil {
			return nil, err
		}
		row = append(row, l.figure(core, text, cycles))
	}
	return row, nil
}

// figure is what one turn of a loop in so many cycles is worth.
func (l loop) figure(core, text string, cycles float64) string {
	for instruction, without := range lacking {
		if strings.Contains(text, "\t"+instruction+"\t") && strings.Contains(without, core+" ") {
			return "-"
		}
	}
	if l.outputs > 0 {
		return fmt.Sprintf("%.2f", cycles/float64(l.outputs))
	}
	return fmt.Sprintf("%.1f", float64(products(text))/cycles)
}

func (l loop) unit() string {
	if l.outputs > 0 {
		return "cycles per result"
	}
	return "products per cycle"
}

// lacking are cores that do not have an instruction, which LLVM prices nevertheless.
var lacking = map[string]string{
	"sdot":   "cortex-a53 cortex-a72 ",
	"usdot":  "cortex-a53 cortex-a55 cortex-a72 neoverse-n1 ",
	"usmmla": "cortex-a53 cortex-a55 cortex-a72 neoverse-n1 ",
}

// products counts the multiplications of a loop.
func products(text string) int {
	count := 0
	for line := range strings.Lines(text) {
		op, operands, _ := strings.Cut(strings.TrimSpace(line), "\t")
		switch op {
		case "usmmla":
			count += 32
		case "sdot", "usdot":
			count += 16
		case "smull", "smull2", "smlal", "smlal2":
			count += 8
			if strings.Contains(operands, ".4s") {
				count -= 4
			}
		case "fmla":
			count += 4
		}
	}
	return count
}
