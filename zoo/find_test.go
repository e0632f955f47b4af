package zoo

import (
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

// fileOf are the keys and shapes of an architecture's file, changed.
type fileOf map[string]tensor.Shape

func keysOf(t *testing.T, arch string, change func(key string) string) fileOf {
	t.Helper()
	g, err := Build(arch, nil, Plain)
	if err != nil {
		t.Fatal(err)
	}
	f := fileOf{}
	for _, p := range g.Params {
		if k := change(p.Name); k != "" {
			f[k] = p.Type.Shape
		}
	}
	return f
}

func (f fileOf) find(arch string) ([]Place, Place) {
	var keys []string
	for k := range f {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return Find(keys, func(k string) (tensor.Shape, bool) { s, ok := f[k]; return s, ok }, arch)
}

func same(k string) string { return k }

// Every row of the table builds, variants too, and is found in its own file under
// a prefix.
func TestFindEach(t *testing.T) {
	for _, a := range architectures {
		fits, _ := keysOf(t, a.Name, func(k string) string { return "some.wrapper." + k }).find("")
		name := strings.TrimSuffix(strings.TrimSuffix(a.Name, transformSuffix), "_maxpool")
		if len(fits) != 1 || fits[0].Prefix != "some.wrapper." || fits[0].Archs[0] != name {
			t.Errorf("%s is found as %+v", a.Name, fits)
		}
		named, _ := keysOf(t, a.Name, same).find(a.Name)
		if len(named) != 1 || named[0].Archs[0] != a.Name || named[0].Prefix != "" || len(named[0].Outside) > 0 {
			t.Errorf("%s, named, is found as %+v", a.Name, named)
		}
	}
}

// What the keys leave open does not fit, and why is said.
func TestFindWhy(t *testing.T) {
	conv, linear := tensor.Shape{8, 512, 1, 1}, tensor.Shape{512, 512}
	noFC := func(k string) string {
		if strings.HasPrefix(k, "fc.") {
			return ""
		}
		return k
	}
	for name, c := range map[string]struct {
		file fileOf
		add  fileOf
		says string
	}{
		"two layers behind the features":  {keysOf(t, "resnet18", noFC), fileOf{"fc.0.weight": linear, "fc.0.bias": {512}, "fc.3.weight": {10, 512}}, "fc.0.weight, fc.3.weight"},
		"a batch norm in the classifier":  {keysOf(t, "resnet18", noFC), fileOf{"fc.0.running_mean": {512}, "fc.1.weight": {10, 512}}, "fc.0.running_mean"},
		"a decoder behind the features":   {keysOf(t, "resnet18", func(k string) string { return "encoder." + noFC(k) }), fileOf{"decoder.weight": conv}, "decoder.weight"},
		"a further layer":                 {keysOf(t, "resnet34", same), fileOf{"attention.weight": linear}, "attention.weight"},
		"a projection behind the network": {keysOf(t, "mobilenet_v2", same), fileOf{"projector.weight": {64, 1000}}, "projector.weight"},
	} {
		delete(c.file, "encoder.")
		for k, s := range c.add {
			c.file[k] = s
		}
		fits, nearest := c.file.find("")
		if len(fits) > 0 || !strings.Contains(nearest.Why, c.says) || nearest.Share < 0.8 {
			t.Errorf("%s: %d fit, %.2f in common, why %q", name, len(fits), nearest.Share, nearest.Why)
		}
	}
}

// A block too many or too few, and layers inside a block, are another network.
func TestFindNearest(t *testing.T) {
	for name, c := range map[string]struct {
		file fileOf
		want string
	}{
		"a block too few":    {keysOf(t, "resnet34", func(k string) string { return strings.Replace(k, "layer3.5.", "", 1) }), "resnet34"},
		"without conv1":      {keysOf(t, "resnet18", func(k string) string { return strings.TrimPrefix("net."+k, "net.conv1.weight") }), "resnet18"},
		"attention in block": {keysOf(t, "resnet50", func(k string) string { return strings.Replace(k, "layer1.0.conv3", "layer1.0.se", 1) }), "resnet50"},
		"without features.5": {keysOf(t, "mobilenet_v2", func(k string) string { return strings.Replace(k, "features.5.", "f5.", 1) }), "mobilenet_v2"},
		"wide":               {keysOf(t, "wide_resnet50_2", func(k string) string { return strings.Replace(k, "layer4.2.conv1", "layer4.2.x", 1) }), "wide_resnet50_2"},
	} {
		fits, nearest := c.file.find("")
		if len(fits) > 0 || nearest.Nearest != c.want || nearest.Share < 0.8 || nearest.Share > 1.001 {
			t.Errorf("%s: %d fit, nearest %s with %.3f", name, len(fits), nearest.Nearest, nearest.Share)
		}
	}
}

func TestForeign(t *testing.T) {
	for want, keys := range map[string][]string{
		"timm's MobileNet":   {"conv_stem.weight", "blocks.0.0.conv_dw.weight", "classifier.weight"},
		"vision transformer": {"model.patch_embed.proj.weight", "blocks.0.attn.qkv.weight"},
		"VGG":                {"features.0.weight", "features.3.weight", "classifier.0.weight"},
		"DenseNet":           {"module.features.denseblock1.denselayer1.conv1.weight"},
		"ConvNeXt":           {"stem.0.weight", "stages.0.blocks.0.conv_dw.weight"},
		"YOLO":               {"model.0.conv.weight", "model.1.conv.weight"},
	} {
		if got := Foreign(keys); !strings.Contains(got, want) {
			t.Errorf("%q: %q", keys, got)
		}
	}
	if got := Foreign([]string{"a.weight"}); got != "" {
		t.Errorf("%q", got)
	}
}
