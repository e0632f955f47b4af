package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// newRoot assembles the command tree.
func newRoot(c *console.Console) *cobra.Command {
	root := &cobra.Command{
		Use:   "octet",
		Short: "INT8 quantization and inference for PyTorch vision models, in pure Go",
		Long: `octet turns a trained PyTorch vision model into an INT8 model and runs it:
load, fuse, prepare, calibrate, convert, compile, run. It gives PyTorch's numbers
and needs no Python.`,
		Example: `  octet demo
  octet quantize resnet18.pth --arch resnet18 --backend fbgemm --calibration photos/ --output int8.pth
  octet run int8.pth cat.jpg`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Version:           version(),
		PersistentPreRunE: console.CheckFlags,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprint(cmd.OutOrStdout(), newcomer)
			return nil
		},
	}
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help(cmd.OutOrStdout(), cmd) })
	root.SetIn(c.In)
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	root.PersistentFlags().BoolVar(&c.JSON, "json", false, "print the result as one JSON document on standard output")
	root.PersistentFlags().BoolVarP(&c.Quiet, "quiet", "q", false, "print no progress, assumptions or hints")
	root.AddCommand(
		newQuantizeCommand(c), newRunCommand(c), newEvalCommand(c), newMergeCommand(c), newCompareCommand(c), newInspectCommand(c), newExportCommand(c), newCheckSaturationCommand(c),
		newTrainCommand(c), newQATCommand(c), newTensorCommand(c), newAdviseCommand(c), newDemoCommand(c), newVersionCommand(c),
		newZooCommand(c), newServeCommand(c), newBenchCommand(c), newBenchWorkerCommand(c), newCPUCommand(c),
		newParityLayersCommand(c), newStdioCommand(c), newManCommand(c), newExitCodesTopic(),
	)
	for _, cmd := range root.Commands() {
		shortGraph(cmd)
	}
	root.SetHelpCommand(newHelpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	checkNames(root)
	console.SetUsageArgs(root)
	root.SetFlagErrorFunc(console.SuggestFlag)
	return root
}

// shortGraph lets --graph stand for --graph-of, save in inspect, where it prints the graph.
func shortGraph(cmd *cobra.Command) {
	of := cmd.Flags().Lookup("graph-of")
	if of == nil || cmd.Flags().Lookup("graph") != nil {
		return
	}
	of.Usage += "; --graph for short"
	cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "graph" {
			name = "graph-of"
		}
		return pflag.NormalizedName(name)
	})
}

// newExitCodesTopic is the help topic `octet help exit-codes`.
func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: strings.TrimRight(exit.Help, "\n")}
}
