package main

import "github.com/spf13/cobra"

func stub(name string) *cobra.Command { return &cobra.Command{Use: name, RunE: func(*cobra.Command, []string) error { return nil }} }
func newQuantizeCommand(c *console) *cobra.Command { return stub("quantize") }
func newRunCommand(c *console) *cobra.Command { return stub("run") }
func newEvalCommand(c *console) *cobra.Command { return stub("eval") }
func newAdviseCommand(c *console) *cobra.Command { return stub("advise") }
func newDemoCommand(c *console) *cobra.Command { return stub("demo") }
func newParityLayersCommand(c *console) *cobra.Command { return stub("parity-layers") }
