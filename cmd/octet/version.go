package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
)

// release is the version of a packaged build, set by its builder with
// -ldflags "-X main.release=v1.2.3".
var release string

// version is the release, the module's version, or the commit of a build from a
// checkout.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return built(info)
}

// built is the version of a build without flags: that of the module where Go knows
// it (go install …@v0.1.0, or a tagged checkout), otherwise the commit.
func built(info *debug.BuildInfo) string {
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && v == "devel" {
			v += "-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return v
}

func newVersionCommand(c *console.Console) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, the Go release and the platform",
		Example: "  octet version --json",
		Args:    cobra.NoArgs,
		RunE: c.Command(func(*cobra.Command, []string) error {
			doc := struct {
				Version  string `json:"version"`
				Go       string `json:"go"`
				Platform string `json:"platform"`
			}{version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			return c.Result(doc, func(w io.Writer) {
				fmt.Fprintf(w, "octet %s (%s, %s)\n", doc.Version, doc.Go, doc.Platform)
			})
		}),
	}
}
