package main

import "github.com/spf13/cobra"

func stub(name string) *cobra.Command { return &cobra.Command{Use: name, RunE: func(*cobra.Command, []string) error { return nil }} }
func newDemoCommand(c *console) *cobra.Command { return stub("demo") }
func newAdviseCommand(c *console) *cobra.Command { return stub("advise") }
