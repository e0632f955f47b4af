package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/zoo"
)

const savedFolder = "../../testdata/wrapped"

// lastLine is what an error ends with.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// Several networks in one file: the error names them and ends with a command that
// works, and each opens by its key, also into a flat state dict.
func TestKeys(t *testing.T) {
	slow(t, "compares keys with those of every architecture")
	_, model, _, _ := demoFolder(t)
	flat := func(prefixes ...string) string {
		return changed(t, model, func(sd *torch.StateDict) {
			for _, k := range append([]string{}, sd.Keys()...) {
				v, _ := sd.Entry(k)
				sd.Delete(k)
				for _, p := range prefixes {
					sd.Set(p+k, v)
				}
			}
		})
	}
	for path, keys := range map[string][]string{
		flat("student.", "teacher."):                   {"student", "teacher", "student."},
		flat("module.net_a.", "module.net_b."):         {"module.net_a", "module.net_b"},
		flat("", "ema."):                               {".", "ema"},
		filepath.Join(savedFolder, "two_known.pth"):    {"model", "ema"},
		filepath.Join(savedFolder, "list_in_dict.pth"): {"nets.0", "nets.1"},
		filepath.Join(savedFolder, "pair.pth"):         {"0"},
		filepath.Join(savedFolder, "list.pth"):         {"1"},
	} {
		r := octetCommand(t, "run", path, "x.npy")
		r.fails(t, exit.Model, "several state dicts", "--key "+keys[0])
		if n := strings.Count(r.errOut, "\n"); n > 20 {
			t.Errorf("%d lines", n)
		}
		octetCommand(t, strings.Fields(strings.TrimPrefix(lastLine(r.errOut), "octet "))...).must(t)
		octetCommand(t, "inspect", path).fails(t, exit.Model, "--key "+keys[0])
		for _, key := range keys {
			out := octetCommand(t, "inspect", path, "--key", key).must(t).out
			if !strings.Contains(out, "fashion_resnet8") {
				t.Errorf("%s: --key %s:\n%s", path, key, out)
			}
		}
		octetCommand(t, "inspect", path, "--key", "nowhere").fails(t, exit.Model, "nowhere")
	}
}

// What was left out of a file is said where it is used.
func TestLeftOutIsSaid(t *testing.T) {
	_, _, _, test := demoFolder(t)
	for name, says := range map[string]string{
		"lightning": "criterion.weight", "averaged": "n_averaged", "pruned_all": "pruned", "pruned_wrapped": "module.net.",
		"compiled": "_orig_mod.", "one_known": "student was taken",
	} {
		r := octetCommand(t, "eval", filepath.Join(savedFolder, name+".pth"), test, "--limit", "2").must(t)
		if !strings.Contains(r.errOut, "assumed: ") || !strings.Contains(r.errOut, says) {
			t.Errorf("%s: %q is not said:\n%s", name, says, r.errOut)
		}
	}
}

// Whatever is wrong with the keys of a file, the error has at most 20 lines, the
// first says what it is about, and the last what to do.
func TestErrorsAreShort(t *testing.T) {
	slow(t, "compares keys with those of every architecture many times")
	_, model, _, _ := demoFolder(t)
	file := func(arch string, name func(string) string, more ...string) string {
		sd := &torch.StateDict{}
		g, err := zoo.Build(arch, nil, zoo.Plain)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range g.Params {
			shape := p.Type.Shape
			if k := name(p.Name); k != "" { // half precision of zeros: the file stays small
				sd.SetTensor(k, tensor.New(tensor.Float16, shape...))
			}
		}
		for _, k := range more {
			sd.SetTensor(k, tensor.New(tensor.Float16, 2, 2))
		}
		path := filepath.Join(t.TempDir(), "bad.pth")
		if err := torch.Save(path, sd); err != nil {
			t.Fatal(err)
		}
		return path
	}
	without := func(part string) func(string) string {
		return func(k string) string {
			if strings.Contains(k, part) {
				return ""
			}
			return "model." + k
		}
	}
	many := func(format string, n int) (keys []string) {
		for i := range n {
			keys = append(keys, fmt.Sprintf(format, i))
		}
		return keys
	}
	same := func(k string) string { return k }
	for _, c := range []struct {
		name, path string
		args       []string
		says       []string
	}{
		{"a stage is missing", file("shufflenet_v2_x0_5", without("stage3.")), nil, []string{"nearest is shufflenet_v2_x0_5", "under the prefix model."}},
		{"a block is missing", file("mobilenet_v3_small", without("features.4.")), nil, []string{"nearest is mobilenet_v3_small"}},
		{"conv1 is missing", file("fashion_resnet8", without("conv1.weight")), nil, []string{"nearest is fashion_resnet8"}},
		{"many extra layers", file("fashion_resnet8", same, many("layer1.0.x%d.weight", 400)...), nil, []string{"400 extra", "and 39"}},
		{"many extra layers, named", file("fashion_resnet8", same, many("layer1.0.x%d.weight", 400)...), []string{"--arch", "fashion_resnet8"}, []string{"does not fit fashion_resnet8", "400 extra"}},
		{"two layers behind", file("mobilenet_v3_small", without("classifier."), "model.classifier.0.weight", "model.classifier.2.weight"), nil, []string{"nearest is mobilenet_v3_small"}},
		{"another architecture", model, []string{"--arch", "resnet152"}, []string{"does not fit resnet152", "looks like fashion_resnet8"}},
		{"another architecture, wide", model, []string{"--arch", "inception_v3"}, []string{"does not fit inception_v3", "looks like fashion_resnet8"}},
		{"timm's names", file("fashion_resnet8", func(string) string { return "" }, append(many("blocks.%d.0.conv_dw.weight", 300), "conv_stem.weight")...), nil, []string{"not those of a known one", "timm's MobileNet"}},
		{"a transformer", file("fashion_resnet8", func(string) string { return "" }, append(many("blocks.%d.attn.qkv.weight", 300), "patch_embed.proj.weight")...), nil, []string{"vision transformer"}},
		{"nothing known", file("fashion_resnet8", func(string) string { return "" }, many("w%d.weight", 900)...), nil, []string{"not those of a known one"}},
		{"nothing known, named", file("fashion_resnet8", func(string) string { return "" }, many("w%d.weight", 900)...), []string{"--arch", "resnet18"}, []string{"does not fit resnet18", "900 extra"}},
		{"twenty networks", file("fashion_resnet8", func(string) string { return "" }, "a.weight"), []string{"--key", "nets"}, []string{"nets"}},
	} {
		for _, command := range [][]string{{"run", c.path, "x.npy"}, {"quantize", c.path, "--calibration", "x.npy", "--output", filepath.Join(t.TempDir(), "o.pth")}} {
			r := octetCommand(t, append(command, c.args...)...)
			r.fails(t, exit.Model, c.says...)
			if lines := strings.Count(strings.TrimSpace(r.errOut), "\n") + 1; lines > 20 {
				t.Errorf("%s: %d lines:\n%s", c.name, lines, r.errOut)
			}
			if last := lastLine(r.errOut); c.args == nil || c.args[0] != "--key" {
				if !strings.HasPrefix(last, "octet inspect ") && !strings.Contains(last, "name the one it was made for") {
					t.Errorf("%s: the last line is %q", c.name, last)
				} else if strings.HasPrefix(last, "octet inspect ") {
					words := strings.Fields(strings.TrimPrefix(last, "octet "))
					octetCommand(t, words...).must(t)
				}
			}
		}
	}
}
