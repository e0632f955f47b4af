package inputs

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/vision"
)

// presetFlags say how an image becomes the model's input.
type presetFlags struct {
	name          string
	resize, crop  []int
	mean, std     []float64
	interpolation string
}

func (f *presetFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.name, "preset", "", "preprocessing of images: "+strings.Join(octet.PresetNames(), ", ")+"; the flags below replace parts of it, one by one")
	fl.IntSliceVar(&f.resize, "resize", nil, "resize images: shorter `EDGE`, or height,width; 0 does not")
	fl.IntSliceVar(&f.crop, "crop", nil, "crop the middle of images: `EDGE`, or height,width; 0 does not")
	fl.Float64SliceVar(&f.mean, "mean", nil, "mean to subtract, of values in 0..1, as `R,G,B`, or one for all channels")
	fl.Float64SliceVar(&f.std, "std", nil, "standard deviation to divide by, as `R,G,B`, or one for all channels")
	fl.Lookup("mean").DefValue, fl.Lookup("std").DefValue = "", ""
	fl.StringVar(&f.interpolation, "interpolation", "", "of --resize: bilinear, bicubic or nearest")
	console.Complete(cmd, "preset", octet.PresetNames()...)
	console.Complete(cmd, "interpolation", "bilinear", "bicubic", "nearest")
}

// Given is the named preset, nil where none is named, and the parts that the other
// flags replace in it, or in what the model has without it.
func (f *presetFlags) Given(cmd *cobra.Command) (named *vision.Preset, change octet.PresetChange, err error) {
	if f.name != "" {
		p, err := octet.Preset(f.name)
		if err != nil {
			return nil, change, exit.Usagef("--preset: %w", err)
		}
		named = &p
	}
	if f.interpolation != "" && !vision.Interpolation(f.interpolation).Valid() {
		return nil, change, exit.Usagef("--interpolation %q: use bilinear, bicubic or nearest", f.interpolation)
	}
	change.Interpolation = vision.Interpolation(f.interpolation)
	for _, flag := range []struct {
		name  string
		value []int
		part  *[]int
	}{{"resize", f.resize, &change.Resize}, {"crop", f.crop, &change.Crop}} {
		switch {
		case !cmd.Flags().Changed(flag.name):
		case len(flag.value) == 1 && flag.value[0] == 0:
			*flag.part = []int{}
		case len(flag.value) == 0 || len(flag.value) > 2 || flag.value[0] < 1 || flag.value[len(flag.value)-1] < 1:
			return nil, change, exit.Usagef("--%s %v: give an edge in pixels, or height,width, or 0 for none", flag.name, flag.value)
		default:
			*flag.part = flag.value
		}
	}
	if cmd.Flags().Changed("mean") {
		change.Mean = append([]float64{}, f.mean...)
	}
	if cmd.Flags().Changed("std") {
		change.Std = append([]float64{}, f.std...)
	}
	return named, change, nil
}

// options turns the flags into options of octet.Open.
func (f *presetFlags) options(cmd *cobra.Command) ([]octet.OpenOption, error) {
	named, change, err := f.Given(cmd)
	if err != nil {
		return nil, err
	}
	opts := []octet.OpenOption{octet.WithPresetChange(change)}
	if named != nil {
		opts = append(opts, octet.WithPreset(*named))
	}
	return opts, nil
}
